"""A small real kind for tests of the configuration: a component is a folder with a file `outputs.txt` that lists its outputs."""

from pydantic import BaseModel, ConfigDict, Field

from interlock.kind import Kind, Source
from interlock.model.errors import NotFound
from interlock.world.tree import Tree


class StackSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(description="Folder.")
    workspace: str = Field(default="default", description="Workspace.")
    var_files: tuple[str, ...] = Field(default=(), description="Files with variables, relative to the folder.")
    backend_config: dict[str, str] = Field(default={}, description="Where the state is.")
    version: str | None = Field(default=None, description="Version of the tool.")


class Stack:
    name = "stack"
    settings = StackSettings

    def sources(self, settings: BaseModel, tree: Tree) -> tuple[Source, ...]:
        return ()

    def identity(self, settings: StackSettings, tree: Tree, component: str, environment: str) -> str:
        if not settings.backend_config:
            return f"managed {environment}/{component}"
        return " ".join(f"{k}={v}" for k, v in sorted(settings.backend_config.items())) + f" {settings.workspace}"

    def published(self, settings: StackSettings, tree: Tree) -> frozenset[str] | None:
        try:
            return frozenset(tree.read(f"{settings.path}/outputs.txt").decode().split())
        except NotFound:
            return None


class JobSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    path: str = Field(description="Folder.")
    run: tuple[str, ...] = Field(description="Program and arguments.")
    artifacts: dict[str, str] = Field(default={}, description="Files it makes.")


class Job(Stack):
    name = "job"
    settings = JobSettings  # type: ignore[assignment]

    def identity(self, settings: JobSettings, tree: Tree, component: str, environment: str) -> str:  # type: ignore[override]
        return f"{environment}/{component}"

    def published(self, settings: BaseModel, tree: Tree) -> frozenset[str] | None:
        return None


KINDS: dict[str, Kind] = {"stack": Stack(), "job": Job()}  # type: ignore[dict-item]
