"""A lock that dies with its holder: flock on a file that says who holds it.

The kernel lets go when the process ends, however it ends, so no lock is ever left for a person to break. The file stays: removing it would let two
processes hold two locks of one name. Its content (process id, since when) is for messages only.
"""

import fcntl
import json
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType

from interlock.model.errors import LeaseHeld, Permanent

_LOOK = 0.1  # seconds between attempts


@dataclass(frozen=True)
class Holder:
    """`since` is ISO 8601, UTC."""

    process: int
    since: str


class FileLock:
    """One attempt to hold `path`; not shared between threads (two locks of one path exclude each other, in one process too).

    As a context manager it waits `patience` seconds. `say` is called once with a sentence when it has to wait.
    """

    def __init__(
        self, path: Path, *, what: str, patience: float = 3600.0, say: Callable[[str], None] | None = None
    ) -> None:
        self.path = path
        self._what = what
        self._patience = patience
        self._say = say
        self._descriptor = -1

    def try_acquire(self) -> bool:
        """Raises Permanent when the file cannot be made."""
        assert self._descriptor < 0, "held already"
        while True:
            descriptor = self._open()
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                os.close(descriptor)
                return False
            if _same_file(descriptor, self.path):
                break
            os.close(descriptor)  # the folder was removed while we opened it
        os.ftruncate(descriptor, 0)
        note = {"process": os.getpid(), "since": datetime.now(UTC).isoformat(timespec="seconds")}
        os.pwrite(descriptor, json.dumps(note).encode(), 0)
        self._descriptor = descriptor
        return True

    def acquire(self, *, patience: float | None = None) -> None:
        """Raises LeaseHeld, naming the holder, when it is still held after `patience` seconds."""
        end = time.monotonic() + (self._patience if patience is None else patience)
        told = False
        while not self.try_acquire():
            if time.monotonic() >= end:
                raise LeaseHeld(self._held(), hint="Try again when it is done", slug="lock-held")
            if not told and self._say:
                self._say(f"{self._held()}; waiting")
                told = True
            time.sleep(_LOOK)

    def release(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def holder(self) -> Holder | None:
        """Who wrote its name last; only while `try_acquire` fails is that who holds it."""
        try:
            note = json.loads(self.path.read_text())
            return Holder(int(note["process"]), str(note["since"]))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def __enter__(self) -> "FileLock":
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()

    def _held(self) -> str:
        holder = self.holder()
        by = f"by process {holder.process} since {holder.since}" if holder else "by another process"
        return f"{self._what} is held {by}"

    def _open(self) -> int:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            return os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        except OSError as error:
            raise Permanent(
                f"the lock {self.path} cannot be opened: {error.strerror}",
                hint="Check its owner and mode",
                slug="cannot-write",
            ) from None


def _same_file(descriptor: int, path: Path) -> bool:
    try:
        there = path.lstat()
    except FileNotFoundError:
        return False
    here = os.fstat(descriptor)
    return (here.st_ino, here.st_dev) == (there.st_ino, there.st_dev)
