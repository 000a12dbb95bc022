"""Which references of a component have no value yet, so that a plan of it would rest on guesses.

An output moves when the dependency that publishes it was never released, or is part of the same change and has no plan, or a plan that alters that output.
An artifact moves with any plan that writes. What does not move can be planned now.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from interlock.model.change import Action
from interlock.model.plan import Plan
from interlock.model.template import references


@dataclass(frozen=True)
class Dependency:
    """`changing`: it is part of the same change; `plan` is its plan there, None when there is none (yet)."""

    released: bool
    changing: bool
    plan: Plan | None = None


def waits_for(variables: Mapping[str, Any], look_up: Callable[[str], Dependency]) -> tuple[str, ...]:
    """The references that must wait, as text, sorted; empty when everything can be resolved."""
    waits = set()
    for reference in references(variables):
        if reference.form in ("component_output", "component_artifact"):
            component, name = reference.arguments
            if _moves(look_up(component), name, artifact=reference.form == "component_artifact"):
                waits.add(str(reference))
    return tuple(sorted(waits))


def _moves(dependency: Dependency, name: str, *, artifact: bool) -> bool:
    if not dependency.released:
        return True
    if not dependency.changing:
        return False
    if dependency.plan is None:
        return True
    if artifact:
        return not dependency.plan.empty
    return any(output.name == name and output.action is not Action.NONE for output in dependency.plan.planned.outputs)
