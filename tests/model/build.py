"""Plans for the tests: complete, and different only by what is given."""

from collections.abc import Mapping, Sequence
from typing import Any

from interlock.model.change import Action, Change, OutputChange, Undo
from interlock.model.plan import Blob, Direction, Plan, Planned, Tool

BLOB = Blob("ab" * 32, 12)
TOOL = Tool("tofu", "1.12.6", {"acme/lab": "1.0.0"})


def change(address: str, action: str, more: Mapping[str, Any] | None = None) -> Change:
    return Change(address, Action(action), **(more or {}))


def changes(rows: Sequence[Sequence[Any]]) -> tuple[Change, ...]:
    """Rows of [address, action] or [address, action, {more}]."""
    return tuple(change(*row) for row in rows)


def classified(rows: Sequence[Sequence[str]]) -> tuple[Change, ...]:
    """Rows of [address, action, undo class]."""
    return tuple(Change(address, Action(action), undo=Undo(undo)) for address, action, undo in rows)


def planned(found: Sequence[Change] = (), outputs: Mapping[str, str] | None = None, **more: Any) -> Planned:
    """`outputs` maps a name to its action."""
    changed = tuple(OutputChange(name, Action(action)) for name, action in (outputs or {}).items())
    values: dict[str, Any] = {"base": {"serial": 3}, "tool": TOOL, "artifact": BLOB, "outputs": changed}
    return Planned(tuple(found), **(values | more))


def plan(found: Sequence[Change] = (), outputs: Mapping[str, str] | None = None, **more: Any) -> Plan:
    values: dict[str, Any] = {
        "id": "p-1",
        "component": "app",
        "environment": "staging",
        "kind": "opentofu",
        "direction": Direction.DEPLOY,
        "commit": "c1",
        "tree": "t1",
        "planned": planned(found, outputs),
        "closure": BLOB,
        "inputs": BLOB,
        "intent": "i1",
    }
    return Plan(**(values | more))
