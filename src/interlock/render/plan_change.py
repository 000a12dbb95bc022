"""One change of a plan as lines: its headline, then its differences. Shared by plan, drift and what was found outside."""

from collections.abc import Iterator

from interlock.model.change import Action, Change, OutputChange, Undo, is_masked, is_unknown
from interlock.render.diff import Difference, How
from interlock.render.line import Line, Look, Span, cells, clip, escaped, line, prose
from interlock.render.value import SENSITIVE, SENSITIVE_CHANGED, path_text, shorten, shorten_pair, value_text
from interlock.render.view import SIGNS, ChangeView, plural

STYLES = {
    Action.CREATE: "add",
    Action.UPDATE: "change",
    Action.REPLACE: "replace",
    Action.DELETE: "remove",
    Action.MOVE: "info",
    Action.IMPORT: "info",
    Action.FORGET: "remove",
}
_HOW = {
    How.ADDED: ("+", "add"),
    How.REMOVED: ("-", "remove"),
    How.CHANGED: ("~", "change"),
    How.REORDERED: ("~", "change"),
}
_TEXT_LINES = 40  # lines of a text's diff before it is folded
_ATTRIBUTES = 60  # differences of one change before they are folded


def headline(change: Change) -> str:
    """The rest of a change's first line, after its address: what happens to it, in words."""
    parts = {
        Action.CREATE: ["create"],
        Action.UPDATE: ["update"],
        Action.REPLACE: ["replace, the new one first" if change.create_before_destroy else "replace"],
        Action.DELETE: ["delete"],
        Action.MOVE: [],
        Action.IMPORT: [],
        Action.FORGET: ["forget: let go, not deleted"],
    }.get(change.action, [str(change.action)])
    if change.previous_address is not None:
        parts.append(f"moved from {change.previous_address}")
    if change.importing is not None:
        parts.append(f"import {change.importing}")
    if change.deposed:
        parts.append(f"deposed object {change.deposed}")
    if change.replace_paths:
        parts.append("forces replacement: " + ", ".join(sorted({path_text(path) for path in change.replace_paths})))
    elif change.reason:
        parts.append(change.reason)
    return ", ".join(parts)


def change_lines(view: ChangeView, look: Look, indent: int = 2) -> Iterator[Line]:
    change = view.change
    sign, style = SIGNS.get(change.action, "?"), STYLES.get(change.action, "")
    address = shorten(change.address, max(20, look.width - indent - 2))
    first = line(" " * indent, (look.glyph(sign), style), " ", (address, "strong"), "  ")
    if sum(cells(s.text) for s in first) + cells(headline(change)) > look.width:
        yield first
        yield from prose(headline(change), look, indent=indent + 4, first=line(" " * (indent + 4)), style=style)
    else:
        yield (*first, Span(headline(change), style))
    if change.undo is not Undo.RESTORABLE:
        word = "cannot be undone" if change.undo is Undo.IRREVERSIBLE else "undone with a loss"
        text = f"{word}: {change.undo_reason}" if change.undo_reason else word
        head = line(" " * (indent + 2), (look.glyph("↶ "), "warn"))
        yield from prose(text, look, indent=indent + 4, first=head, style="warn")
    yield from difference_lines(view, look, indent + 4)


def difference_lines(view: ChangeView, look: Look, indent: int) -> Iterator[Line]:
    differences = view.diff.differences
    if view.change.action in (Action.DELETE, Action.FORGET):
        if view.change.before:
            yield line(" " * indent, (f"{plural(len(differences), 'value')}, not shown", "dim"))
        return
    shown = differences if len(differences) <= _ATTRIBUTES + 5 else differences[:_ATTRIBUTES]
    for difference in shown:
        yield from _difference(difference, look, indent, creating=view.change.action is Action.CREATE)
    rest = []
    if folded := len(differences) - len(shown):
        rest.append(f"{folded} more differences")
    if view.diff.unchanged:
        rest.append(f"{view.diff.unchanged} unchanged")
    if rest:
        yield line(" " * indent, (", ".join(rest), "dim"))


def output_line(output: OutputChange, look: Look, indent: int, width: int) -> Line:
    sign, style = SIGNS.get(output.action, "~"), STYLES.get(output.action, "change")
    how = {Action.CREATE: How.ADDED, Action.DELETE: How.REMOVED}.get(output.action, How.CHANGED)
    room = max(16, look.width - indent - width - 4)
    value = _value(Difference((), how, output.before, output.after), look, room, hide=output.sensitive)
    return line(" " * indent, (look.glyph(sign), style), f" {output.name.ljust(width)}  ", (value, ""))


def _difference(difference: Difference, look: Look, indent: int, *, creating: bool) -> Iterator[Line]:
    sign, style = _HOW[difference.how]
    path = shorten(path_text(difference.path), max(20, look.width // 2))
    head = line(" " * indent, (sign, style), f" {path}: ")
    forces = "  forces replacement" if difference.forces and not creating else ""
    if difference.lines:
        yield (*head, Span(_text_summary(difference), "dim"), Span(forces, "replace"))
        yield from _text(difference.lines, look, indent + 4)
        return
    room = max(16, look.width - sum(cells(s.text) for s in head) - len(forces))
    yield (*head, Span(_value(difference, look, room)), Span(forces, "replace"))


def _value(difference: Difference, look: Look, room: int, *, hide: bool = False) -> str:
    before, after = difference.before, difference.after
    if hide or is_masked(before) or is_masked(after):
        before_text, after_text = (SENSITIVE if hide or is_masked(v) else value_text(v) for v in (before, after))
        if before_text == after_text:
            return SENSITIVE_CHANGED if difference.how is How.CHANGED and not is_unknown(after) else SENSITIVE
    else:
        before_text, after_text = value_text(before), value_text(after)
    arrow = look.glyph(" → ")
    match difference.how:
        case How.ADDED:
            return shorten(after_text, room)
        case How.REMOVED:
            return shorten(before_text, room)
        case How.REORDERED:
            return clip("in another order", room)
        case How.CHANGED:
            if cells(before_text) + cells(after_text) + len(arrow) > room:
                before_text, after_text = shorten_pair(before_text, after_text, (room - len(arrow)) // 2)
            return f"{before_text}{arrow}{after_text}"


def _text_summary(difference: Difference) -> str:
    added = sum(text.startswith("+") for text in difference.lines)
    removed = sum(text.startswith("-") for text in difference.lines)
    if difference.how is How.CHANGED:
        return f"text, {plural(added, 'line')} added, {removed} removed"
    return f"text of {plural(added or removed, 'line')}"


def _text(lines: tuple[str, ...], look: Look, indent: int) -> Iterator[Line]:
    bar = look.glyph("│ ")
    shown = lines if len(lines) <= _TEXT_LINES + 3 else lines[:_TEXT_LINES]
    for text in shown:
        if text.startswith("@"):
            yield line(" " * indent, (bar, "dim"), (look.glyph("···"), "dim"))
            continue
        style = {"+": "add", "-": "remove"}.get(text[0], "dim")
        yield line(" " * indent, (bar, "dim"), (clip(f"{text[0]} {visible(text[1:])}", look.width - indent - 2), style))
    if len(shown) < len(lines):
        yield line(" " * indent, (bar, "dim"), (look.glyph(f"… {plural(len(lines) - len(shown), 'more line')}"), "dim"))


def visible(text: str) -> str:
    """A line of a text with what could act on a terminal escaped, and spaces at its end made visible."""
    text = text.expandtabs(4)
    body = text.rstrip(" ")
    return escaped(body) + "·" * (len(text) - len(body))
