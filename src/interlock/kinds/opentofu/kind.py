"""The opentofu kind, wired: OpenTofu and Terraform stacks behind the four verbs. Each verb imports what it needs when it is called."""

from pydantic import BaseModel

from interlock.kind import ApplyRequest, CheckRequest, PlanRequest, Source
from interlock.kinds.opentofu.spec import OpenTofuSettings
from interlock.model.check import Check
from interlock.model.errors import Problem
from interlock.model.plan import Planned
from interlock.model.receipt import Receipt
from interlock.world import World
from interlock.world.tree import Tree


class OpenTofuKind:
    name = "opentofu"
    settings: type[BaseModel] = OpenTofuSettings

    def sources(self, settings: BaseModel, tree: Tree) -> tuple[Source, ...]:
        from interlock.kinds.opentofu.sources import sources

        return sources(_own(settings), tree)

    def identity(self, settings: BaseModel, tree: Tree, component: str, environment: str) -> str:
        from interlock.kinds.opentofu.identity import identity

        return identity(_own(settings), tree, component, environment)

    def published(self, settings: BaseModel, tree: Tree) -> frozenset[str] | None:
        from interlock.kinds.opentofu.identity import published

        return published(_own(settings), tree)

    def check(self, request: CheckRequest, world: World) -> tuple[Problem, ...]:
        from interlock.kinds.opentofu.check import check

        return check(request, world)

    def plan(self, request: PlanRequest, world: World) -> Planned:
        from interlock.kinds.opentofu.observe import plan

        return plan(request, world)

    def apply(self, request: ApplyRequest, world: World) -> Receipt:
        from interlock.kinds.opentofu.act import apply

        return apply(request, world)

    def verify(self, settings: BaseModel, receipt: Receipt) -> tuple[Check, ...]:  # noqa: ARG002
        """None by itself: that the tool ended well is the receipt's part; what to ask the world, the user writes."""
        return ()


def _own(settings: BaseModel) -> OpenTofuSettings:
    assert isinstance(settings, OpenTofuSettings)
    return settings
