"""The wiring of the kind `command`: the contract's verbs, each handed to the module that does it."""

from pydantic import BaseModel

from interlock.kind import ApplyRequest, CheckRequest, PlanRequest, Source
from interlock.kinds.command.act import apply
from interlock.kinds.command.call import call_of, tool, undone
from interlock.kinds.command.check import check
from interlock.kinds.command.draft import appliable_draft
from interlock.kinds.command.observe import observe
from interlock.kinds.command.sources import sources
from interlock.kinds.command.spec import CommandSettings
from interlock.model.check import Check
from interlock.model.errors import Problem
from interlock.model.plan import Direction, Planned
from interlock.model.receipt import Receipt
from interlock.world import World
from interlock.world.tree import Tree


class CommandKind:
    name = "command"
    settings = CommandSettings

    def sources(self, settings: BaseModel, tree: Tree) -> tuple[Source, ...]:
        return sources(_mine(settings), tree)

    def identity(self, settings: BaseModel, tree: Tree, component: str, environment: str) -> str:  # noqa: ARG002
        return f"command {component} in {environment}"

    def published(self, settings: BaseModel, tree: Tree) -> frozenset[str] | None:  # noqa: ARG002
        return frozenset(_mine(settings).outputs)

    def check(self, request: CheckRequest, world: World) -> tuple[Problem, ...]:
        return check(request, world)

    def plan(self, request: PlanRequest, world: World) -> Planned:
        nothing = request.undo_to_nothing or request.direction is Direction.REMOVE
        call = call_of(request, request.component, request.environment, request.direction, nothing)
        seen = observe(call, undone(request, world), world)
        return Planned(
            seen.changes, seen.base, tool(call, seen.draft), world.blobs.put(seen.bytes), seen.outputs, notes=seen.notes
        )

    def apply(self, request: ApplyRequest, world: World) -> Receipt:
        draft, plan = appliable_draft(request.plan, world), request.plan
        nothing = draft["target"] == "nothing"
        return apply(call_of(request, plan.component, plan.environment, plan.direction, nothing), draft, world)

    def verify(self, settings: BaseModel, receipt: Receipt) -> tuple[Check, ...]:  # noqa: ARG002
        return ()


def _mine(settings: BaseModel) -> CommandSettings:
    return settings if isinstance(settings, CommandSettings) else CommandSettings.model_validate(settings.model_dump())
