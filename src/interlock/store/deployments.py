"""Deployments: one row each, from creation to verdict. What a deployment is stands in its manifest (a blob); this row says how it goes.

`finished` is "" until the verdict, and decides what is "unfinished"; states are words of `model.state` that this module only keeps. Changes that
race (a person cancels while the engine finishes) compare and set: `update(..., expect=...)` says whether the row still was as expected.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from interlock.model.digest import canonical, sha256
from interlock.model.errors import NotFound
from interlock.model.plan import Blob
from interlock.store import ids, steps, times
from interlock.store.database import Row, Tx

if TYPE_CHECKING:
    from interlock.model.manifest import Manifest


@dataclass(frozen=True)
class Deployment:
    """Times are stamps or "". `cancel` is "", "stop" or "rollback"; `stopping` is why no further step may start, or "".

    `heartbeat` and `pid` are of the process that runs it: for showing only, the right to run it is a file lock.
    """

    id: str
    number: int
    type: str
    state: str
    commit: str
    tree: str
    base: str
    actor: str
    message: str
    manifest: Blob
    created: str
    started: str = ""
    finished: str = ""
    failure: str = ""
    failure_hint: str = ""
    failure_slug: str = ""
    superseded_by: str = ""
    cancel: str = ""
    cancelled_by: str = ""
    stopping: str = ""
    pid: int = 0
    heartbeat: str = ""


_CHANGEABLE = frozenset(
    {"state", "started", "finished", "failure", "failure_hint", "failure_slug", "superseded_by"}
) | {"cancel", "cancelled_by", "stopping", "pid", "heartbeat"}
Pairs = Iterable[tuple[str, str]]  # (environment, component)


def fingerprint(type_: str, commit: str, pairs: Pairs) -> str:
    """Equal for two requests that ask for the same: this type, commit and set of (environment, component)."""
    return sha256(canonical([type_, commit, sorted(list(p) for p in set(pairs))]))


def create(
    tx: Tx, manifest: "Manifest", blob: Blob, *, state: str, step_state: str, asked: Pairs | None = None
) -> Deployment:
    """The row and those of its steps. `manifest.deployment` comes from `ids.new(tx, ids.DEPLOYMENT)`, in this or an earlier transaction.

    `asked` is what the request named (`*` for all), the steps' own pairs where it is None: an equal request finds this deployment again
    (`find_unfinished`) though less may be left to do by then.
    """
    pairs = [(s.pair.environment, s.pair.component) for s in manifest.steps]
    tx.execute(
        """INSERT INTO deployments (id, number, type, state, commit_id, tree, base, actor, message, fingerprint, manifest_digest,
            manifest_size, created, started, finished, failure, failure_hint, failure_slug, superseded_by, cancel, cancelled_by, stopping,
            pid, heartbeat)
        VALUES (:id, :number, :type, :state, :commit, :tree, :base, :actor, :message, :fingerprint, :digest,
            :size, :created, '', '', '', '', '', '', '', '', '', 0, '')""",
        id=manifest.deployment,
        number=tx.next("deployments"),
        type=manifest.type,
        state=state,
        commit=manifest.commit,
        tree=manifest.tree,
        base=manifest.base,
        actor=manifest.actor,
        message=manifest.message,
        fingerprint=fingerprint(manifest.type, manifest.commit, pairs if asked is None else asked),
        digest=blob.digest,
        size=blob.size,
        created=times.now(tx),
    )
    for position, step in enumerate(manifest.steps):
        steps.create(tx, manifest.deployment, position, step, state=step_state)
    return get(tx, manifest.deployment)


def get(tx: Tx, id_: str) -> Deployment:
    """By id or unambiguous prefix. Raises NotFound, UsageError listing the candidates."""
    row = tx.one("SELECT * FROM deployments WHERE id = :id", id=id_)
    if row is None:
        row = tx.one("SELECT * FROM deployments WHERE id = :id", id=ids.resolve(tx, ids.DEPLOYMENT, id_))
    assert row is not None
    return _deployment(row)


def list_newest(
    tx: Tx,
    *,
    limit: int = 20,
    environment: str = "",
    component: str = "",
    states: Collection[str] = (),
    finished: bool | None = None,
) -> tuple[Deployment, ...]:
    """Newest first. Empty filters match everything; `environment` and `component` match a step of it."""
    where, params = ["1 = 1"], dict[str, Any](limit=limit)
    if environment or component:
        where.append(
            "EXISTS (SELECT 1 FROM steps s WHERE s.deployment = deployments.id"
            " AND (:environment = '' OR s.environment = :environment) AND (:component = '' OR s.component = :component))"
        )
        params |= {"environment": environment, "component": component}
    if states:
        where.append(_in("state", states, params))
    if finished is not None:
        where.append("finished <> ''" if finished else "finished = ''")
    rows = tx.all(f"SELECT * FROM deployments WHERE {' AND '.join(where)} ORDER BY number DESC LIMIT :limit", **params)
    return tuple(map(_deployment, rows))


def find_unfinished(tx: Tx, type_: str, commit: str, pairs: Pairs) -> Deployment | None:
    """The newest unfinished deployment that was asked for the same. Look and create in ONE write transaction, or two are made."""
    row = tx.one(
        "SELECT * FROM deployments WHERE finished = '' AND fingerprint = :fingerprint ORDER BY number DESC LIMIT 1",
        fingerprint=fingerprint(type_, commit, pairs),
    )
    return _deployment(row) if row else None


def older_unfinished(tx: Tx, deployment: Deployment, *, states: Collection[str] = ()) -> tuple[Deployment, ...]:
    """Unfinished deployments made before this one that share a (component, environment) with it, oldest first: what it may supersede."""
    params: dict[str, Any] = {"id": deployment.id, "number": deployment.number}
    among = f" AND {_in('d.state', states, params)}" if states else ""
    rows = tx.all(
        f"""SELECT d.* FROM deployments d WHERE d.finished = '' AND d.number < :number{among} AND EXISTS (
            SELECT 1 FROM steps a JOIN steps b ON a.environment = b.environment AND a.component = b.component
            WHERE a.deployment = d.id AND b.deployment = :id) ORDER BY d.number""",
        **params,
    )
    return tuple(map(_deployment, rows))


def update(tx: Tx, id_: str, *, expect: str | Collection[str] | None = None, **columns: Any) -> bool:
    """Sets columns; with `expect` only while the state is (one of) these. False when it was not."""
    unknown = columns.keys() - _CHANGEABLE
    if unknown or not columns:
        raise TypeError(f"columns of a deployment that cannot be set: {sorted(unknown)}")
    params: dict[str, Any] = {f"new_{name}": value for name, value in columns.items()} | {"id": id_}
    expected = (expect,) if isinstance(expect, str) else expect
    where = f" AND {_in('state', expected, params)}" if expected is not None else ""
    sets = ", ".join(f"{name} = :new_{name}" for name in columns)
    return tx.execute(f"UPDATE deployments SET {sets} WHERE id = :id{where}", **params) == 1


def set_state(tx: Tx, id_: str, state: str, *, expect: str | Collection[str] | None = None, **columns: Any) -> bool:
    return update(tx, id_, expect=expect, state=str(state), **columns)


def finish(
    tx: Tx,
    id_: str,
    state: str,
    *,
    failure: str = "",
    failure_hint: str = "",
    failure_slug: str = "",
    superseded_by: str = "",
) -> bool:
    """The verdict, given once: False when there was one already. Gives back every environment that the deployment held, and every lease that a
    process of it took and died with: nobody writes for it any more."""
    tx.execute("DELETE FROM environment_slots WHERE deployment = :id", id=id_)
    tx.execute("UPDATE leases SET holder = '', expires = 0 WHERE holder = :id", id=id_)
    return (
        tx.execute(
            "UPDATE deployments SET state = :state, finished = :now, failure = :failure, failure_hint = :hint, failure_slug = :slug,"
            " superseded_by = :by WHERE id = :id AND finished = ''",
            id=id_,
            state=str(state),
            now=times.now(tx),
            failure=failure,
            hint=failure_hint,
            slug=failure_slug,
            by=superseded_by,
        )
        == 1
    )


def request_cancel(tx: Tx, id_: str, how: str, person: str) -> bool:
    """`how` is "stop" or "rollback". False when it is finished or the same was asked for already; "rollback" may follow "stop", not the reverse."""
    if how not in ("stop", "rollback"):
        raise ValueError(f"a deployment is cancelled by 'stop' or 'rollback', not '{how}'")
    return (
        tx.execute(
            "UPDATE deployments SET cancel = :how, cancelled_by = :person"
            " WHERE id = :id AND finished = '' AND (cancel = '' OR (cancel = 'stop' AND :how = 'rollback'))",
            id=id_,
            how=how,
            person=person,
        )
        == 1
    )


def set_stopping(tx: Tx, id_: str, reason: str) -> bool:
    """From now on nothing new starts. The first reason stays; False when there was one."""
    return (
        tx.execute("UPDATE deployments SET stopping = :reason WHERE id = :id AND stopping = ''", id=id_, reason=reason)
        == 1
    )


def beat(tx: Tx, id_: str, pid: int) -> None:
    """The running process shows that it lives."""
    tx.execute("UPDATE deployments SET pid = :pid, heartbeat = :now WHERE id = :id", id=id_, pid=pid, now=times.now(tx))


def require(tx: Tx, id_: str) -> Deployment:
    """By exact id, as other rows hold it. Raises NotFound."""
    row = tx.one("SELECT * FROM deployments WHERE id = :id", id=id_)
    if row is None:
        raise NotFound(f"there is no deployment {id_}")
    return _deployment(row)


def _in(column: str, values: Collection[str], params: dict[str, Any]) -> str:
    """`column IN (...)` with one named parameter a value, added to `params`; matches nothing for no values."""
    names = [f"{column.replace('.', '_')}_{n}" for n, _ in enumerate(values)]
    params |= {name: str(value) for name, value in zip(names, values, strict=True)}
    return f"{column} IN ({', '.join(':' + n for n in names)})" if names else "1 = 0"


def _deployment(row: Row) -> Deployment:
    values = dict(row)
    del values["fingerprint"]
    manifest = Blob(values.pop("manifest_digest"), values.pop("manifest_size"))
    return Deployment(commit=values.pop("commit_id"), manifest=manifest, **values)
