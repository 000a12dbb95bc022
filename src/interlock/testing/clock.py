"""A clock that stands still until it is moved, so that a soak of an hour is tested in no time."""

import threading
from datetime import UTC, datetime, timedelta


class ManualClock:
    """Implements `world.Clock`. `sleep` moves it and returns at once; `slept` tells what was asked for. May be shared between threads."""

    def __init__(self, now: datetime = datetime(2026, 1, 1, tzinfo=UTC)) -> None:
        self._start = now
        self._moved = 0.0
        self._lock = threading.Lock()
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._start + timedelta(seconds=self._moved)

    def monotonic(self) -> float:
        return self._moved

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            self._moved += max(0.0, seconds)

    def move(self, seconds: float) -> None:
        with self._lock:
            self._moved += seconds
