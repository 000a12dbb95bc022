"""Cancelling, from any thread: once is a request, again means now.

A child token is cancelled with its parent, and may be cancelled without it (one step of a deployment).
"""

import time


class CancelToken:
    """Implements `world.Cancel`. `request` may be called from a signal handler: it takes no lock that a waiter could hold."""

    def __init__(self, parent: "CancelToken | None" = None) -> None:
        self._parent = parent
        self._requested = False
        self._hard = False

    def __repr__(self) -> str:
        return f"CancelToken({'hard' if self.hard else 'requested' if self.requested else ''})"

    @property
    def requested(self) -> bool:
        return self._requested or (self._parent is not None and self._parent.requested)

    @property
    def hard(self) -> bool:
        return self._hard or (self._parent is not None and self._parent.hard)

    def request(self, *, hard: bool = False) -> None:
        """A hard request stays hard."""
        self._hard = self._hard or hard
        self._requested = True

    def child(self) -> "CancelToken":
        return CancelToken(self)

    def wait(self, seconds: float) -> bool:
        # Polling: an Event's lock would deadlock when a signal handler sets it while the same thread is inside `wait`.
        end = time.monotonic() + seconds
        while not self.requested:
            left = end - time.monotonic()
            if left <= 0:
                return False
            time.sleep(min(left, _POLL))
        return True


_POLL = 0.05
