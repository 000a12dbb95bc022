"""Logs of steps: plain files, appended line by line, each with its time. They are for people; nothing is ever decided from them.

So a full disk loses lines rather than cutting a tool in the middle of its apply. Each line is one `write` to a file opened for appending, which
keeps lines of several writers whole.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from interlock.model.errors import Permanent
from interlock.store import times
from interlock.store.durable import make_folder

_AT_ONCE = 4_000_000


def writer(path: Path) -> Callable[[str], None]:
    """A function that appends one or more lines (already redacted) to `path` (0600). Nothing is made before the first line."""

    def write(text: str) -> None:
        stamp = times.now()
        data = "".join(f"{stamp} {line}\n" for line in text.splitlines() or [""]).encode("utf-8", "replace")
        with contextlib.suppress(OSError, Permanent):
            if not path.parent.is_dir():
                make_folder(path.parent)
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            try:
                os.write(descriptor, data)
            finally:
                os.close(descriptor)

    return write


def read(path: Path) -> Iterator[str]:
    """The lines so far, without their ends; none when there is no log."""
    with contextlib.suppress(FileNotFoundError), path.open(encoding="utf-8", errors="replace", newline="\n") as file:
        for line in file:
            yield line.rstrip("\n")


class Tail:
    """Whole lines of a growing log, asked for again and again. The file need not be there yet."""

    def __init__(self, path: Path) -> None:
        self._path, self._at = path, 0

    def more(self) -> list[str]:
        """What was finished since the last time, at most a few megabytes at once: ask until there is nothing."""
        with contextlib.suppress(FileNotFoundError), self._path.open("rb") as file:
            file.seek(self._at)
            data = file.read(_AT_ONCE)
            whole = data.rfind(b"\n") + 1
            self._at += whole
            return data[:whole].decode("utf-8", "replace").split("\n")[:-1] if whole else []
        return []


def follow(tails: Mapping[str, Tail], ended: Callable[[], bool], *, every: float = 0.2) -> Iterator[tuple[str, str]]:
    """(name, line) of several logs as they come, until `ended()`, asked before each look, and what was written by then is told."""
    while True:
        last = ended()
        found = True
        while found:
            lines = [(name, line) for name, tail in tails.items() for line in tail.more()]
            yield from lines
            found = bool(lines)
        if last:
            return
        time.sleep(every)
