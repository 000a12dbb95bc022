"""Notifications as they were delivered, or not: a dead channel fails nothing, so it must at least be seen."""

from dataclasses import dataclass

from interlock.store import times
from interlock.store.database import Tx


@dataclass(frozen=True)
class Notice:
    """`detail` says why it was not delivered, redacted; `deployment` is "" for one about no deployment."""

    number: int
    channel: str
    event: str
    deployment: str
    delivered: bool
    detail: str
    at: str


def record(tx: Tx, channel: str, event: str, *, delivered: bool, deployment: str = "", detail: str = "") -> None:
    tx.execute(
        "INSERT INTO notices (number, channel, event, deployment, delivered, detail, at)"
        " VALUES (:number, :channel, :event, :deployment, :delivered, :detail, :at)",
        number=tx.next("notices"),
        channel=channel,
        event=event,
        deployment=deployment,
        delivered=int(delivered),
        detail=detail,
        at=times.now(tx),
    )


def newest(tx: Tx, *, deployment: str = "", limit: int = 50) -> tuple[Notice, ...]:
    """Newest first, of one deployment where it is named."""
    rows = tx.all(
        "SELECT * FROM notices WHERE (:deployment = '' OR deployment = :deployment) ORDER BY number DESC LIMIT :limit",
        deployment=deployment,
        limit=limit,
    )
    return tuple(Notice(**{**row, "delivered": bool(row["delivered"])}) for row in rows)
