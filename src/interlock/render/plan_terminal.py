"""A plan report for people at a terminal: what it is, a line per component, the changes, the way back, totals, what comes next."""

from collections.abc import Iterable, Iterator

from interlock.model.change import Action, Undo
from interlock.model.report import PlanReport
from interlock.model.units import format_duration
from interlock.render.line import Line, Look, Span, cells, clean, clean_lines, clip, line, pad, paint, prose
from interlock.render.plan_change import STYLES, change_lines, output_line
from interlock.render.problems import problem_lines
from interlock.render.view import SIGNS, Counts, Group, PlanView, Row, Status, plan_view, plural, short

_ERROR_LINES = 30
_GLYPHS = {
    Status.CHANGES: ("●", "change"),
    Status.UNCHANGED: ("✓", "good"),
    Status.DEFERRED: ("◌", "info"),
    Status.FAILED: ("✗", "bad"),
}


def plan_terminal(
    report: PlanReport, *, width: int = 80, color: bool = False, unicode: bool = True, next_command: str | None = None
) -> str:
    """Text of lines at most `width` cells long (words and addresses without a break may be longer), with SGR colours if `color`."""
    look = Look(max(width, 40), unicode)
    return paint(plan_lines(plan_view(report, next_command=next_command), look), look, color=color)


def plan_lines(view: PlanView, look: Look) -> Iterator[Line]:
    yield from _head(view, look)
    yield from _rows(view, look)
    for group in view.groups:
        yield ()
        yield from _group(group, look)
    yield from _no_way_back(view, look)
    yield from _left_out(view, look)
    if view.report.warnings:
        yield ()
        for problem in view.report.warnings:
            yield from problem_lines((problem,), look)
    yield ()
    yield from _totals(view, look)
    for number, command in enumerate(view.next):
        yield from prose(command, look, indent=7, first=line(("Next:  " if not number else " " * 7, "strong")))


def _head(view: PlanView, look: Look) -> Iterator[Line]:
    base = f" against {short(view.base)}" if view.base else ""
    yield line(("Plan", "strong"), f" of {short(view.commit)}{base}")
    if view.dirty:
        yield from prose(
            "the working tree has uncommitted changes: this plan only shows, it can never be applied",
            look,
            style="warn",
        )


def _rows(view: PlanView, look: Look) -> Iterator[Line]:
    """Columns as wide as what is in them over all environments, so that the eye can go down."""
    if not view.rows:
        yield ()
        yield line("  Nothing is affected.")
        return
    names = min(max(cells(row.component) for row in view.rows), max(16, look.width // 3))
    what = min(max(sum(cells(s.text) for s in _what(row, look)) for row in view.rows), look.width // 2)
    reasons = max(cells(_reason(row, 1000)) for row in view.rows)
    for environment, rows in view.environments:
        yield ()
        yield line(" ", (environment, "strong"))
        for row in rows:
            yield from _row(row, look, names, what, reasons)


def _row(row: Row, look: Look, names: int, what: int, reasons: int) -> Iterator[Line]:
    glyph, style = _GLYPHS[row.status]
    if row.status is Status.CHANGES:
        style = "remove" if row.counts[Action.DELETE] or row.counts[Action.REPLACE] else "change"
    time = pad(format_duration(row.seconds), 6, right=True) if row.seconds else " " * 6
    told = _what(row, look)
    mark = 2 if look.unicode else 3
    room = max(12, min(reasons, look.width - (2 + mark + names + 2 + what + 2 + 8)))
    head = line("  ", (pad(look.glyph(glyph), mark), style), pad(clip(row.component, names), names), "  ")
    space = Span(" " * max(0, what - sum(cells(s.text) for s in told)))
    reason = pad(_reason(row, room), room)
    yield (*head, *told, space, Span("  "), Span(reason, "dim"), Span(f"  {time}", "dim"))
    below = " " * 6
    if row.status is Status.DEFERRED:
        waits = ", ".join(row.waits)
        yield from prose(
            f"planned, and approved, once there is {waits}",
            look,
            indent=8,
            first=line(below, (look.glyph("◌ "), "info")),
            style="info",
        )
    if row.gates:
        gates = "; ".join(clean(gate) for gate in row.gates)
        yield from prose(
            f"before it is applied: {gates}", look, indent=8, first=line(below, (look.glyph("◆ "), "warn"))
        )


def _what(row: Row, look: Look) -> Line:
    match row.status:
        case Status.DEFERRED:
            return line(("deferred", "info"))
        case Status.FAILED:
            return line(("failed", "bad"))
        case Status.UNCHANGED:
            return line(("no changes", "dim"))
        case Status.CHANGES:
            spans = list(signs(row.counts, look))
            return (Span("removal ", "remove"), *spans) if row.removal else tuple(spans)


def signs(counts: Counts, look: Look) -> Iterator[Span]:
    """`+2 ~1 ±1`, each in its colour; outputs alone as words."""
    for number, (action, count) in enumerate(counts.actions):
        yield Span(f"{' ' if number else ''}{look.glyph(SIGNS[action])}{count}", STYLES[action])
    if counts.outputs and not counts.actions:
        yield Span(plural(counts.outputs, "output"), "change")


def _reason(row: Row, room: int) -> str:
    if not row.reasons:
        return ""
    more = f" (+{len(row.reasons) - 1})" if len(row.reasons) > 1 else ""
    prefix = "if needed: " if row.conditional else ""
    return clip(prefix + clean(row.reasons[0]), room - len(more)) + more


def _group(group: Group, look: Look) -> Iterator[Line]:
    tool = f"  {group.row.kind}, {group.tool}" if group.tool else f"  {group.row.kind}"
    removal = "  is removed" if group.row.removal else ""
    yield line((group.row.name, "strong"), (removal, "remove"), (tool, "dim"))
    if group.error:
        yield from _error(group, look)
        return
    if group.same_as:
        text = f"the same as {group.same_as}, value by value: {group.row.counts.words()}"
        yield from prose(text, look, indent=2, first=line("  "), style="info")
        return
    for view in group.changes:
        yield ()
        yield from change_lines(view, look)
    if group.outputs:
        yield ()
        yield line("  ", ("outputs", "strong"))
        width = max(len(output.name) for output in group.outputs)
        for output in group.outputs:
            yield output_line(output, look, 4, width)
    if group.found:
        yield ()
        yield from prose(
            "changed outside of Interlock, seen while planning", look, indent=4, first=line("  "), style="warn"
        )
        for view in group.found:
            yield from change_lines(view, look, 4)
    for note in group.notes:
        yield ()
        style = "warn" if note.severity == "warning" else "info"
        head = line("  ", (look.glyph("⚠ ") if style == "warn" else "i ", style))
        where = f"{note.address}: " if note.address else ""
        yield from prose(clean(where + note.message), look, indent=4, first=head)
    if group.reads:
        yield ()
        yield line("  ", (f"{plural(group.reads, 'data source')} read while applying", "dim"))


def _error(group: Group, look: Look) -> Iterator[Line]:
    words = clean_lines(group.error)
    for number, text in enumerate(words[:_ERROR_LINES]):
        head = line("  ", (look.glyph("✗ ") if not number else look.glyph("│ "), "bad"))
        if number:
            yield (*head, Span(clip(text, look.width - 4)))
        else:
            yield from prose(text, look, indent=4, first=head)
    if (more := len(words) - _ERROR_LINES) > 0:
        yield line("  ", (look.glyph("│ "), "bad"), (look.glyph(f"… {plural(more, 'more line')}"), "dim"))
    if group.error_hint:
        yield from prose(clean(group.error_hint), look, indent=4, first=line("    "), style="info")


def _no_way_back(view: PlanView, look: Look) -> Iterator[Line]:
    """In words and before the totals: whoever approves this approves its way back, too."""
    for undo, title in (
        (Undo.IRREVERSIBLE, "Cannot be undone by rollback"),
        (Undo.LOSSY, "Undone by rollback only with a loss"),
    ):
        ways = [way for way in view.no_way_back if way.undo is undo]
        if not ways:
            continue
        yield ()
        yield line((look.glyph("↶ "), "warn"), (title, "warn"))
        for way in ways:
            sign = look.glyph(SIGNS.get(way.action, "?"))
            head = line(
                "    ",
                (sign, STYLES.get(way.action, "")),
                f" {way.environment}/{way.component}  ",
                (way.address, "strong"),
            )
            reason = way.reason or f"{way.action}"
            if sum(cells(s.text) for s in head) + 2 + cells(reason) <= look.width:
                yield (*head, Span(f"  {reason}"))
            else:
                yield head
                yield from prose(reason, look, indent=6, first=line("      "))


def _left_out(view: PlanView, look: Look) -> Iterator[Line]:
    if not view.left_out:
        return
    yield ()
    yield line(("Left out", "strong"))
    for reason, outs in view.left_out:
        names = _by_component(f"{out.environment}/{out.component}" for out in outs)
        yield from prose(f"{clean(reason)}: {names}", look, indent=4, first=line("  "), style="dim")


def _by_component(names: Iterable[str], most: int = 12) -> str:
    listed = list(names)
    more = f" and {len(listed) - most} more" if len(listed) > most else ""
    return ", ".join(listed[:most]) + more


def _totals(view: PlanView, look: Look) -> Iterator[Line]:
    parts = {
        Status.CHANGES: "with changes",
        Status.UNCHANGED: "without",
        Status.DEFERRED: "deferred",
        Status.FAILED: "failed",
    }
    told = [f"{view.of(status)} {words}" for status, words in parts.items() if view.of(status)]
    count = plural(len(view.rows), "step")
    totals = view.totals.words() if view.totals or not view.of(Status.FAILED) else "unknown"
    style = "bad" if view.of(Status.FAILED) else ""
    text = f"{totals}; {count}" + (f", {', '.join(told)}" if told else "")
    yield from prose(text, look, indent=7, first=line(("Total: ", "strong")), style=style)
