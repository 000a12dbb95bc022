"""A long program run with somebody watching: what it is at, for how long, and when it fails, its last lines and what to do.

Standard library only, like `script/tools.py`, whose other half this is.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from pathlib import Path

PLAIN_INTERVAL = 15.0
NETWORK_SIGNS = (
    "dial tcp",
    "No matching distribution",
    "no such host",
    "connection refused",
    "i/o timeout",
    "TLS handshake",
    "proxyconnect",
    "502 Bad",
    "503 Service",
)


class BuildFailed(Exception):
    """`args[0]` says what went wrong, `args[1]` what to do about it."""


class Progress:
    """What is being done and for how long: one line rewritten on a terminal, a plain line now and then elsewhere."""

    def __init__(self, name: str) -> None:
        self.name, self.started, self.doing = name, time.monotonic(), ""
        self._tty, self._printed = sys.stderr.isatty(), 0.0

    def say(self, text: str) -> None:
        """A line that stays."""
        self._clear()
        print(f"tools: {self.name}: {text}", file=sys.stderr, flush=True)
        self._printed = time.monotonic()

    def tick(self) -> None:
        elapsed = int(time.monotonic() - self.started)
        line = f"tools: {self.name}: {self.doing} ({elapsed // 60}:{elapsed % 60:02d})"
        if self._tty:
            self._clear()
            print(line[: shutil.get_terminal_size().columns - 1], end="", file=sys.stderr, flush=True)
        elif time.monotonic() - self._printed >= PLAIN_INTERVAL:
            print(line, file=sys.stderr, flush=True)
            self._printed = time.monotonic()

    def _clear(self) -> None:
        if self._tty:
            print("\r\033[K", end="", file=sys.stderr)


def run(argv: list[str], progress: Progress, *, cache: Path, env: dict[str, str], cwd: Path | None = None) -> None:
    """Runs `argv`, which fills `cache`, to its end, counting the modules and packages it names; ending us ends it.

    Raises BuildFailed with its last lines."""
    tail: deque[str] = deque(maxlen=8)
    counts = {"downloaded": 0, "compiled": 0}
    process = subprocess.Popen(
        argv,
        env=env,
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )

    def read() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("go: downloading "):
                counts["downloaded"] += 1
            elif re.fullmatch(r"[\w.~/+-]+\n", line):  # `go build -v` prints each package it compiles
                counts["compiled"] += 1
            else:
                tail.append(line.rstrip())

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    doing = progress.doing
    try:
        while reader.is_alive():
            if counts["compiled"] or counts["downloaded"]:
                progress.doing = (
                    f"{doing}: {counts['downloaded']} modules downloaded, {counts['compiled']} packages compiled"
                )
            progress.tick()
            reader.join(0.5)
        code = process.wait()
    finally:
        if process.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    if code != 0:
        raise BuildFailed(
            f"`{' '.join(argv[:3])} ...` ended with {code}:\n  " + "\n  ".join(tail), _remedy("\n".join(tail), cache)
        )


def _remedy(output: str, cache: Path) -> str:
    free = shutil.disk_usage(cache).free
    if free < 200 << 20 or "no space left" in output:
        where = "set XDG_CACHE_HOME, GOCACHE and GOMODCACHE elsewhere"
        return f"the disk is full ({free >> 20} MB free at {cache}); free some, or {where}"
    if any(sign in output for sign in NETWORK_SIGNS):
        mirrors = "name a mirror in GOPROXY (Go) or PIP_INDEX_URL (Python)"
        return f"a registry could not be reached; behind a proxy set HTTPS_PROXY, or {mirrors}; then run it again"
    return "run it again; what was finished is kept. If it fails the same way, the lines above are Go's or pip's own"
