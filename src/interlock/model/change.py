"""One resource that a plan would create, update, replace, delete, move, import, forget or read; and how it can be undone.

Values are plain JSON. A sensitive value never appears: in its place stands a mask, `{"$masked": "<keyed digest>"}`, so that a diff can say
"changed" without saying what, and a rotated secret gives another digest. A value not known until apply is `{"$unknown": true}`.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

MASK = "$masked"
UNKNOWN = "$unknown"


def masked(digest: str) -> dict[str, Any]:
    """The stand-in of a sensitive value; `digest` is keyed (`Keyed.digest("value", …)`)."""
    return {MASK: digest}


def unknown() -> dict[str, Any]:
    return {UNKNOWN: True}


def is_masked(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and MASK in value


def is_unknown(value: Any) -> bool:
    return isinstance(value, dict) and len(value) == 1 and UNKNOWN in value


class Action(StrEnum):
    CREATE = "create"
    UPDATE = "update"
    REPLACE = "replace"
    DELETE = "delete"
    MOVE = "move"  # only the address changes
    IMPORT = "import"  # only taken into our care
    FORGET = "forget"  # let go, not deleted
    READ = "read"  # a data source read at apply
    NONE = "none"


class Undo(StrEnum):
    """What rolling this change back would do (DESIGN §7). Order is from harmless to hopeless."""

    RESTORABLE = "restorable"
    LOSSY = "lossy"  # undoing makes a new, empty one
    IRREVERSIBLE = "irreversible"  # automation will not try

    @property
    def rank(self) -> int:
        return list(Undo).index(self)


@dataclass(frozen=True)
class Change:
    """`address` is unique within a plan together with `deposed`. `before` is None on create, `after` is None on delete.

    `replace_paths` are the attribute paths that force a replacement; `previous_address` is set when the resource moves, too;
    `importing` is the id it is imported by. `undo_reason` says in a clause why it is lossy or irreversible.
    """

    address: str
    action: Action
    type: str = ""
    provider: str = ""
    before: Any = None
    after: Any = None
    replace_paths: tuple[tuple[str | int, ...], ...] = ()
    previous_address: str | None = None
    importing: str | None = None
    deposed: str | None = None
    reason: str = ""
    create_before_destroy: bool = False
    undo: Undo = Undo.RESTORABLE
    undo_reason: str = ""

    @property
    def sort_key(self) -> tuple[str, str]:
        return (self.address, self.deposed or "")

    @property
    def writes(self) -> bool:
        """Does applying it write to the world (reads and no-ops do not)?"""
        return self.action not in (Action.READ, Action.NONE)


@dataclass(frozen=True)
class OutputChange:
    """A published value that the plan would add, alter or remove. Same masks as in `Change`."""

    name: str
    action: Action
    before: Any = None
    after: Any = None
    sensitive: bool = False


@dataclass(frozen=True)
class Note:
    """What a reader should know beside the changes: a warning, something hidden (`ignore_changes`), something found outside."""

    slug: str
    message: str
    address: str = ""
    severity: str = "information"  # information | warning
    detail: Any = field(default=None, compare=False)
