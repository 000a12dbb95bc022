"""Logs of steps: plain files, appended line by line, each with its time. They are for people; nothing is ever decided from them.

So a full disk loses lines rather than cutting a tool in the middle of its apply. Each line is one `write` to a file opened for appending, which
keeps lines of several writers whole.
"""

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from interlock.model.errors import Permanent
from interlock.store import times
from interlock.store.durable import make_folder


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


def follow(path: Path, ended: Callable[[], bool], *, every: float = 0.2) -> Iterator[str]:
    """The lines so far and then each as it comes, until `ended()`, asked between looks, and what was written by then is told.

    A line is told when it is whole. The file need not be there yet.
    """
    position, rest = 0, b""
    while True:
        last = ended()  # asked before looking: what was written before the end is still found
        with contextlib.suppress(FileNotFoundError), path.open("rb") as file:
            file.seek(position)
            rest += file.read()
            position = file.tell()
        *lines, rest = rest.split(b"\n")
        for line in lines:
            yield line.decode("utf-8", "replace")
        if last:
            return
        if not lines:
            time.sleep(every)
