"""What the last drift check found in each (component, environment), so that people are told when the set changes, not each time.

`digest` is of the set of drifted changes; "" means that there was none. A check that could not be made keeps the last set and says why.
"""

from dataclasses import dataclass

from interlock.store import times
from interlock.store.database import Tx


@dataclass(frozen=True)
class DriftRecord:
    """`since` is when the set became what it is; `checked` when it was last looked at; `error` why that failed, or ""."""

    environment: str
    component: str
    release: str
    digest: str
    since: str
    checked: str
    plan: str
    error: str


def record(tx: Tx, component: str, environment: str, *, release: str, digest: str, plan: str = "") -> bool:
    """True when the set is another than last time (the first time: when there is any drift): somebody should be told."""
    now, last = times.now(tx), get(tx, component, environment)
    changed = digest != (last.digest if last else "")
    _put(
        tx,
        DriftRecord(
            environment, component, release, digest, last.since if last and not changed else now, now, plan, ""
        ),
    )
    return changed


def record_error(tx: Tx, component: str, environment: str, error: str) -> bool:
    """It could not be checked; `error` is redacted. True when the time before it could."""
    now, last = times.now(tx), get(tx, component, environment)
    last = last or DriftRecord(environment, component, "", "", now, now, "", "")
    _put(tx, DriftRecord(environment, component, last.release, last.digest, last.since, now, last.plan, error))
    return not last.error


def get(tx: Tx, component: str, environment: str) -> DriftRecord | None:
    row = tx.one(
        "SELECT * FROM drift WHERE environment = :environment AND component = :component",
        environment=environment,
        component=component,
    )
    return (
        DriftRecord(release=row["release_id"], **{k: v for k, v in row.items() if k != "release_id"}) if row else None
    )


def all_known(tx: Tx) -> tuple[DriftRecord, ...]:
    rows = tx.all("SELECT * FROM drift ORDER BY environment, component")
    return tuple(
        DriftRecord(release=row["release_id"], **{k: v for k, v in row.items() if k != "release_id"}) for row in rows
    )


def _put(tx: Tx, record: DriftRecord) -> None:
    tx.execute(
        """INSERT INTO drift (environment, component, release_id, digest, since, checked, plan, error)
        VALUES (:environment, :component, :release, :digest, :since, :checked, :plan, :error)
        ON CONFLICT (environment, component) DO UPDATE SET release_id = :release, digest = :digest, since = :since, checked = :checked,
            plan = :plan, error = :error""",
        **vars(record),
    )
