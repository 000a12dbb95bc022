"""A test run finds what its tests left running, ends it and says so.

Every process that a test starts, and whatever those start, inherits a mark of this run in its environment, or works below the run's
temporary folder, or names it in its arguments. At the end the first process of the run looks for them all (on Linux, in /proc).
"""

import contextlib
import os
import signal
import time
from pathlib import Path

import pytest
from hypothesis import settings

# A busy machine is no failure: nothing is judged by its time. `make check` asks for fewer examples than `make test`.
settings.register_profile("interlock", deadline=None, print_blob=True)
settings.register_profile("quick", settings.get_profile("interlock"), max_examples=15)
settings.load_profile("interlock")

MARK = "INTERLOCK_TEST_RUN"
PROC = Path("/proc")
_ended = pytest.StashKey[list[str]]()


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):  # not one of xdist's workers
        os.environ[MARK] = f"{os.getpid()}-{time.time_ns()}"


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    config = session.config
    if hasattr(config, "workerinput") or not PROC.is_dir():
        return
    folders: Path | None = getattr(getattr(config, "_tmp_path_factory", None), "_basetemp", None)
    config.stash[_ended] = _end(_left(f"{MARK}={os.environ[MARK]}".encode(), folders))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if left := config.stash.get(_ended, []):
        terminalreporter.section("processes that tests left running, ended now")
        for line in left:
            terminalreporter.line(line)


def _left(mark: bytes, folder: Path | None) -> dict[int, str]:
    """Process id → command line, of the processes that belong to this run; xdist's workers have ended by now."""
    below = f"{folder}/".encode() if folder else None
    found: dict[int, str] = {}
    for process in PROC.iterdir():
        if not process.name.isdecimal() or int(process.name) == os.getpid() or not _alive(process):
            continue
        with contextlib.suppress(OSError):
            argv, environ = (process / "cmdline").read_bytes(), (process / "environ").read_bytes()
            working = os.fsencode((process / "cwd").readlink())
            if mark in environ.split(b"\0") or (below and (below in argv or working.startswith(below))):
                found[int(process.name)] = argv.replace(b"\0", b" ").decode(errors="replace").strip()[:200]
    return found


def _end(found: dict[int, str]) -> list[str]:
    """Asks each to end, then kills it."""
    for number in (signal.SIGTERM, signal.SIGKILL):
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        deadline = time.monotonic() + 3
        while time.monotonic() < deadline and any(_alive(PROC / str(pid)) for pid in found):
            time.sleep(0.02)
    return [f"{pid}: {line}" for pid, line in sorted(found.items())]


def _alive(process: Path) -> bool:
    """There, and not a zombie that waits for its parent to look."""
    try:
        return (process / "stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
