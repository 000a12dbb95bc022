"""What the programs of one plan or apply are told."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interlock.kind import ApplyRequest, PlanRequest
from interlock.kinds.command.draft import result_of, stored_draft
from interlock.kinds.command.protocol import PROTOCOL
from interlock.kinds.command.spec import CommandSettings
from interlock.model.digest import canonical, sha256
from interlock.model.plan import Direction, Tool, substitute
from interlock.world import World
from interlock.world.secret_values import reveal

TOOL = Tool("command", str(PROTOCOL))


@dataclass(frozen=True)
class Call:
    """What every program of one plan or apply is told. `variables` are in clear: they only ever go to stdin."""

    component: str
    environment: str
    zone: str
    direction: str
    target: str
    settings: CommandSettings
    source: Path
    work: Path
    variables: Mapping[str, Any]
    environ: Mapping[str, str]
    artifacts: Mapping[str, Path]
    held_back: tuple[str, ...] = ()

    @property
    def where(self) -> str:
        return f"{self.component} in {self.environment}"

    def document(self, verb: str, **more: Any) -> dict[str, Any]:
        return {
            "protocol": PROTOCOL,
            "verb": verb,
            "component": self.component,
            "environment": self.environment,
            "zone": self.zone,
            "direction": self.direction,
            "target": self.target,
            "variables": self._with_paths(self.variables),
            "artifacts": {reference: str(path) for reference, path in sorted(self.artifacts.items())},
            **more,
        }

    def _with_paths(self, variables: Any) -> Any:
        """A reference to an artifact comes as its own text; programs get the path of the file."""
        for reference in sorted(self.artifacts, key=len, reverse=True):
            variables = substitute(variables, reference, str(self.artifacts[reference]))
        return variables


def call_of(
    request: PlanRequest | ApplyRequest, component: str, environment: str, direction: Direction, nothing: bool
) -> Call:
    settings = request.settings
    return Call(
        component=component,
        environment=environment,
        zone=request.zone,
        direction=str(direction),
        target="nothing" if nothing else "spec",
        settings=settings
        if isinstance(settings, CommandSettings)
        else CommandSettings.model_validate(settings.model_dump()),
        source=request.source,
        work=request.work,
        variables=reveal(request.inputs),
        environ=request.environ,
        artifacts=request.artifacts,
        held_back=request.held_back,
    )


def tool(call: Call, draft: Mapping[str, Any]) -> Tool:
    """What would do it. What programs say they would change does not say what they would do, so an approval is also of the programs: their argument
    lists and sources are part of the plan's intent, as a tool's providers are. A build's change names them already."""
    if call.settings.is_build:
        return TOOL
    return Tool(TOOL.name, TOOL.version, {"programs": sha256(canonical([draft["source"], draft["programs"]]))})


def undone(request: PlanRequest, world: World) -> Any:
    """What the plan program had answered for the plan that is undone; None where there is none. Raises ArtifactMismatch."""
    if request.undoing is None or request.undoing.planned.artifact is None:
        return None
    return result_of(stored_draft(request.undoing, world))
