"""THE contract: what a kind must do, and may rely on.

A kind is four verbs over one sort of deployable thing. Everything else (merge-request plans, exact apply, rollback, drift, removal, recovery,
audit, rendering) is derived from them, once, by the engine. `interlock.testing.conformance` runs these obligations against every kind.

Obligations of all verbs
- Sync. Long work looks at `world.cancel` (world.proc does it for programs) and ends within seconds of a request, truthfully.
- Side effects only through `world`. No global state, no effect on import. The environment of children is exactly `request.environ`.
- No secret in any value returned or raised: mask with `world.secrets.mask`, pass error text through `world.secrets.redact`.
- Order is deterministic: changes sorted by address, problems by place.
- Expected ends are values; surprises raise from `model.errors`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from pydantic import BaseModel

from interlock.model.check import Check
from interlock.model.errors import Problem
from interlock.model.plan import Direction, Plan, Planned
from interlock.model.receipt import Receipt
from interlock.world import World
from interlock.world.tree import Tree


@dataclass(frozen=True, order=True)
class Source:
    """A file (or, ending in `/`, a whole folder; `""` the whole repository) that a component reads, and why: for `affected` and the closure.

    `why` is a clause that follows a path: "own file", "module chain stacks/app → modules/net", "read by templatefile in stacks/app/main.tf:12".
    One that starts with "own file", "var file", "module chain" or "may be" (a read that cannot be resolved) is told as such; others are plain reads.
    """

    path: str
    why: str


@dataclass(frozen=True)
class CheckRequest:
    """`root` is a materialised tree of the whole repository, `components` maps "environment/component" to settings of this kind.

    `places` gives for the same keys file:line:column in the configuration. `work` is a scratch folder kept between runs.
    """

    root: Path
    components: Mapping[str, BaseModel]
    places: Mapping[str, str]
    work: Path
    environ: Mapping[str, str]


@dataclass(frozen=True)
class PlanRequest:
    """`source` is the materialised source closure (paths as in the repository); `work` a folder of this (component, environment) alone, fixed
    and kept between runs: `source` is inside it. `inputs` are resolved variables; secrets among them are `world.secrets.SecretText`.

    `speculative`: take no lock, write nothing, the plan will never be applied.
    `undoing`: with Direction.UNDO the plan that is undone (its moves are to be moved back); `source` and `inputs` are then those of the release before it,
    or, with `undo_to_nothing`, those of the undone plan itself, and the target is nothing.
    `held_back` names environment variables that the allow-list kept from the tool, for the hint when it finds no credentials.
    """

    component: str
    environment: str
    zone: str
    direction: Direction
    settings: BaseModel
    source: Path
    work: Path
    inputs: Mapping[str, Any]
    environ: Mapping[str, str]
    held_back: tuple[str, ...] = ()
    speculative: bool = False
    undoing: Plan | None = None
    undo_to_nothing: bool = False
    artifacts: Mapping[str, Path] = field(default_factory=dict)  # files of dependencies, by reference text


@dataclass(frozen=True)
class ApplyRequest:
    """The stored plan and what it was made from, materialised again at the same paths. Never a spec: what is not in the plan is not done."""

    plan: Plan
    settings: BaseModel
    zone: str
    source: Path
    work: Path
    inputs: Mapping[str, Any]
    environ: Mapping[str, str]
    held_back: tuple[str, ...] = ()
    artifacts: Mapping[str, Path] = field(default_factory=dict)


class Kind(Protocol):
    """`settings` is the pydantic model (frozen, extra="forbid") of the keys that a component of this kind may have beside the common ones
    (kind, path, depends_on, environments, variables, checks, soak, ignore). It always has `path: str`."""

    @property
    def name(self) -> str: ...

    @property
    def settings(self) -> type[BaseModel]: ...

    def sources(self, settings: BaseModel, tree: Tree) -> tuple[Source, ...]:
        """Everything this component reads of `tree`, sorted. Static: no process, no network. A read that cannot be resolved widens (up to `""`).

        May be called for thousands of components: cache per blob identity. Raises ConfigurationError when `path` holds nothing of this kind.
        """
        ...

    def identity(self, settings: BaseModel, tree: Tree, component: str, environment: str) -> str:
        """What it writes to, as text: two pairs with the same identity are an error (for OpenTofu backend, key and workspace)."""
        ...

    def published(self, settings: BaseModel, tree: Tree) -> frozenset[str] | None:
        """Names of the outputs it declares, for checking references; None when only an apply can tell."""
        ...

    def check(self, request: CheckRequest, world: World) -> tuple[Problem, ...]:
        """Is it well formed? Static, no credentials, changes nothing of the tree. Everything wrong at once; paths relative to `root`."""
        ...

    def plan(self, request: PlanRequest, world: World) -> Planned:
        """What would change. Reads only. Deterministic: the same world and request give the same changes.

        The artifact is put into `world.blobs`. Raises ToolMissing, ToolMismatch, ToolFailed, CredentialsMissing, Cancelled, TimedOut.
        """
        ...

    def apply(self, request: ApplyRequest, world: World) -> Receipt:
        """Do exactly the plan, or refuse. The only verb that writes.

        Before the first write: the artifact's bytes are read from `world.blobs` and checked; tool version, base and everything else that could
        have moved is compared: StalePlan / ArtifactMismatch / ToolMismatch, with nothing written. `world.fence.check()` directly before writing.
        A failure after the first write is a Receipt (partial, or unknown), not an exception.
        """
        ...

    def verify(self, settings: BaseModel, receipt: Receipt) -> tuple[Check, ...]:
        """Named checks as data, beside those that the user wrote. Runnable again later."""
        ...
