"""What a deployment is, frozen when it starts: the engine works from this and never reads the configuration again.

A manifest is stored as one blob of JSON (model.codec); a restart, another process or a later version reads the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from interlock.model.check import Check
from interlock.model.plan import Blob, Direction


@dataclass(frozen=True)
class ApprovalRule:
    """`members` are the resolved people of the named teams, sorted. `count` 0 asks for nobody."""

    teams: tuple[str, ...] = ()
    members: tuple[str, ...] = ()
    count: int = 0
    self_approve: bool = False


@dataclass(frozen=True)
class Credentials:
    """What children get beside the allow-list: `secrets` maps a variable to a secret's name, `inherit` names variables passed through,
    `expect` maps a variable to the value it must have, checked first."""

    secrets: Mapping[str, str] = field(default_factory=dict)
    inherit: tuple[str, ...] = ()
    expect: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class EnvironmentSpec:
    """`approvals` holds the rule before and the rule after the change; each must pass, so the stricter wins. `lowers`: a rule of before is not
    among those of after."""

    name: str
    zone: str = "production"  # development | staging | production
    after: tuple[str, ...] = ()
    approvals: tuple[ApprovalRule, ...] = ()
    on_failure: str = "rollback"  # rollback | stop
    soak: float = 0.0  # seconds of continuous health before the environment counts as verified
    plan_credentials: Credentials = Credentials()
    apply_credentials: Credentials = Credentials()
    lowers: bool = False


@dataclass(frozen=True)
class Pair:
    """One component in one environment, everything resolved but references: what a kind, a gate or a check needs to know of it.

    `settings` is the kind's own spec as JSON; `variables` and `checks` may hold references.
    `place` is where the component stands in the configuration (file:line:column), for messages.
    """

    component: str
    environment: str
    kind: str
    settings: Mapping[str, Any]
    variables: Mapping[str, Any] = field(default_factory=dict)
    depends_on: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    soak: float = 0.0
    ignore: tuple[Mapping[str, Any], ...] = ()  # drift rules: address, attribute, owner, reason, until
    place: str = ""

    @property
    def name(self) -> str:
        return f"{self.environment}/{self.component}"


@dataclass(frozen=True)
class Step:
    """A pair within a deployment: which way it goes and why it is in.

    `closure` are the files its plan is made from. For a removal, a rollback or a correction, `pair` and `closure` come from the release named in
    `release`, whose stored inputs are used again; "" means that the inputs are resolved anew. `commit` and `tree` are those of the closure.
    `undoes` names the release that a Direction.UNDO step goes back from ("" where its apply left none), `undoes_plan` the plan that made it; with
    `to_nothing` there was none before it. `needs` are the names of the steps ("environment/component") that must be done first.
    `ends_holds` are held revisions that this one descends from: verifying it ends their holds. `earlier` says for each earlier environment in
    which this component is not part of the deployment, and not verified, why.
    """

    pair: Pair
    direction: Direction
    reasons: tuple[str, ...]
    closure: Blob
    commit: str
    tree: str
    release: str = ""
    undoes: str = ""
    undoes_plan: str = ""
    to_nothing: bool = False
    needs: tuple[str, ...] = ()
    ends_holds: tuple[str, ...] = ()
    earlier: Mapping[str, str] = field(default_factory=dict)
    conditional: bool = (
        False  # in only because a dependency is; dropped when that dependency's outputs turn out unchanged
    )

    @property
    def name(self) -> str:
        return self.pair.name


@dataclass(frozen=True)
class Manifest:
    """`environments` in the order they are deployed; `steps` sorted by environment order, then by dependencies, ties alphabetical."""

    deployment: str
    type: str  # deploy | rollback | correct
    commit: str
    tree: str
    base: str  # the commit compared with, "" where there was none
    authors: tuple[str, ...]
    actor: str
    environments: tuple[EnvironmentSpec, ...]
    steps: tuple[Step, ...]
    left_out: tuple[tuple[str, str, str], ...] = ()  # component, environment, reason
    secrets: Mapping[str, Any] = field(default_factory=dict)  # name → source (env, file, command), never a value
    notifications: Mapping[str, Any] = field(default_factory=dict)
    runners: Mapping[str, Any] = field(default_factory=dict)
    message: str = ""
