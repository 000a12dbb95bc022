"""Our end of the guard (see `world.guard`): started with the first program, told of each, started again should it die."""

import os
import sys
import threading
from pathlib import Path

from interlock.model.errors import Unavailable

_SCRIPT = Path(__file__).with_name("guard.py")


class Guard:
    """One for the whole process. `pending` before a program is started, `started` after, `ended` when its group is gone."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._pipe = -1
        self._process = 0
        self._running: dict[int, int] = {}
        self._forks_watched = False

    def pending(self, inode: int) -> None:
        """Raises Unavailable when no guard can be started: without one nothing is run."""
        self._tell(inode, 0)

    def started(self, inode: int, group: int) -> None:
        self._tell(inode, group)

    def ended(self, inode: int) -> None:
        with self._lock:
            if self._running.pop(inode, None) is not None and self._pipe >= 0:
                self._write(f"done {inode}\n")

    def _tell(self, inode: int, group: int) -> None:
        with self._lock:
            self._running[inode] = group
            if self._pipe < 0 or not self._write(_line(inode, group)):
                self._start()

    def _write(self, text: str) -> bool:
        try:
            return os.write(self._pipe, text.encode()) == len(text)
        except OSError:  # it died, or is stopped and its pipe is full
            return False

    def _start(self) -> None:
        self._stop()
        reading, self._pipe = os.pipe()
        try:
            self._process = os.posix_spawn(
                sys.executable,
                [sys.executable, "-I", "-S", str(_SCRIPT)],
                {},
                file_actions=[
                    (os.POSIX_SPAWN_DUP2, reading, 0),
                    (os.POSIX_SPAWN_OPEN, 1, os.devnull, os.O_WRONLY, 0),
                    (os.POSIX_SPAWN_OPEN, 2, os.devnull, os.O_WRONLY, 0),
                ],
                setpgroup=0,
                setsigmask=(),
            )
        except OSError as error:
            os.close(self._pipe)
            self._pipe = -1
            raise Unavailable(f"the guard that ends programs with us cannot be started: {error.strerror}") from None
        finally:
            os.close(reading)
        os.set_blocking(self._pipe, False)
        if not self._forks_watched:
            os.register_at_fork(after_in_child=self._forked)
            self._forks_watched = True
        for inode, group in self._running.items():
            self._write(_line(inode, group))

    def _stop(self) -> None:
        if self._pipe >= 0:
            os.close(self._pipe)
            self._pipe = -1
        if self._process:
            try:
                os.kill(self._process, 9)
                os.waitpid(self._process, 0)
            except OSError:
                pass
            self._process = 0

    def _forked(self) -> None:
        """A copy of us must not keep our pipe open, and runs its own programs."""
        if self._pipe >= 0:
            os.close(self._pipe)
        self._pipe, self._process, self._running, self._lock = -1, 0, {}, threading.Lock()


def _line(inode: int, group: int) -> str:
    return f"group {inode} {group}\n" if group else f"pending {inode}\n"


GUARD = Guard()
