"""Holds: a revision that failed in an environment must not come back by itself. One row per (environment, component, revision).

A hold ends when a person releases it, with a reason, or when a newer revision of the component is verified there; its row stays, as history.
"""

from collections.abc import Collection
from dataclasses import dataclass

from interlock.store import times
from interlock.store.database import Row, Tx


@dataclass(frozen=True)
class Hold:
    """`released` is a stamp or ""; `released_by` a person, or the id of the newer verified release."""

    environment: str
    component: str
    revision: str
    reason: str
    deployment: str
    since: str
    released: str
    released_by: str
    release_reason: str


def hold(tx: Tx, environment: str, component: str, revision: str, *, reason: str, deployment: str) -> None:
    """Holds the revision (a commit), again if it was released before. One that is held keeps its first reason."""
    tx.execute(
        """INSERT INTO holds (environment, component, revision, reason, deployment, since, released, released_by, release_reason)
        VALUES (:environment, :component, :revision, :reason, :deployment, :now, '', '', '')
        ON CONFLICT (environment, component, revision) DO UPDATE SET reason = :reason, deployment = :deployment, since = :now,
            released = '', released_by = '', release_reason = '' WHERE holds.released <> ''""",
        environment=environment,
        component=component,
        revision=revision,
        reason=reason,
        deployment=deployment,
        now=times.now(tx),
    )


def is_held(tx: Tx, environment: str, component: str, revision: str) -> str | None:
    """Why this revision is held here, with the deployment that failed; None when it is not."""
    row = tx.one(
        "SELECT * FROM holds WHERE environment = :environment AND component = :component AND revision = :revision AND released = ''",
        environment=environment,
        component=component,
        revision=revision,
    )
    return f"{row['reason']} ({row['deployment']})" if row else None


def release(tx: Tx, environment: str, component: str, *, person: str, reason: str) -> tuple[str, ...]:
    """Ends every hold on the component here; the revisions that were held, sorted."""
    rows = tx.all(
        "UPDATE holds SET released = :now, released_by = :person, release_reason = :reason"
        " WHERE environment = :environment AND component = :component AND released = '' RETURNING revision",
        environment=environment,
        component=component,
        person=person,
        reason=reason,
        now=times.now(tx),
    )
    return tuple(sorted(str(row["revision"]) for row in rows))


def end_by_newer(
    tx: Tx, environment: str, component: str, release_id: str, revisions: Collection[str]
) -> tuple[str, ...]:
    """A newer revision is verified here: ends the holds on `revisions` (those it descends from), as `release` does. The ended ones, sorted."""
    held = {hold.revision for hold in active(tx, environment=environment, component=component)} & set(revisions)
    for revision in sorted(held):
        tx.execute(
            "UPDATE holds SET released = :now, released_by = :by, release_reason = 'a newer revision was verified'"
            " WHERE environment = :environment AND component = :component AND revision = :revision",
            now=times.now(tx),
            by=release_id,
            environment=environment,
            component=component,
            revision=revision,
        )
    return tuple(sorted(held))


def active(tx: Tx, *, environment: str = "", component: str = "") -> tuple[Hold, ...]:
    """What is held, sorted by environment, component and time."""
    rows = tx.all(
        "SELECT * FROM holds WHERE released = '' AND (:environment = '' OR environment = :environment)"
        " AND (:component = '' OR component = :component) ORDER BY environment, component, since, revision",
        environment=environment,
        component=component,
    )
    return tuple(map(_hold, rows))


def _hold(row: Row) -> Hold:
    return Hold(**row)
