"""A plan report as the comment on a merge request: never longer than its limit, however much changes.

Fixed parts come first: totals, what cannot be undone, the table. Then one folded block per component, each in one of three sizes: all its
differences; its changes, a line each; or nothing beside its line in the table. Every block starts at nothing; in the report's order each
gets its changes as long as there is room, then, in the same order, its differences. What was folded is said. When the fixed parts alone
are too long, their lists are cut, and that is said, too.
"""

from collections.abc import Iterator

from interlock.model.change import Action, Undo
from interlock.model.report import LeftOut, PlanReport
from interlock.model.units import format_duration
from interlock.render.line import Look, clean_lines, plain_text
from interlock.render.markup import code, fenced, prose
from interlock.render.plan_change import change_lines, headline, output_line
from interlock.render.view import SIGNS, Counts, Group, NoWayBack, PlanView, Row, Status, plan_view, plural, short

LIMIT = 60_000
_LOOK = Look(width=110)
_MARKS = {Status.CHANGES: "●", Status.UNCHANGED: "✓", Status.DEFERRED: "◌", Status.FAILED: "✗"}
_ERROR_LINES = 60


def plan_markdown(report: PlanReport, limit: int = LIMIT, *, next_command: str | None = None) -> str:
    """At most `limit` bytes of UTF-8; a limit under 1,000 is taken for 1,000."""
    view = plan_view(report, next_command=next_command)
    limit = max(limit, 1000)
    fixed = _fixed(view, limit * 2 // 3)
    room = limit - _size(fixed) - 400  # for the line that says what was folded
    blocks, folded = _blocks(view.groups, room)
    text = "\n\n".join([fixed, *blocks, *folded, *_next(view)]) + "\n"
    return text if _size(text) <= limit else _cut(fixed, limit)


def _size(text: str) -> int:
    return len(text.encode())


def _cut(text: str, limit: int) -> str:
    """Only what is whole: by lines, so that no construct is left open."""
    end = "\n\nThe rest did not fit here: `interlock plan` shows it.\n"
    kept, room = [], limit - _size(end)
    for part in text.split("\n"):
        room -= _size(part) + 1
        if room < 0:
            break
        kept.append(part)
    return "\n".join(kept) + end


def _fixed(view: PlanView, limit: int) -> str:
    base = f" against {code(_short(short(view.base)))}" if view.base else ""
    parts = [f"### Interlock: plan of {code(_short(short(view.commit)))}{base}"]
    parts.append(f"**{view.totals.words() if view.rows else 'Nothing is affected'}**{_statuses(view)}")
    if view.dirty:
        parts.append("The working tree had uncommitted changes: this plan only shows, it can never be applied.")
    used = sum(_size(part) + 2 for part in parts)
    ways = _listed([_way(way) for way in view.no_way_back], (limit - used) // 3, "change")
    if ways:
        parts.append("**What a rollback cannot undo, or only with a loss**\n\n" + "\n".join(ways))
    used = sum(_size(part) + 2 for part in parts)
    left = _left_out(view, limit // 4)
    used += _size(left)
    if view.rows:
        head = ["| | Component | Environment | Changes | Why | |", "|---|---|---|---|---|---|"]
        rows = [_row(row) for row in view.rows]
        table, more = _fitting(rows, max(0, limit - used - 300))
        parts.append("\n".join([*head, *table]))
        if more:
            parts.append(f"… and {plural(more, 'more component')}: `interlock plan` shows them.")
    if left:
        parts.append(left)
    return "\n\n".join(parts)


def _left_out(view: PlanView, room: int) -> str:
    if not view.left_out:
        return ""
    lines = [f"- {prose(_short(reason))}: {_names(outs)}" for reason, outs in view.left_out]
    count = sum(len(outs) for _, outs in view.left_out)
    body = "\n".join(_listed(lines, min(room, 2000) - 200, "reason"))
    text = f"<details><summary>Left out: {count}</summary>\n\n{body}\n\n</details>"
    return text if _size(text) <= room else f"Left out: {count}"


def _names(outs: tuple[LeftOut, ...]) -> str:
    more = f" and {len(outs) - 8} more" if len(outs) > 8 else ""
    return ", ".join(code(_short(f"{out.environment}/{out.component}")) for out in outs[:8]) + more


def _statuses(view: PlanView) -> str:
    told = {Status.UNCHANGED: "unchanged", Status.DEFERRED: "deferred", Status.FAILED: "failed"}
    parts = [f"{view.of(status)} {words}" for status, words in told.items() if view.of(status)]
    steps = f" in {plural(view.of(Status.CHANGES), 'component')}" if view.of(Status.CHANGES) else ""
    return steps + (f" · {' · '.join(parts)}" if parts else "")


def _fitting(lines: list[str], room: int) -> tuple[list[str], int]:
    """As many whole lines as fit, and how many are left."""
    for number, text in enumerate(lines):
        room -= _size(text) + 1
        if room < 0:
            return lines[:number], len(lines) - number
    return lines, 0


def _listed(lines: list[str], room: int, noun: str) -> list[str]:
    kept, more = _fitting(lines, room)
    return [*kept, f"- … and {plural(more, f'more {noun}')}"] if more else kept


def _way(way: NoWayBack) -> str:
    word = "**cannot be undone**" if way.undo is Undo.IRREVERSIBLE else "undone with a loss"
    place = code(f"{way.environment}/{way.component}")
    return f"- {place} {way.action} {code(_short(way.address))}: {word}: {prose(_short(way.reason))}"


def _short(text: str, most: int = 300) -> str:
    return text if len(text) <= most else text[:most] + "…"


def _row(row: Row) -> str:
    reason = (
        prose(_short(row.reasons[0])) + (f" (+{len(row.reasons) - 1})" if row.reasons[1:] else "")
        if row.reasons
        else ""
    )
    if row.waits:
        reason += "; waits for " + ", ".join(code(_short(name)) for name in row.waits[:4])
    if row.gates:
        reason += "; before it is applied: " + prose(_short("; ".join(row.gates)))
    match row.status:
        case Status.CHANGES:
            what = ("removal " if row.removal else "") + _signs(row.counts)
        case Status.UNCHANGED:
            what = "none"
        case _:
            what = str(row.status)
    cells = [_MARKS[row.status], code(row.component), code(row.environment), what, reason, format_duration(row.seconds)]
    return "| " + " | ".join(cells) + " |"


def _signs(counts: Counts) -> str:
    parts = [f"{SIGNS[action]}{count}" for action, count in counts.actions]
    if counts.outputs and not parts:
        parts.append(plural(counts.outputs, "output"))
    return code(" ".join(parts))


def _blocks(groups: tuple[Group, ...], room: int) -> tuple[list[str], list[str]]:
    chosen, full = [""] * len(groups), 0
    for index, group in enumerate(groups):
        block = _summary(group)
        if _size(block) + 2 <= room:
            chosen[index], room = block, room - _size(block) - 2
    for index, group in enumerate(groups):
        if chosen[index]:
            block = _full(group)
            need = _size(block) - _size(chosen[index])
            if need <= room:
                chosen[index], room, full = block, room - need, full + 1
    absent = chosen.count("")
    summaries = len(groups) - absent - full
    told = []
    if summaries:
        told.append(f"{plural(summaries, 'component')} only by what changes, without the values")
    if absent:
        told.append(f"{plural(absent, 'component')} only in the table")
    folded = [f"Folded to fit here: {'; '.join(told)}. `interlock plan` shows everything."] if told else []
    return [block for block in chosen if block], folded


def _details(group: Group, body: str, *, opened: bool = False) -> str:
    """The summary is HTML: names are validated identifiers, and escaped all the same."""
    name = prose(group.row.name)
    what = " ".join(f"{SIGNS[action]}{count}" for action, count in group.row.counts.actions)
    title = f"{name}: {'failed' if group.error else what or plural(group.row.counts.outputs, 'output')}"
    return f"<details{' open' if opened else ''}><summary>{title}</summary>\n\n{body}\n\n</details>"


def _summary(group: Group) -> str:
    if group.error:
        return _details(group, fenced([(clean_lines(_short(group.error, 2000)) or [""])[0]]))
    lines = [f"{_sign(view.change.action)} {view.change.address}  {headline(view.change)}" for view in group.changes]
    lines += [f"{_sign(output.action)} output {output.name}" for output in group.outputs]
    return _details(group, fenced([_short(text, 400) for text in lines], "diff"))


def _full(group: Group) -> str:
    if group.error:
        lines = clean_lines(group.error)
        shown = lines[:_ERROR_LINES] + (
            [f"… {len(lines) - _ERROR_LINES} more lines"] if len(lines) > _ERROR_LINES else []
        )
        hint = f"\n\n{prose(group.error_hint)}" if group.error_hint else ""
        return _details(group, fenced(shown) + hint, opened=True)
    if group.same_as:
        return _details(group, f"The same as {code(group.same_as)}, value by value.")
    parts = [fenced(list(_diff(group)), "diff")] if group.changes or group.outputs else []
    if group.found:
        found = [plain_text(spans) for view in group.found for spans in change_lines(view, _LOOK, 0)]
        parts.append(
            "Changed outside of Interlock, seen while planning:\n\n" + fenced([_signed(t) for t in found], "diff")
        )
    for note in group.notes:
        where = f"{code(note.address)}: " if note.address else ""
        parts.append(f"- {note.severity}: {where}{prose(note.message)}")
    return _details(group, "\n\n".join(parts) or "No change that writes.")


def _diff(group: Group) -> Iterator[str]:
    for view in group.changes:
        for spans in change_lines(view, _LOOK, 0):
            yield _signed(plain_text(spans))
    width = max((len(output.name) for output in group.outputs), default=0)
    for output in group.outputs:
        yield _signed("output " + plain_text(output_line(output, _LOOK, 0, width))[2:], _sign(output.action))


def _sign(action: Action) -> str:
    """A diff block colours lines by their first character."""
    return {Action.CREATE: "+", Action.DELETE: "-", Action.FORGET: "-"}.get(action, "!")


def _signed(text: str, sign: str = "") -> str:
    """A line's own sign moved to the front, where a diff block looks for it."""
    stripped = text.lstrip()
    found = sign or (stripped[:1] if stripped[:2] in ("+ ", "- ", "~ ", "± ", "→ ", "⇐ ", "✕ ") else "")
    if stripped.startswith("│ ") and stripped[2:3] in ("+", "-"):
        found = stripped[2]
    first = {"+": "+", "-": "-", "✕": "-"}.get(found, "!" if found else " ")
    if stripped.startswith(("+ ", "- ", "~ ")) and not sign:
        text = text.replace(f"{found} ", "", 1)  # the first column says it
    return f"{first} {text}"


def _next(view: PlanView) -> Iterator[str]:
    if view.next:
        yield "Next: " + ", then ".join(code(_short(command)) for command in view.next)
