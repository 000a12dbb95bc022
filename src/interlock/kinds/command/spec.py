"""What a user writes about a component that programs of their own deploy, beside the keys that all components have."""

import re
from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

from interlock.model.units import parse_duration

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_OUTPUT = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


def _inside(path: str) -> str:
    """`path` in its plain form: relative, with `/`, staying inside. The folder itself is `.`."""
    if path.startswith("/") or "\\" in path or "\0" in path:
        raise ValueError(f"'{path}' must be a relative path with /")
    parts = [part for part in path.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise ValueError(f"'{path}' leaves the repository")
    return "/".join(parts) or "."


def _argv(argv: tuple[str, ...]) -> tuple[str, ...]:
    if argv and not argv[0]:
        raise ValueError("the first argument names the program and cannot be empty")
    if any("\0" in argument for argument in argv):
        raise ValueError("an argument holds a NUL character")
    return argv


def _duration(text: str) -> str:
    if not parse_duration(text) > 0:
        raise ValueError("a timeout must be longer than nothing")
    return text


Inside = Annotated[str, AfterValidator(_inside)]
Argv = Annotated[tuple[str, ...], AfterValidator(_argv)]


class CommandSettings(BaseModel):
    """With `plan`, programs own a piece of the world. Without it the component is a build: it owns its `artifacts` and nothing else."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    path: Inside = Field(
        description="Folder of the component, from the repository's root; programs run in a fresh copy of it."
    )
    apply: Argv = Field(
        min_length=1, description="Program that makes the planned changes, or that builds; an argument list."
    )
    plan: Argv = Field(
        default=(), description="Program that says what would change, reading only; an argument list. Absent: a build."
    )
    undo: Argv = Field(
        default=(), description="Program that applies a rollback; an argument list. Absent: `apply` does that, too."
    )
    check: Argv = Field(
        default=(), description="Program that says whether the files are well formed; no credentials, no network."
    )
    artifacts: Mapping[str, Inside] = Field(
        default_factory=dict,
        description="Files that `apply` leaves, by name; paths from the component's folder. Dependants read them.",
    )
    reads: tuple[Inside, ...] = Field(
        default=(),
        description="Globs, from the repository's root, of files outside of `path` that the programs read (`**` crosses folders).",
    )
    outputs: tuple[str, ...] = Field(default=(), description="Names of the values that the programs publish.")
    timeout: Annotated[str, AfterValidator(_duration)] = Field(
        default="30m", description="How long one program may run."
    )

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if not self.plan and not self.artifacts:
            raise ValueError("a component without a 'plan' program is a build and must declare its 'artifacts'")
        if self.undo and not self.plan:
            raise ValueError("'undo' needs a 'plan' program; a build is undone by putting the earlier files back")
        for name, path in self.artifacts.items():
            if not _NAME.fullmatch(name) or path == ".":
                raise ValueError(
                    f"artifact '{name}' needs a name of letters, digits, _, . and -, and the path of a file"
                )
        if bad := [name for name in self.outputs if not _OUTPUT.fullmatch(name)]:
            raise ValueError(f"output '{bad[0]}' needs a name of letters, digits, _ and -")
        return self

    @property
    def folder(self) -> str:
        """`path` as a prefix: "" for the repository itself, else without a slash at its end."""
        return "" if self.path == "." else self.path

    @property
    def seconds(self) -> float:
        return parse_duration(self.timeout)

    @property
    def is_build(self) -> bool:
        return not self.plan
