"""Drafts: the JSON that a stored plan holds, read back and compared.

A draft holds everything that decides what would be done and nothing else: no time, no path of this machine. Apply makes it again, and an equal
draft is an unmoved base.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from interlock.model.change import Action, Change, Note, OutputChange
from interlock.model.digest import canonical, sha256
from interlock.model.errors import ArtifactMismatch, StalePlan
from interlock.model.plan import Plan
from interlock.world import World


@dataclass(frozen=True)
class Observed:
    """`draft` is in clear and goes into an encrypted blob only; the rest is masked and may be shown."""

    draft: Mapping[str, Any]
    changes: tuple[Change, ...]
    outputs: tuple[OutputChange, ...]
    base: Mapping[str, Any]
    notes: tuple[Note, ...] = ()

    @property
    def bytes(self) -> bytes:
        return canonical(self.draft)

    @property
    def changing(self) -> bool:
        return any(change.writes for change in self.changes) or any(o.action is not Action.NONE for o in self.outputs)


def stored_draft(plan: Plan, world: World) -> dict[str, Any]:
    """The draft that `plan` holds. Raises ArtifactMismatch when it is absent, altered or of another plan."""
    if plan.planned.artifact is None:
        raise ArtifactMismatch(f"the plan of {plan.component} in {plan.environment} has no stored content")
    data = world.blobs.get(plan.planned.artifact)
    if sha256(data) != plan.planned.artifact.digest:
        raise ArtifactMismatch(f"the stored plan of {plan.component} in {plan.environment} was altered")
    try:
        draft = json.loads(data)
        owner = (draft["component"], draft["environment"], draft["direction"])
    except (ValueError, KeyError, TypeError):
        raise ArtifactMismatch(
            f"the stored plan of {plan.component} in {plan.environment} is not one of this kind"
        ) from None
    if owner != (plan.component, plan.environment, str(plan.direction)):
        raise ArtifactMismatch(
            f"the stored plan of {plan.component} in {plan.environment} belongs to {owner[0]} in {owner[1]}"
        )
    return dict(draft)


def appliable_draft(plan: Plan, world: World) -> dict[str, Any]:
    """As `stored_draft`. Raises StalePlan for a plan that was never meant to be applied."""
    if plan.speculative:
        raise StalePlan(f"plan {plan.id} is speculative and is never applied", hint="Plan again, for a deployment.")
    return stored_draft(plan, world)


def moved(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """What differs between two drafts, named; "" when nothing does."""
    if {**before, "result": None} == {**now, "result": None}:
        old, new = before.get("result") or {}, now.get("result") or {}
        return ", ".join(f"its {key} changed" for key in sorted({*old, *new}) if old.get(key) != new.get(key))
    if (before.get("lineage"), before.get("serial")) != (now.get("lineage"), now.get("serial")):
        return f"it was made at serial {before.get('serial')} and the record is at serial {now.get('serial')}"
    return ", ".join(
        f"its {key} changed" for key in sorted({*before, *now}) if key != "result" and before.get(key) != now.get(key)
    )


def result_of(draft: Mapping[str, Any] | None) -> Any:
    """What the plan program had answered when `draft` was made; None for a build, or none."""
    return (draft or {}).get("result")
