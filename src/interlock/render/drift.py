"""What `interlock drift` found: for people, and as one JSON document.

type, version     "drift", 1
at                when it was looked, UTC
exit              0 none, 2 drift, 1 something could not be checked
entries           component, environment, verdict (clean | drifted | unchecked), causes, release, commit, since,
                  changes (as in type "plan": what would bring the world back), outputs, hidden, ignored, error {message, hint} or null, seconds
"""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from interlock.model.change import Action
from interlock.model.codec import encode
from interlock.model.drift import DriftEntry, DriftReport, DriftVerdict
from interlock.render.diff import diff
from interlock.render.line import Line, Look, Span, cells, clean, clean_lines, clip, line, pad, paint, prose
from interlock.render.plan_change import change_lines, output_line
from interlock.render.plan_json import change_json
from interlock.render.tree import moment
from interlock.render.view import ChangeView, plural, short

_MARKS = {
    DriftVerdict.CLEAN: ("✓", "good", "no drift"),
    DriftVerdict.DRIFTED: ("●", "warn", "drifted"),
    DriftVerdict.UNCHECKED: ("✗", "bad", "unchecked"),
}
_ERROR_LINES = 20


def drift_terminal(report: DriftReport, *, width: int = 80, color: bool = False, unicode: bool = True) -> str:
    look = Look(max(width, 40), unicode)
    return paint(drift_lines(report, look), look, color=color)


def drift_lines(report: DriftReport, look: Look) -> Iterator[Line]:
    if not report.entries:
        yield line("Nothing is released, so there is nothing to compare the world with.")
        return
    names = min(max(cells(entry.component) for entry in report.entries), max(16, look.width // 3))
    environment = None
    for entry in report.entries:
        if entry.environment != environment:
            if environment is not None:
                yield ()
            environment = entry.environment
            yield line(" ", (environment, "strong"))
        yield _row(entry, look, names)
    for entry in report.entries:
        if entry.verdict is not DriftVerdict.CLEAN or entry.hidden or entry.ignored:
            yield ()
            yield from _details(entry, look)
    yield ()
    yield from _totals(report, look)


def drift_json(report: DriftReport) -> dict[str, Any]:
    return {
        "type": "drift",
        "version": 1,
        "at": report.at,
        "exit": int(report.exit),
        "entries": [_entry(entry) for entry in report.entries],
    }


def _entry(entry: DriftEntry) -> dict[str, Any]:
    value: dict[str, Any] = encode(entry)
    error = {"message": value.pop("error"), "hint": value.pop("error_hint")}
    hidden = [{"slug": n.slug, "message": n.message, "address": n.address} for n in entry.hidden]
    return {
        **value,
        "changes": [change_json(change) for change in entry.changes],
        "hidden": hidden,
        "error": error if entry.error or entry.verdict is DriftVerdict.UNCHECKED else None,
        "seconds": round(entry.seconds, 3),
    }


def _row(entry: DriftEntry, look: Look, names: int) -> Line:
    glyph, style, verdict = _MARKS[entry.verdict]
    told = [str(cause) for cause in entry.causes]
    if entry.verdict is DriftVerdict.UNCHECKED:
        told = [(clean_lines(entry.error) or ["no reason was given"])[0]]
    if entry.since and entry.verdict is DriftVerdict.DRIFTED:
        told.append(f"since {moment(entry.since)}")
    name = pad(clip(entry.component, names), names)
    head = line("  ", (pad(look.glyph(glyph), 2 if look.unicode else 3), style), name, "  ", (pad(verdict, 11), style))
    room = look.width - sum(cells(span.text) for span in head)
    return (*head, Span(clip(", ".join(told), room), "dim"))


def _details(entry: DriftEntry, look: Look) -> Iterator[Line]:
    commit = f" of {short(entry.commit)}" if entry.commit else ""
    release = f"  compared with release {entry.release}{commit}" if entry.release else ""
    yield line((entry.name, "strong"), (release, "dim"))
    if entry.verdict is DriftVerdict.UNCHECKED:
        words = clean_lines(entry.error) or ["no reason was given"]
        for number, text in enumerate(words[:_ERROR_LINES]):
            yield from prose(text, look, indent=4, first=line("  ", (look.glyph("│ " if number else "✗ "), "bad")))
        if entry.error_hint:
            yield from prose(clean(entry.error_hint), look, indent=4, first=line("    "), style="info")
    if entry.changes:
        yield line("  ", ("what would bring the release back:", "dim"))
    for change in entry.changes:
        if change.writes:
            view = ChangeView(change, diff(change.before, change.after, change.replace_paths))
            yield from change_lines(view, look)
    outputs = [output for output in entry.outputs if output.action is not Action.NONE]
    if outputs:
        yield line("  ", ("outputs", "strong"))
        width = max(len(output.name) for output in outputs)
        for output in outputs:
            yield output_line(output, look, 4, width)
    for note in entry.hidden:
        where = f"{note.address}: " if note.address else ""
        yield from prose(clean(f"{where}{note.message}"), look, indent=4, first=line("  ", ("i ", "info")))
    for ignored in entry.ignored:
        reason = f" ({ignored.reason})" if ignored.reason else ""
        text = f"{ignored.address} {ignored.attribute}: ignored by rule '{ignored.rule}' of {ignored.owner} until {ignored.until}{reason}"
        yield from prose(clean(text), look, indent=4, first=line("  ", (look.glyph("· "), "dim")))


def _totals(report: DriftReport, look: Look) -> Iterator[Line]:
    counts = Counter(entry.verdict for entry in report.entries)
    told = [f"{counts[verdict]} {_MARKS[verdict][2]}" for verdict in DriftVerdict if counts[verdict]]
    style = "bad" if counts[DriftVerdict.UNCHECKED] else "warn" if counts[DriftVerdict.DRIFTED] else "good"
    text = f"{plural(len(report.entries), 'release')}: {', '.join(told)}"
    yield from prose(text, look, indent=7, first=line(("Total: ", "strong")), style=style)
    drifted = [entry for entry in report.entries if entry.verdict is DriftVerdict.DRIFTED]
    if drifted:
        environments = {entry.environment for entry in drifted}
        where = f" --env {drifted[0].environment}" if len(environments) == 1 else ""
        yield line(("Next:  ", "strong"), f"interlock drift --apply{where}")
