"""One running program: its pipes, its end, and the signals on the way to it.

The group is the unit: signals go to all of it, and whatever of it is left when the program itself has ended is killed, so that the end of a run
means that the work is over. The program's exit is seen through a pidfd and it is reaped last, so its number cannot come to mean another
group meanwhile.

Pipes are read as they fill, all in one loop without threads. After the program's own end they are read on for a moment only: a grandchild that
keeps them open (a daemon) does not keep us.
"""

import contextlib
import os
import selectors
import signal
import time
from collections.abc import Callable, Mapping
from typing import IO, Protocol

from interlock.world import Cancel
from interlock.world.guarded import GUARD

_TICK = 0.1  # seconds between looks at the cancel token
_DRAIN = 0.5  # seconds that open pipes are read after the program's end without anything coming
_DRAIN_MOST = 5.0
_TERM = 5.0  # seconds between SIGTERM and SIGKILL
_READ = 65536


class Sink(Protocol):
    """Takes what a pipe gives, then `close`."""

    def feed(self, data: bytes) -> None: ...

    def close(self) -> None: ...


class Process(Protocol):
    """A started program that leads its own process group."""

    @property
    def pid(self) -> int: ...

    @property
    def stdin(self) -> IO[bytes] | None: ...

    def wait(self) -> int: ...


class Child:
    """`exit_code` is valid after `end`; negative is the signal that ended the program."""

    def __init__(
        self, start: Callable[[int], Process], pipe: tuple[int, int], sinks: Mapping[int, Sink], stdin: bytes | None
    ) -> None:
        """`start` gets the writing end of `pipe` for the program's standard error. `sinks` maps our ends of pipes to who takes what they give.

        The descriptors of `sinks` are ours from now on; so is the reading end of `pipe`, which is among them.
        """
        self.exit_code = 0
        self._stdin = memoryview(stdin or b"")
        self._sinks = dict(sinks)
        self._inode = os.fstat(pipe[1]).st_ino
        self._selector = selectors.DefaultSelector()
        self._pidfd = -1
        self._input: IO[bytes] | None = None
        try:
            GUARD.pending(self._inode)
            self._process = start(pipe[1])
        except BaseException:
            GUARD.ended(self._inode)
            for descriptor in self._sinks:
                os.close(descriptor)
            self._selector.close()
            raise
        try:
            self._attend()
        except BaseException:
            self._sinks = dict.fromkeys(self._sinks, _NOWHERE)
            self.end()
            raise

    def _attend(self) -> None:
        GUARD.started(self._inode, self._process.pid)
        for descriptor in self._sinks:
            os.set_blocking(descriptor, False)
            self._selector.register(descriptor, selectors.EVENT_READ)
        self._input = self._process.stdin
        if self._input is not None:
            os.set_blocking(self._input.fileno(), False)
            self._selector.register(self._input, selectors.EVENT_WRITE)
        self._pidfd = _pidfd(self._process.pid)
        if self._pidfd >= 0:
            self._selector.register(self._pidfd, selectors.EVENT_READ)

    def watch(self, cancel: Cancel, deadline: float | None, grace: float) -> str:
        """Until it ended and its pipes are read. Returns why it was stopped: "cancelled", "timed out" or "" when it was not."""
        reason, signals, due = "", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL], 0.0
        ended_at = heard_at = 0.0
        while True:
            active = self._serve(self._patience(deadline, due if reason else None, ended=bool(ended_at)))
            now = time.monotonic()
            if ended_at:
                heard_at = now if active else heard_at
                if not self._sinks or now - heard_at > _DRAIN or now - ended_at > _DRAIN_MOST:
                    return reason
                continue
            if self._has_ended():
                ended_at = heard_at = now
                continue
            if not reason:
                reason = (
                    "cancelled" if cancel.requested else "timed out" if deadline is not None and now >= deadline else ""
                )
                due = now
            if reason and cancel.hard and signals:
                signals, due = signals[-1:], now
            if reason and signals and now >= due:
                self._signal(signals.pop(0))
                due = now + (grace if len(signals) == 2 else _TERM)

    def end(self) -> None:
        """Kill what is left of the group, reap the program, close everything. May be called at any moment after the start."""
        self._signal(signal.SIGKILL)
        self.exit_code = self._process.wait()
        GUARD.ended(self._inode)
        unread = tuple(self._sinks.values())
        for descriptor in self._sinks:
            os.close(descriptor)
        self._sinks.clear()
        self._close_input()
        if self._pidfd >= 0:
            os.close(self._pidfd)
        self._selector.close()
        for sink in unread:
            sink.close()

    def _patience(self, deadline: float | None, due: float | None, *, ended: bool) -> float:
        if self._pidfd < 0 or ended:
            return 0.01
        moments = [moment for moment in (deadline if due is None else None, due) if moment is not None]
        return min([_TICK, *(max(0.0, moment - time.monotonic()) for moment in moments)])

    def _serve(self, seconds: float) -> bool:
        """Move what can be moved; was anything read?"""
        active = False
        for key, _ in self._selector.select(seconds):
            if key.fd in self._sinks:
                active = True
                self._read(key.fd)
            elif self._input is not None and key.fd == self._input.fileno():
                self._feed()
        return active

    def _read(self, descriptor: int) -> None:
        try:
            data = os.read(descriptor, _READ)
        except BlockingIOError:
            return
        if data:
            self._sinks[descriptor].feed(data)
            return
        self._selector.unregister(descriptor)
        os.close(descriptor)
        self._sinks.pop(descriptor).close()

    def _feed(self) -> None:
        assert self._input is not None
        try:
            written = os.write(self._input.fileno(), self._stdin[:_READ]) if self._stdin else 0
        except BlockingIOError:
            return
        except OSError:  # it reads no further
            written = len(self._stdin)
        self._stdin = self._stdin[written:]
        if not self._stdin:
            self._close_input()

    def _close_input(self) -> None:
        if self._input is not None:
            if self._input.fileno() in self._selector.get_map():
                self._selector.unregister(self._input)
            self._input.close()
            self._input = None

    def _has_ended(self) -> bool:
        """Without reaping: its number, and so its group's, stays its own."""
        return os.waitid(os.P_PID, self._process.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None

    def _signal(self, number: signal.Signals) -> None:
        # Nobody may be left; macOS says EPERM for a group of zombies.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, number)


class _Nowhere:
    def feed(self, data: bytes) -> None:
        """Drop it."""

    def close(self) -> None:
        """Nothing is held back."""


_NOWHERE = _Nowhere()


def _pidfd(process: int) -> int:
    """-1 where the system has none; then the end is looked for every 10 ms."""
    opener = getattr(os, "pidfd_open", None)
    try:
        return opener(process) if opener else -1
    except OSError:
        return -1
