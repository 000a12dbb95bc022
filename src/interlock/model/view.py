"""A running or ended deployment as people look at it: what terminal, plain lines, JSON and a later page are all drawn from.

It is a snapshot: whoever makes it reads the database once, and drawing it reads nothing more. Times are UTC in ISO 8601, or "".
"""

from collections.abc import Iterator
from dataclasses import dataclass

from interlock.model.check import CheckResult
from interlock.model.gate import Gate
from interlock.model.state import DeploymentState, StepState


@dataclass(frozen=True)
class StepView:
    """One step. `since` is when its state was entered; `seconds` how long the whole step took, or has been taking, 0.0 before it started.

    `needs` are the "environment/component" names that it waits for. `deferred` are the outputs it waits for. `changes` sums the plan up
    ("+2 ~1 -0"), empty before there is one. `last_line` is redacted output. `error` is what went wrong, or why it was skipped or dropped.
    `done` and `left` count changes written and not written, where an apply ended half-way. `undo` is the id of the plan that undoes it, or "".
    """

    component: str
    environment: str
    state: StepState
    since: str = ""
    seconds: float = 0.0
    last_line: str = ""
    gates: tuple[Gate, ...] = ()
    checks: tuple[CheckResult, ...] = ()
    needs: tuple[str, ...] = ()
    deferred: tuple[str, ...] = ()
    changes: str = ""
    plan: str = ""
    error: str = ""
    error_hint: str = ""
    done: int = 0
    left: int = 0
    undo: str = ""

    @property
    def name(self) -> str:
        return f"{self.environment}/{self.component}"


@dataclass(frozen=True)
class EnvironmentView:
    """`steps` in the order in which they would run; `gates` are those of the environment as a whole."""

    name: str
    steps: tuple[StepView, ...]
    gates: tuple[Gate, ...] = ()


@dataclass(frozen=True)
class DeploymentView:
    """`environments` in the order in which they are deployed. `failure` and `failure_hint` are set once it ended badly.

    `type` is deploy, rollback or correct. `held` is the revision that is held since it failed, or "". `notices` are things a person should
    see that change nothing: a dead notification channel, a check that is slow.
    """

    id: str
    state: DeploymentState
    commit: str
    environments: tuple[EnvironmentView, ...]
    type: str = "deploy"
    actor: str = ""
    message: str = ""
    created: str = ""
    started: str = ""
    finished: str = ""
    failure: str = ""
    failure_hint: str = ""
    superseded_by: str = ""
    held: str = ""
    notices: tuple[str, ...] = ()

    @property
    def steps(self) -> Iterator[StepView]:
        for environment in self.environments:
            yield from environment.steps
