"""Managed state of OpenTofu stacks: versions and the lock. Bytes are blobs; here are their order and the rules for adding one.

A version is added only under the lock that the tool holds and the lease that we hold, with the lineage of the version before it and a greater
serial; the same serial with the same bytes is a repeated request and adds nothing. A lock belongs to the lease it was taken under: when that is
gone the lock is dead, and the next lease's holder takes it over without asking anybody.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from interlock.model.errors import LeaseLost, StalePlan
from interlock.model.plan import Blob
from interlock.store import leases, times
from interlock.store.database import Row, Tx


@dataclass(frozen=True)
class StateVersion:
    """`number` counts from 1. `md5` (hex) is what the protocol compares with, no proof of anything. `fence` is the lease's token."""

    environment: str
    component: str
    number: int
    serial: int
    lineage: str
    md5: str
    blob: Blob
    lock_id: str
    fence: int
    deployment: str
    at: str


@dataclass(frozen=True)
class StateLock:
    """`information` is the tool's LockInfo, as it came."""

    environment: str
    component: str
    lock_id: str
    information: Mapping[str, Any]
    fence: int
    since: str


def current(tx: Tx, component: str, environment: str) -> StateVersion | None:
    found = versions(tx, component, environment, limit=1)
    return found[0] if found else None


def versions(tx: Tx, component: str, environment: str, *, limit: int = 50) -> tuple[StateVersion, ...]:
    """Newest first."""
    rows = tx.all(
        "SELECT * FROM state_versions WHERE environment = :environment AND component = :component ORDER BY number DESC LIMIT :limit",
        environment=environment,
        component=component,
        limit=limit,
    )
    return tuple(map(_version, rows))


def md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()


def put(
    tx: Tx,
    component: str,
    environment: str,
    blob: Blob,
    *,
    serial: int,
    lineage: str,
    md5: str,
    lock_id: str,
    fence: int,
    deployment: str = "",
) -> StateVersion:
    """Adds a version. Raises LeaseLost (the fence is old), StalePlan (`state-unlocked`, `state-lineage`, `state-serial`)."""
    where = f"{component} in {environment}"
    if not leases.live(tx, component, environment, fence):
        raise LeaseLost(f"the state of {where} was not written: its lease (token {fence}) is no longer held")
    held = lock_of(tx, component, environment)
    if held is None or held.lock_id != lock_id or held.fence != fence:
        raise StalePlan(f"the state of {where} was not written: lock '{lock_id}' is not held", slug="state-unlocked")
    last = current(tx, component, environment)
    if last is not None:
        if lineage != last.lineage:
            raise StalePlan(f"the state of {where} has lineage {last.lineage}, not {lineage}", slug="state-lineage")
        if serial == last.serial and md5 == last.md5:
            return last
        if serial <= last.serial:
            raise StalePlan(
                f"the state of {where} has serial {last.serial}; {serial} is not newer", slug="state-serial"
            )
    number = last.number + 1 if last else 1
    version = StateVersion(
        environment, component, number, serial, lineage, md5, blob, lock_id, fence, deployment, times.now(tx)
    )
    tx.execute(
        """INSERT INTO state_versions (environment, component, number, serial, lineage, md5, blob_digest, blob_size, lock_id, fence, deployment, at)
        VALUES (:environment, :component, :number, :serial, :lineage, :md5, :digest, :size, :lock_id, :fence, :deployment, :at)""",
        digest=blob.digest,
        size=blob.size,
        **{name: value for name, value in vars(version).items() if name != "blob"},
    )
    return version


def lock_of(tx: Tx, component: str, environment: str) -> StateLock | None:
    """The lock that is held, or None. One whose lease is gone is not held."""
    row = tx.one(
        "SELECT * FROM state_locks WHERE environment = :environment AND component = :component",
        environment=environment,
        component=component,
    )
    if row is None or not leases.live(tx, component, environment, row["fence"]):
        return None
    return StateLock(**{**row, "information": json.loads(row["information"])})


def lock(
    tx: Tx, component: str, environment: str, lock_id: str, information: Mapping[str, Any], *, fence: int
) -> StateLock | None:
    """None when it is now ours (again, for the same id), else who holds it. Raises LeaseLost: only the lease's holder may lock."""
    if not leases.live(tx, component, environment, fence):
        raise LeaseLost(
            f"the state of {component} in {environment} was not locked: its lease (token {fence}) is no longer held"
        )
    held = lock_of(tx, component, environment)
    if held is not None:
        return None if held.lock_id == lock_id else held
    tx.execute(
        """INSERT INTO state_locks (environment, component, lock_id, information, fence, since)
        VALUES (:environment, :component, :lock_id, :information, :fence, :since)
        ON CONFLICT (environment, component) DO UPDATE SET lock_id = :lock_id, information = :information, fence = :fence, since = :since""",
        environment=environment,
        component=component,
        lock_id=lock_id,
        information=json.dumps(information, sort_keys=True),
        fence=fence,
        since=times.now(tx),
    )
    return None


def unlock(tx: Tx, component: str, environment: str, lock_id: str) -> bool:
    """False when that lock is not there."""
    sql = "DELETE FROM state_locks WHERE environment = :environment AND component = :component AND lock_id = :lock_id"
    return tx.execute(sql, environment=environment, component=component, lock_id=lock_id) == 1


def force_unlock(tx: Tx, component: str, environment: str) -> bool:
    """Whichever lock there is: for a tool that was killed while the lease that it ran under is still ours. False when there was none."""
    sql = "DELETE FROM state_locks WHERE environment = :environment AND component = :component"
    return tx.execute(sql, environment=environment, component=component) == 1


def _version(row: Row) -> StateVersion:
    values = dict(row)
    return StateVersion(blob=Blob(values.pop("blob_digest"), values.pop("blob_size")), **values)
