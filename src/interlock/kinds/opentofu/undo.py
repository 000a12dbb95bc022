"""How each change can be undone, decided from the plan and from what only the source says. Pure.

    create          restorable    undoing deletes what this deployment created
    update, move    restorable    undoing updates, or moves, back
    delete, replace lossy         undoing makes a new, empty one
    import, forget  irreversible  what was not ours is not for automation to delete, what was let go not to take back
    create under prevent_destroy  irreversible: undoing would have to delete what must not be destroyed

Plans do not show `prevent_destroy`: it comes from the source, by the resource's address without instance keys.
"""

from collections.abc import Mapping
from dataclasses import replace

from interlock.model.change import Action, Change, Undo
from interlock.model.errors import Location


def with_undo(changes: tuple[Change, ...], protected: Mapping[str, Location]) -> tuple[Change, ...]:
    """The same changes, each with its class and, unless restorable, the reason. `protected` maps configuration addresses to places."""
    return tuple(_classified(change, protected) for change in changes)


def configuration_address(address: str) -> str:
    """`module.a["x.y"].lab_item.b[0]` → `module.a.lab_item.b`: where in the source an instance comes from."""
    kept: list[str] = []
    depth, quoted, escaped = 0, False, False
    for character in address:
        if depth == 0:
            if character == "[":
                depth = 1
            else:
                kept.append(character)
        elif escaped:
            escaped = False
        elif quoted:
            escaped = character == "\\"
            quoted = character != '"'
        elif character == '"':
            quoted = True
        elif character == "]":
            depth = 0
    return "".join(kept)


def _classified(change: Change, protected: Mapping[str, Location]) -> Change:
    if change.undo is not Undo.RESTORABLE:
        return change  # the plan itself said so
    undo, reason = _undo(change, protected)
    return replace(change, undo=undo, undo_reason=reason)


def _undo(change: Change, protected: Mapping[str, Location]) -> tuple[Undo, str]:
    place = protected.get(configuration_address(change.address))
    if change.importing is not None or change.action is Action.IMPORT:
        return Undo.IRREVERSIBLE, "it is imported: undoing would have to delete, or let go, what was there before us"
    match change.action:
        case Action.CREATE if place:
            return Undo.IRREVERSIBLE, f"prevent_destroy ({place}) forbids deleting it again"
        case Action.FORGET:
            return Undo.IRREVERSIBLE, "it is let go: undoing would have to import it again"
        case Action.REPLACE if place:
            return Undo.IRREVERSIBLE, f"prevent_destroy ({place}) forbids replacing it back"
        case Action.REPLACE:
            return Undo.LOSSY, "undoing replaces it again: what the present one holds is lost"
        case Action.DELETE if change.deposed:
            return Undo.LOSSY, "a leftover of an earlier replacement: it does not come back"
        case Action.DELETE:
            return Undo.LOSSY, "undoing makes a new, empty one"
        case _:
            return Undo.RESTORABLE, ""
