"""What is going on, while something takes long: one line that is redrawn on a terminal, nothing elsewhere; and a first Ctrl-C that asks politely."""

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType, TracebackType

from interlock.world.cancel import CancelToken


class Spinner:
    """`update(name, what)` from any thread; an empty `what` says that `name` is done."""

    def __init__(self) -> None:
        self._shown = sys.stderr.isatty()
        self._doing: dict[str, str] = {}
        self._done = 0
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._start = time.monotonic()
        self._thread = threading.Thread(target=self._draw, daemon=True)

    def update(self, name: str, what: str) -> None:
        with self._lock:
            if what:
                self._doing[name] = what.strip().splitlines()[-1] if what.strip() else ""
            elif self._doing.pop(name, None) is not None:
                self._done += 1

    def __enter__(self) -> "Spinner":
        if self._shown:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._shown:
            self._thread.join()
            sys.stderr.write("\r\x1b[2K")
            sys.stderr.flush()

    def _draw(self) -> None:
        import shutil

        while not self._stop.wait(0.15):
            with self._lock:
                doing, done = dict(self._doing), self._done
            name, what = next(iter(sorted(doing.items())), ("", ""))
            more = f" and {len(doing) - 1} more" if len(doing) > 1 else ""
            line = f"{time.monotonic() - self._start:5.1f}s  {done} done  {name}{more}  {what}"
            width = shutil.get_terminal_size().columns - 1
            sys.stderr.write(f"\r\x1b[2K{line[:width]}")
            sys.stderr.flush()


@contextlib.contextmanager
def interruptible() -> Iterator[CancelToken]:
    """A token that the first Ctrl-C (or SIGTERM) asks through, and the second insists with."""
    token = CancelToken()

    def stop(_number: int, _frame: FrameType | None) -> None:
        token.request(hard=token.requested)

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield token
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
