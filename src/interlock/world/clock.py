"""The time, as a thing that can be handed over: tests hand over another one (`interlock.testing.clock`)."""

import time
from datetime import UTC, datetime


class SystemClock:
    """Implements `world.Clock`."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
