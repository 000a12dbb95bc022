"""Times as the store keeps them: UTC, ISO 8601 with milliseconds and `Z`, so that text order is time order."""

import time
from datetime import UTC, datetime

from interlock.store.database import Tx


def stamp(epoch: float) -> str:
    """`2026-01-31T12:00:00.000Z` of seconds since the epoch."""
    moment = datetime.fromtimestamp(round(epoch, 3), UTC)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def now(tx: Tx | None = None) -> str:
    """A stamp by the database's clock, which dates every row that `tx` writes; without one by this process's."""
    return stamp(time.time() if tx is None else tx.now())
