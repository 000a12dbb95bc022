"""Steps of a deployment: one row per (environment, component). Engine and people read the same rows; only the engine's owner writes them.

`completed_order` ranks the applies as they finished within the deployment: rolling back goes down from the highest.
"""

from collections.abc import Collection
from copy import copy
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from interlock.model.errors import NotFound
from interlock.model.gate import Gate
from interlock.model.receipt import Receipt
from interlock.store import times
from interlock.store.database import Row, Tx
from interlock.store.encoding import dump, load

if TYPE_CHECKING:
    from interlock.model.manifest import Step


@dataclass(frozen=True)
class StepRecord:
    """`plan`, `preview_plan` and `undo_plan` are plan ids or ""; `release` is a release id or "". Times are stamps or "".

    `since` is when the state was entered. `fence` is the token of the lease that applied (0: never). `details` is free JSON of the engine's.
    """

    deployment: str
    environment: str
    component: str
    position: int
    kind: str
    direction: str
    state: str
    reasons: tuple[str, ...]
    conditional: bool
    since: str
    plan: str = ""
    preview_plan: str = ""
    undo_plan: str = ""
    gates: tuple[Gate, ...] = ()
    started: str = ""
    finished: str = ""
    completed_order: int | None = None
    last_line: str = ""
    error: str = ""
    error_hint: str = ""
    error_slug: str = ""
    receipt: Receipt | None = None
    release: str = ""
    fence: int = 0
    apply_started: str = ""
    undo_receipt: Receipt | None = None
    undo_fence: int = 0
    undo_apply_started: str = ""
    details: dict[str, Any] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.environment}/{self.component}"


_PLAIN = {
    "state",
    "plan",
    "preview_plan",
    "undo_plan",
    "since",
    "started",
    "finished",
    "completed_order",
    "last_line",
} | {"error", "error_hint", "error_slug", "fence", "apply_started", "undo_fence", "undo_apply_started", "release"}
_JSON: dict[str, Any] = {
    "reasons": tuple[str, ...],
    "gates": tuple[Gate, ...],
    "receipt": Receipt,
    "undo_receipt": Receipt,
    "details": dict[str, Any],
}
_EMPTY: dict[str, Any] = {"reasons": (), "gates": (), "receipt": None, "undo_receipt": None, "details": {}}


def create(tx: Tx, deployment: str, position: int, step: "Step", *, state: str) -> None:
    tx.execute(
        """INSERT INTO steps (deployment, environment, component, position, kind, direction, state, reasons, conditional, plan, preview_plan,
            undo_plan, gates, since, started, finished, completed_order, last_line, error, error_hint, error_slug, receipt, release_id,
            fence, apply_started, undo_receipt, undo_fence, undo_apply_started, details)
        VALUES (:deployment, :environment, :component, :position, :kind, :direction, :state, :reasons, :conditional, '', '',
            '', '', :now, '', '', NULL, '', '', '', '', '', '',
            0, '', '', 0, '', '')""",
        deployment=deployment,
        environment=step.pair.environment,
        component=step.pair.component,
        position=position,
        kind=step.pair.kind,
        direction=str(step.direction),
        state=str(state),
        reasons=dump(step.reasons),
        conditional=int(step.conditional),
        now=times.now(tx),
    )


def get(tx: Tx, deployment: str, environment: str, component: str) -> StepRecord:
    """Raises NotFound."""
    row = tx.one(
        "SELECT * FROM steps WHERE deployment = :deployment AND environment = :environment AND component = :component",
        deployment=deployment,
        environment=environment,
        component=component,
    )
    if row is None:
        raise NotFound(f"deployment {deployment} has no step {environment}/{component}")
    return _step(row)


def of(tx: Tx, deployment: str, environment: str = "") -> tuple[StepRecord, ...]:
    """All steps in the manifest's order; of one environment where it is named."""
    rows = tx.all(
        "SELECT * FROM steps WHERE deployment = :deployment AND (:environment = '' OR environment = :environment) ORDER BY position",
        deployment=deployment,
        environment=environment,
    )
    return tuple(map(_step, rows))


def newest_of_commit(tx: Tx, component: str, environment: str, commit: str) -> StepRecord | None:
    """The step of the newest deployment of this commit that had the component there, ended or not."""
    row = tx.one(
        """SELECT s.* FROM steps s JOIN deployments d ON d.id = s.deployment
        WHERE s.component = :component AND s.environment = :environment AND d.commit_id = :commit AND d.type = 'deploy'
        ORDER BY d.number DESC LIMIT 1""",
        component=component,
        environment=environment,
        commit=commit,
    )
    return _step(row) if row else None


def update(
    tx: Tx,
    deployment: str,
    environment: str,
    component: str,
    *,
    expect: str | Collection[str] | None = None,
    **columns: Any,
) -> bool:
    """Sets fields of `StepRecord` by name (values as there). With `expect` only while the state is (one of) these: False when it was not.

    A new `state` sets `since` too, unless given.
    """
    if "state" in columns:
        columns.setdefault("since", times.now(tx))
    params: dict[str, Any] = {"deployment": deployment, "environment": environment, "component": component}
    sets = []
    for name, value in columns.items():
        if name not in _PLAIN and name not in _JSON:
            raise TypeError(f"a step has no column '{name}' that can be set")
        column = "release_id" if name == "release" else name
        sets.append(f"{column} = :new_{name}")
        params[f"new_{name}"] = _stored(name, value)
    where = ""
    if expect is not None:
        states = (expect,) if isinstance(expect, str) else tuple(expect)
        names = {f"state_{n}": str(s) for n, s in enumerate(states)}
        params |= names
        where = f" AND state IN ({', '.join(':' + n for n in names)})" if names else " AND 1 = 0"
    sql = f"UPDATE steps SET {', '.join(sets)} WHERE deployment = :deployment AND environment = :environment AND component = :component"
    return tx.execute(sql + where, **params) == 1


def next_completed_order(tx: Tx, deployment: str) -> int:
    """The rank for the apply that finishes now, from 1. Use it in the same transaction."""
    row = tx.one("SELECT max(completed_order) AS top FROM steps WHERE deployment = :deployment", deployment=deployment)
    return int(row["top"] or 0) + 1 if row else 1


def _stored(name: str, value: Any) -> Any:
    if name in _JSON:
        return "" if value is None or value == _EMPTY[name] else dump(value)
    return str(value) if isinstance(value, str) else value


@lru_cache(maxsize=4096)
def _loaded(name: str, text: str) -> Any:
    """Read once: whoever follows a deployment looks at the same rows again and again."""
    return load(_JSON[name], text)


def _step(row: Row) -> StepRecord:
    values = dict(row)
    for name in _JSON:
        values[name] = _loaded(name, values[name]) if values[name] else copy(_EMPTY[name])
    values["details"] = dict(values["details"])  # the one value that is not frozen
    values["conditional"] = bool(values["conditional"])
    return StepRecord(release=values.pop("release_id"), **values)
