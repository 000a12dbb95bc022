"""What automation may do by itself when it rolls back (DESIGN §7): delete what the deployment created, restore what it updated, move back what
it moved; and what the approver saw: replace and delete leave an empty one behind. Everything else stops and asks a person.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from interlock.model.change import Action, Change, Undo
from interlock.model.plan import Plan, Planned


@dataclass(frozen=True)
class Refusal:
    """Why this undo needs a person; `address` is the change it is about ("" for the whole step)."""

    address: str
    reason: str


#: what the forward change did → what an undo may do to the same address
_ALLOWED: Mapping[Action, frozenset[Action]] = {
    Action.CREATE: frozenset({Action.DELETE}),
    Action.UPDATE: frozenset({Action.UPDATE}),
    Action.REPLACE: frozenset({Action.REPLACE, Action.UPDATE, Action.CREATE}),
    Action.DELETE: frozenset({Action.CREATE}),
    Action.MOVE: frozenset({Action.MOVE}),
}


def before_planning(forward: Plan, done: Iterable[str] | None) -> tuple[Refusal, ...]:
    """What can be told from the forward plan alone. `done` are the addresses that its apply wrote; None when that is not known: then all count."""
    written = None if done is None else set(done)
    return tuple(
        Refusal(change.address, change.undo_reason or f"a {change.action} cannot be undone by automation")
        for change in forward.changes
        if change.writes and change.undo is Undo.IRREVERSIBLE and (written is None or change.address in written)
    )


def to_nothing(base: Mapping[str, Any], *, imported: bool) -> tuple[Refusal, ...]:
    """A first release is removed only if nothing stood there before it and it took nothing into its care."""
    if imported:
        return (Refusal("", "it imported what existed before; removing the release would destroy that"),)
    if base.get("empty") is not True:
        return (
            Refusal("", "something stood there before this first release, and how that was made is not known here"),
        )
    return ()


def allowed(forward: Plan, undo: Planned) -> tuple[Refusal, ...]:
    """Every change of the undo plan must be the way back of a change of the forward plan."""
    did: dict[str, Change] = {}
    leftovers: set[str] = set()  # addresses where the forward plan leaves, or was to delete, an object it had replaced
    for change in forward.changes:
        if change.writes:
            if change.deposed or change.action is Action.REPLACE:
                leftovers |= {change.address, change.previous_address or change.address}
            if not change.deposed:
                did[change.address] = change
                if change.previous_address:
                    did.setdefault(change.previous_address, change)
    refusals = []
    for back in undo.changes:
        if not back.writes:
            continue
        if back.deposed:
            if back.address not in leftovers or back.action is not Action.DELETE:
                refusals.append(
                    Refusal(
                        back.address, f"undoing would {back.action} a leftover of it that this deployment did not make"
                    )
                )
            continue
        forward_change = did.get(back.address) or did.get(back.previous_address or "")
        if forward_change is None:
            refusals.append(
                Refusal(back.address, f"undoing would {back.action} it, and this deployment did not touch it")
            )
        elif back.action not in _permitted(forward_change) or back.importing is not None:
            verb = back.action if back.importing is None else Action.IMPORT
            reason = f"undoing would {verb} it, which is not the way back of a {forward_change.action}"
            refusals.append(Refusal(back.address, reason))
    return tuple(refusals)


def _permitted(change: Change) -> frozenset[Action]:
    if change.importing is not None:  # what else was done to it: it was there before us
        return frozenset()
    permitted = _ALLOWED.get(change.action, frozenset())
    if change.previous_address:  # moved and changed at once: the way back moves, and changes, too
        permitted |= {Action.MOVE}
        if change.action is Action.REPLACE:  # what was replaced by one elsewhere comes back as two changes
            permitted |= {Action.DELETE}
    return permitted
