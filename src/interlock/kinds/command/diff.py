"""What would change, as values. Pure: a program's answer, or a build wanted against a build recorded, in; changes out.

Masking comes before everything else: what a program marks sensitive is masked where it marks it, and then every string that is or holds a registered
secret is masked wherever it stands.
"""

import copy
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from interlock.kinds.command.protocol import PlanResult, ResultChange, ResultOutput, leads
from interlock.model.change import Action, Change, OutputChange, Undo, unknown
from interlock.model.digest import canonical
from interlock.model.plan import sort_changes

Scrub = Callable[[Any], Any]
BUILD = "build"  # the one address of a build


@dataclass(frozen=True)
class Masking:
    """`mask` gives the stand-in of a sensitive value, `scrub` JSON without registered secrets (world.secrets)."""

    mask: Callable[[Any], dict[str, Any]]
    scrub: Scrub

    def at(self, value: Any, paths: Sequence[Sequence[str | int]]) -> Any:
        """A copy of `value`, masked at `paths` and scrubbed. Longer paths first, so that a mask is never masked again inside."""
        held = copy.deepcopy(value)
        for path in sorted(paths, key=len, reverse=True):
            if leads(held, path):
                place = held
                for step in path[:-1]:
                    place = place[step]
                place[path[-1]] = self.mask(place[path[-1]])
        return self.scrub(held)


def changes(result: PlanResult, masking: Masking) -> tuple[Change, ...]:
    return sort_changes([_change(change, masking) for change in result.changes])


def _change(change: ResultChange, masking: Masking) -> Change:
    restorable = change.undo == "restorable" or not change.writes
    return Change(
        address=masking.scrub(change.address) if isinstance(masking.scrub(change.address), str) else "(secret)",
        action=Action(change.action),
        type=change.type,
        before=masking.at(change.before, change.sensitive_paths),
        after=masking.at(change.after, change.sensitive_paths),
        reason=change.reason,
        undo=Undo.RESTORABLE if restorable else Undo(change.undo),
        undo_reason="" if restorable else change.undo_reason,
    )


def outputs(planned: Mapping[str, ResultOutput], masking: Masking) -> tuple[OutputChange, ...]:
    return tuple(output(name, one.before, one.after, one.sensitive, masking) for name, one in sorted(planned.items()))


def output(name: str, before: Any, after: Any, sensitive: bool, masking: Masking) -> OutputChange:
    """The action follows from the two values: null is none."""
    if canonical(before) == canonical(after):
        action = Action.NONE
    elif before is None:
        action = Action.CREATE
    else:
        action = Action.DELETE if after is None else Action.UPDATE

    def shown(value: Any) -> Any:
        hidden = sensitive and value is not None and value != unknown()
        return masking.mask(value) if hidden else masking.scrub(value)

    return OutputChange(name=name, action=action, before=shown(before), after=shown(after), sensitive=sensitive)


def build_changes(
    recorded: Mapping[str, Any] | None,
    wanted: Mapping[str, Any] | None,
    lost: Sequence[str],
) -> tuple[Change, ...]:
    """One change at most. `recorded` and `wanted` are descriptions (source, inputs, program, artifacts; masked already), None for nothing.

    `lost` names artifacts of the recorded build whose stored bytes are gone or altered. Undoing any of it is putting a file back that is kept.
    """
    if wanted is None:
        return () if recorded is None else (Change(BUILD, Action.DELETE, type="build", before=dict(recorded)),)
    if recorded is None:
        return (Change(BUILD, Action.CREATE, type="build", after=dict(wanted)),)
    if lost:
        reason = f"stored bytes absent or altered: {', '.join(lost)}"
        return (Change(BUILD, Action.UPDATE, type="build", before=dict(recorded), after=dict(wanted), reason=reason),)
    differing = [part for part in ("source", "inputs", "program") if recorded.get(part) != wanted.get(part)]
    if not differing:
        return ()
    return (
        Change(
            BUILD,
            Action.UPDATE,
            type="build",
            before=dict(recorded),
            after=dict(wanted),
            reason=f"changed: {', '.join(differing)}",
        ),
    )
