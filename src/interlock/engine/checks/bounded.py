"""A whole answer in time, or none.

Socket timeouts bound one wait, not the answer: a server that sends a byte now and then, a name server that is silent, or a host with many dead
addresses outlasts them. So what talks to the network does it in a thread that is left behind when time is up or a person asks for the end. It ends
with its connection; the program does not wait for it.
"""

import queue
import threading
from collections.abc import Callable

from interlock.engine.checks.seen import Seen
from interlock.model.errors import Cancelled
from interlock.model.units import format_duration
from interlock.world import World

_TICK = 0.1  # seconds between looks at the cancel token
_SLACK = 0.25  # for an error with better words, that comes with the timeout itself


def bounded(look: Callable[[], Seen], timeout: float, world: World) -> Seen:
    """What `look` saw, or that it saw nothing in time. Raises what it raises, and Cancelled."""
    answer: queue.SimpleQueue[Seen | BaseException] = queue.SimpleQueue()

    def work() -> None:
        try:
            answer.put(look())
        except BaseException as error:
            answer.put(error)

    threading.Thread(target=work, name="check", daemon=True).start()
    end = world.clock.monotonic() + timeout + _SLACK
    while (left := end - world.clock.monotonic()) > 0:
        try:
            found = answer.get(timeout=min(_TICK, left))
        except queue.Empty:
            if world.cancel.requested:
                raise Cancelled("the check was cancelled") from None
            continue
        if isinstance(found, BaseException):
            raise found
        return found
    return Seen(False, f"no whole answer within {format_duration(timeout)}")
