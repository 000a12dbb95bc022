"""What a configuration file says, as values: the calls, reads, backend, outputs and lifecycle rules that can be known without running anything.

Expressions that matter are texts with holes (`Template`): literals and the few references that are known (`path.module`, `path.root`,
`local.NAME`); everything else is a hole, and who uses the template must widen there. Lines count from 1; 0 means only the file is known (JSON).
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

HOLE = ""  # a reference to something that only a run can tell


@dataclass(frozen=True)
class Reference:
    """`path.module`, `path.root`, `local.NAME`; `HOLE` for anything else."""

    text: str


Template = tuple[str | Reference, ...]


@dataclass(frozen=True)
class ModuleCall:
    """`source` is None where the block has none (an override that changes something else)."""

    name: str
    source: Template | None
    line: int


@dataclass(frozen=True)
class Read:
    """A call of a file-reading function, or a text that starts at `path.module` or `path.root`: function "path", or "local" inside `locals`.

    For `fileset`, `path` is the folder and `pattern` its second argument.
    """

    function: str
    path: Template
    line: int
    pattern: Template | None = None


@dataclass(frozen=True)
class Backend:
    """`config` holds the literal arguments, nested ones as `workspaces.name`; `unresolved` names the others. `type` is "cloud" for a cloud block."""

    type: str
    config: Mapping[str, Any]
    unresolved: tuple[str, ...]
    line: int


@dataclass(frozen=True)
class Output:
    """`sensitive` None: not said. What is not literal counts as sensitive."""

    name: str
    sensitive: bool | None
    line: int


@dataclass(frozen=True)
class Variable:
    name: str
    has_default: bool
    sensitive: bool | None
    line: int
    ephemeral: bool | None = None


@dataclass(frozen=True)
class Resource:
    """`mode` is "managed" or "data". None means not said. A `prevent_destroy` or `create_before_destroy` that is not literal counts as true.

    `ignore_changes` are attribute texts, or ("all",).
    """

    mode: str
    type: str
    name: str
    line: int
    prevent_destroy: bool | None = None
    create_before_destroy: bool | None = None
    ignore_changes: tuple[str, ...] | None = None

    @property
    def address(self) -> str:
        return f"{'data.' if self.mode == 'data' else ''}{self.type}.{self.name}"


@dataclass(frozen=True)
class ParsedFile:
    """One file. `providers` are names of provider blocks; `refactorings` counts moved, import and removed blocks by type.

    `broken` is the first line that the grammar could not read, 0 when there is none. Lines count from 1; 0 in JSON, where only the file is known.
    """

    modules: tuple[ModuleCall, ...] = ()
    reads: tuple[Read, ...] = ()
    backends: tuple[Backend, ...] = ()
    required_versions: tuple[tuple[str, int], ...] = ()
    required_providers: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    outputs: tuple[Output, ...] = ()
    variables: tuple[Variable, ...] = ()
    resources: tuple[Resource, ...] = ()
    providers: tuple[str, ...] = ()
    locals: Mapping[str, Template] = field(default_factory=dict)
    refactorings: Mapping[str, int] = field(default_factory=dict)
    broken: int = 0
