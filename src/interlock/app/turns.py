"""How much runs at once. Tools take turns: as many as there are processors, or INTERLOCK_PARALLEL. Steps are more than that, so that what is ours between
two tools (records, blobs, waiting for the disk, a soak) never leaves a processor idle that another step's tool could use."""

import os
import threading
from collections.abc import Mapping
from typing import Any

from interlock.model.errors import Cancelled, UsageError
from interlock.world import Cancel, Finished, Proc

_STEPS_A_TURN = 4
_LEAST_STEPS = 12


def tools_at_once(environ: Mapping[str, str]) -> int:
    """Raises UsageError where INTERLOCK_PARALLEL is not a whole number from 1 to 256."""
    text = environ.get("INTERLOCK_PARALLEL", "").strip()
    if not text:
        return max(2, os.cpu_count() or 2)
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= 256:
        raise UsageError(
            f"INTERLOCK_PARALLEL is '{text}'", hint="it says how many tools run at once: a number from 1 to 256"
        )
    return int(text)


def steps_at_once(environ: Mapping[str, str]) -> int:
    return max(_LEAST_STEPS, _STEPS_A_TURN * tools_at_once(environ))


class Turns:
    """A `Proc` whose programs wait for their turn. `turns` is shared by every world of the process."""

    def __init__(self, proc: Proc, turns: threading.Semaphore, cancel: Cancel) -> None:
        self._proc, self._turns, self._cancel = proc, turns, cancel

    def run(self, argv: Any, *, what: str, **how: Any) -> Finished:
        while not self._turns.acquire(timeout=0.2):
            if self._cancel.requested:
                raise Cancelled(f"{what} was cancelled before it began")
        try:
            return self._proc.run(argv, what=what, **how)
        finally:
            self._turns.release()
