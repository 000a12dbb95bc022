"""What `interlock plan` found, as one value: terminal, Markdown and JSON are rendered from it and from nothing else."""

from dataclasses import dataclass

from interlock.model.errors import Problem
from interlock.model.plan import Plan


@dataclass(frozen=True)
class PlanEntry:
    """One (component, environment). Exactly one of `plan`, `deferred` and `error` says how it went.

    `deferred` names the outputs it waits for ("components.network.outputs.id"), or, without references, the components.
    `reasons` say why it is in; `conditional` that it is in only because of a dependency.
    """

    component: str
    environment: str
    kind: str
    reasons: tuple[str, ...]
    plan: Plan | None = None
    deferred: tuple[str, ...] = ()
    error: str = ""
    error_hint: str = ""
    conditional: bool = False
    seconds: float = 0.0
    blocked: tuple[str, ...] = ()  # gates that would have to pass, as sentences ("approval by 1 of team platform")


@dataclass(frozen=True)
class LeftOut:
    component: str
    environment: str
    reason: str


@dataclass(frozen=True)
class PlanReport:
    """`entries` in the order in which they would be deployed."""

    commit: str
    base: str
    dirty: bool
    entries: tuple[PlanEntry, ...]
    left_out: tuple[LeftOut, ...] = ()
    warnings: tuple[Problem, ...] = ()
