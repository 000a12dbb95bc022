"""The ledger: every release of every (component, environment), in the order in which it was recorded.

What stands there now: go down from the newest; skip what was undone (a newer row restored or removed it); a tombstone means nothing stands
there; anything else is it. The status, its times and `undone_by` are columns of their own; the rest of a release never changes.
"""

from dataclasses import replace
from typing import Any

from interlock.model.release import STANDING, Release, ReleaseStatus
from interlock.store import ids, times
from interlock.store.database import Row, Tx
from interlock.store.encoding import dump, load


def record(tx: Tx, release: Release) -> Release:
    """Appends a release whose id is from `ids.new(tx, ids.RELEASE)`; `at` is set where it is ""."""
    release = replace(release, at=release.at or times.now(tx))
    tx.execute(
        """INSERT INTO releases (id, number, component, environment, status, commit_id, deployment, at, verified_at, undone_by, document)
        VALUES (:id, :number, :component, :environment, :status, :commit, :deployment, :at, :verified_at, :undone_by, :document)""",
        id=release.id,
        number=tx.next("releases"),
        component=release.component,
        environment=release.environment,
        status=str(release.status),
        commit=release.commit,
        deployment=release.deployment,
        at=release.at,
        verified_at=release.verified_at,
        undone_by=release.undone_by,
        document=dump(release),
    )
    return release


def generation(tx: Tx) -> int:
    """Grows with every release: equal means that nothing was released in between."""
    row = tx.one("SELECT value FROM sequences WHERE name = 'releases'")
    return int(row["value"]) if row else 0


def set_status(
    tx: Tx, id_: str, status: ReleaseStatus, *, expect: ReleaseStatus | None = None, undone_by: str = ""
) -> bool:
    """With `expect` only while it has that status: False when it had not. VERIFIED is dated."""
    sets, params = "status = :status", dict[str, Any](id=id_, status=str(status), expect=str(expect or ""))
    if status is ReleaseStatus.VERIFIED:
        sets, params = sets + ", verified_at = :at", params | {"at": times.now(tx)}
    if undone_by:
        sets, params = sets + ", undone_by = :undone_by", params | {"undone_by": undone_by}
    return (
        tx.execute(f"UPDATE releases SET {sets} WHERE id = :id AND (:expect = '' OR status = :expect)", **params) == 1
    )


def get(tx: Tx, id_: str) -> Release:
    """By id or unambiguous prefix. Raises NotFound, UsageError."""
    row = tx.one("SELECT * FROM releases WHERE id = :id", id=id_)
    if row is None:
        row = tx.one("SELECT * FROM releases WHERE id = :id", id=ids.resolve(tx, ids.RELEASE, id_))
    assert row is not None
    return _release(row)


def current(tx: Tx, component: str, environment: str) -> Release | None:
    """What stands there now, or None."""
    return _standing(tx, component, environment, before=None)


def top(tx: Tx, component: str, environment: str) -> Release | None:
    """The newest that was not undone: what stands there now, or the tombstone that says that nothing does."""
    return _top(tx, component, environment, before=None)


def newest(tx: Tx, component: str, environment: str) -> Release | None:
    """The newest row, whichever its status."""
    row = tx.one(
        "SELECT * FROM releases WHERE environment = :environment AND component = :component ORDER BY number DESC LIMIT 1",
        environment=environment,
        component=component,
    )
    return _release(row) if row else None


def previous(tx: Tx, release: Release) -> Release | None:
    """What stood there right before `release` was made, or None: what undoing it goes back to."""
    return _standing(tx, release.component, release.environment, before=release.id)


def rollback_target(tx: Tx, release: Release) -> Release | None:
    """What a person who rolls `release` back wants: the newest verified release before it that is not the same thing.

    Before a restored one means before what it restored; a correction, or a revision that changed nothing, has the sources and inputs of the one before.
    """
    seen = release
    while seen.restores:
        seen = get(tx, seen.restores)
    found = previous(tx, seen)
    while found is not None and (found.status is not ReleaseStatus.VERIFIED or _same(found, release)):
        found = previous(tx, found)
    return found


def _same(one: Release, other: Release) -> bool:
    if ReleaseStatus.REMOVED in (one.status, other.status):
        return False
    return (one.closure, one.inputs, one.pair.settings) == (other.closure, other.inputs, other.pair.settings)


def all_current(tx: Tx, environment: str = "") -> tuple[Release, ...]:
    """What stands everywhere, sorted by environment and component."""
    rows = tx.all(
        """SELECT r.* FROM releases r JOIN (
            SELECT environment, component, max(number) AS number FROM releases WHERE status <> 'undone' GROUP BY environment, component
        ) top ON r.environment = top.environment AND r.component = top.component AND r.number = top.number
        WHERE r.status <> 'removed' AND (:environment = '' OR r.environment = :environment) ORDER BY r.environment, r.component""",
        environment=environment,
    )
    return tuple(map(_release, rows))


def of_deployment(tx: Tx, deployment: str) -> tuple[Release, ...]:
    """In the order in which they were recorded."""
    rows = tx.all("SELECT * FROM releases WHERE deployment = :deployment ORDER BY number", deployment=deployment)
    return tuple(map(_release, rows))


def history(tx: Tx, *, component: str = "", environment: str = "", limit: int = 50) -> tuple[Release, ...]:
    """Newest first, of every status. Empty filters match everything."""
    rows = tx.all(
        "SELECT * FROM releases WHERE (:component = '' OR component = :component) AND (:environment = '' OR environment = :environment)"
        " ORDER BY number DESC LIMIT :limit",
        component=component,
        environment=environment,
        limit=limit,
    )
    return tuple(map(_release, rows))


def _standing(tx: Tx, component: str, environment: str, *, before: str | None) -> Release | None:
    found = _top(tx, component, environment, before=before)
    return found if found is not None and found.status in STANDING else None


def _top(tx: Tx, component: str, environment: str, *, before: str | None) -> Release | None:
    row = tx.one(
        "SELECT * FROM releases WHERE environment = :environment AND component = :component AND status <> 'undone'"
        " AND (:before = '' OR number < (SELECT number FROM releases WHERE id = :before)) ORDER BY number DESC LIMIT 1",
        environment=environment,
        component=component,
        before=before or "",
    )
    return _release(row) if row else None


def _release(row: Row) -> Release:
    return replace(
        load(Release, row["document"]),
        status=ReleaseStatus(row["status"]),
        verified_at=row["verified_at"],
        undone_by=row["undone_by"],
    )
