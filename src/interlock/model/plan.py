"""A plan: frozen, sorted, hashed data. What would change, what it was based on, how it can be undone (DESIGN §3).

Two digests. The artifact's SHA-256 makes apply exact: those bytes or nothing. The intent digest says whether two plans, made at
different times, mean the same to the person who approved one of them. It is an HMAC over component, environment, direction, tool and
provider versions, the inputs and the normalised changes with keyed digests in place of sensitive values.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from interlock.model.change import Action, Change, Note, OutputChange, Undo
from interlock.model.digest import Keyed


class Direction(StrEnum):
    DEPLOY = "deploy"  # towards the spec
    REMOVE = "remove"  # towards nothing
    UNDO = "undo"  # back to the previous release, or to nothing where there was none
    CORRECT = "correct"  # the released spec again, against drift


@dataclass(frozen=True)
class Blob:
    """Bytes in the blob store: SHA-256 (hex) of the plain bytes and their length."""

    digest: str
    size: int


@dataclass(frozen=True)
class Tool:
    name: str  # tofu, terraform, command ...
    version: str
    providers: Mapping[str, str] = field(default_factory=dict)  # source address → version


@dataclass(frozen=True)
class Planned:
    """What a kind's `plan` returns: everything that it alone can know.

    `base` names what the plan was made against (for OpenTofu lineage and serial); `apply` refuses when it moved. `artifact` is what `apply`
    will use, byte for byte; None only where there is nothing to apply. `found` are differences made outside of us, seen while planning.
    """

    changes: tuple[Change, ...]
    base: Mapping[str, Any]
    tool: Tool
    artifact: Blob | None
    outputs: tuple[OutputChange, ...] = ()
    found: tuple[Change, ...] = ()
    notes: tuple[Note, ...] = ()

    @property
    def empty(self) -> bool:
        """Nothing to apply: no change that writes and no output that changes."""
        return not any(c.writes for c in self.changes) and not any(o.action is not Action.NONE for o in self.outputs)


@dataclass(frozen=True)
class Plan:
    """A stored plan. `closure` and `inputs` are blobs: apply, drift and rollback materialise them again, never the working tree."""

    id: str
    component: str
    environment: str
    kind: str
    direction: Direction
    commit: str
    tree: str
    planned: Planned
    closure: Blob
    inputs: Blob
    intent: str
    speculative: bool = False

    @property
    def changes(self) -> tuple[Change, ...]:
        return self.planned.changes

    @property
    def empty(self) -> bool:
        return self.planned.empty

    @property
    def worst_undo(self) -> Undo:
        return max((c.undo for c in self.changes if c.writes), key=lambda u: u.rank, default=Undo.RESTORABLE)


def sort_changes(changes: tuple[Change, ...] | list[Change]) -> tuple[Change, ...]:
    return tuple(sorted(changes, key=lambda c: c.sort_key))


def intent_digest(
    keyed: Keyed,
    *,
    component: str,
    environment: str,
    direction: Direction,
    planned: Planned,
    inputs_digest: str,
    commit: str = "",
    tree: str = "",
) -> str:
    """Hex HMAC. Where `commit` is given (the component uses `${commit}`), it enters as a reference plus the tree's hash, so that a squash
    merge of the same tree keeps its approval. The base is left out on purpose: the same intent on a later base is the same intent. The order
    in which a kind lists its changes says nothing."""
    value = {
        "component": component,
        "environment": environment,
        "direction": str(direction),
        "tool": asdict(planned.tool),
        "changes": [asdict(c) for c in sort_changes(planned.changes) if c.writes],
        "outputs": [asdict(o) for o in sorted(planned.outputs, key=lambda o: o.name) if o.action is not Action.NONE],
        "inputs": inputs_digest,
    }
    return keyed.digest("intent", substitute(value, commit, f"${{commit}}@{tree}") if commit else value)


def substitute(value: Any, old: str, new: str) -> Any:
    """`value` with `old` replaced by `new` inside every string, keys included."""
    if isinstance(value, str):
        return value.replace(old, new)
    if isinstance(value, Mapping):
        return {substitute(k, old, new): substitute(v, old, new) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [substitute(v, old, new) for v in value]
    return value


_SIGNS = (
    (Action.CREATE, "+"), (Action.UPDATE, "~"), (Action.REPLACE, "±"), (Action.DELETE, "-"), (Action.MOVE, "→"), (Action.IMPORT, "⇐"),
    (Action.FORGET, "✕"),
)  # fmt: skip


def summary(plan: Plan) -> str:
    """`+2 ~1 -0`-like: only what there is; "no changes" for none."""
    counts = {action: sum(1 for c in plan.changes if c.action is action) for action, _ in _SIGNS}
    said = " ".join(f"{sign}{counts[action]}" for action, sign in _SIGNS if counts[action])
    outputs = sum(1 for output in plan.planned.outputs if output.action is not Action.NONE)
    return said or (f"outputs {outputs}" if outputs else "no changes")
