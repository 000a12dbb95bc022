"""Leases: the right to apply to a (component, environment), one holder at a time, with a fencing token.

The token grows with every taking, for ever: letting go only clears the holder. So whoever was paused, expired and replaced holds an old token, and
`check` (called directly before each write) tells it so. Time is the database's clock, the one that all processes share. An expired lease may be
taken by anyone; its holder may renew it as long as nobody did.
"""

from dataclasses import dataclass

from interlock.model.errors import LeaseHeld, LeaseLost
from interlock.store import times
from interlock.store.database import Database, Row, Tx


@dataclass(frozen=True)
class Lease:
    """`holder` is a deployment's id; `expires` is in seconds since the epoch."""

    component: str
    environment: str
    token: int
    holder: str
    taken: str
    expires: float


def take(tx: Tx, component: str, environment: str, holder: str, seconds: float, *, again: bool = False) -> Lease:
    """Raises LeaseHeld naming the holder. With `again` the same holder's lease is taken anew (its process died): the old token is worth nothing."""
    now = tx.now()
    row = tx.one(
        """INSERT INTO leases (environment, component, token, holder, taken, expires)
        VALUES (:environment, :component, 1, :holder, :taken, :expires)
        ON CONFLICT (environment, component) DO UPDATE SET token = leases.token + 1, holder = :holder, taken = :taken, expires = :expires
        WHERE leases.holder = '' OR leases.expires <= :now OR (:again = 1 AND leases.holder = :holder) RETURNING *""",
        environment=environment,
        component=component,
        holder=holder,
        taken=times.stamp(now),
        expires=now + seconds,
        now=now,
        again=int(again),
    )
    if row is not None:
        return Lease(**row)
    held = current(tx, component, environment)
    raise LeaseHeld(
        f"{held.holder if held else 'someone'} is applying to {component} in {environment}",
        hint="wait for it to end; its lease runs out by itself when its process died",
    )


def renew(tx: Tx, lease: Lease, seconds: float) -> Lease:
    """Raises LeaseLost when somebody has taken or ended it."""
    row = tx.one(
        "UPDATE leases SET expires = :expires WHERE environment = :environment AND component = :component AND token = :token"
        " AND holder = :holder RETURNING *",
        expires=tx.now() + seconds,
        environment=lease.environment,
        component=lease.component,
        token=lease.token,
        holder=lease.holder,
    )
    if row is None:
        raise _lost(lease)
    return Lease(**row)


def release(tx: Tx, lease: Lease) -> bool:
    """Lets go; False when it was no longer ours, and then nothing changes."""
    sql = "UPDATE leases SET holder = '', expires = 0 WHERE environment = :environment AND component = :component AND token = :token AND holder <> ''"
    return tx.execute(sql, environment=lease.environment, component=lease.component, token=lease.token) == 1


def current(tx: Tx, component: str, environment: str) -> Lease | None:
    """The lease as it stands, also an expired one; None when nobody holds it."""
    row = _row(tx, component, environment)
    return Lease(**row) if row is not None and row["holder"] else None


def holds(tx: Tx, lease: Lease) -> bool:
    """Is it still ours, and has it not run out?"""
    return live(tx, lease.component, lease.environment, lease.token)


def live(tx: Tx, component: str, environment: str, token: int) -> bool:
    """Does `token` carry the right to write now? Never true for a token of an older taking."""
    row = _row(tx, component, environment)
    return row is not None and row["holder"] != "" and row["token"] == token and row["expires"] > tx.now()


def check(tx: Tx, lease: Lease) -> None:
    """Raises LeaseLost unless `holds`."""
    if not holds(tx, lease):
        raise _lost(lease)


def all_held(tx: Tx) -> tuple[Lease, ...]:
    rows = tx.all("SELECT * FROM leases WHERE holder <> '' ORDER BY environment, component")
    return tuple(Lease(**row) for row in rows)


@dataclass(frozen=True)
class LeaseFence:
    """`world.Fence` of a lease."""

    database: Database
    lease: Lease

    @property
    def token(self) -> int:
        return self.lease.token

    def check(self) -> None:
        with self.database.read() as tx:
            check(tx, self.lease)


def _row(tx: Tx, component: str, environment: str) -> Row | None:
    return tx.one(
        "SELECT * FROM leases WHERE environment = :environment AND component = :component",
        environment=environment,
        component=component,
    )


def _lost(lease: Lease) -> LeaseLost:
    return LeaseLost(
        f"the lease on {lease.component} in {lease.environment} is no longer held by {lease.holder} (token {lease.token})",
        hint="nothing more is written by it; look at `interlock status` and deploy again",
    )
