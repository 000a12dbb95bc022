"""A real store on a temporary folder, and real processes beside it; nothing is faked."""

import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from interlock.model.digest import Keyed
from interlock.store import Store
from interlock.store.database import Database
from interlock.store.home import Home

KEY = bytes(range(32))

PREAMBLE = """
import os, signal, sys, time
from pathlib import Path
from interlock.model.digest import Keyed
from interlock.store import Store
from interlock.store.home import Home
home = Home(Path(sys.argv[1]), "acme-0123456789ab", Path(sys.argv[1]) / "keys")
store = Store.open(home, Keyed(bytes(range(32))))
def die(): os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def keyed():
    return Keyed(KEY)


@pytest.fixture
def database(tmp_path):
    database = Database.open(tmp_path / "interlock.db")
    yield database
    database.close()


@pytest.fixture
def home(tmp_path):
    root = tmp_path / "home"
    return Home(root, "acme-0123456789ab", root / "keys").prepare()


@pytest.fixture
def store(home, keyed):
    store = Store.open(home, keyed)
    yield store
    store.close()


@pytest.fixture
def start(home):
    """Starts a process with `store` open on the same home, running the given code; ends it when the test leaves it running."""
    started = []

    def start(code: str, *arguments: str) -> subprocess.Popen:
        argv = [sys.executable, "-c", PREAMBLE + textwrap.dedent(code), str(home.root), *arguments]
        started.append(subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()


def ended(process: subprocess.Popen) -> str:
    """What it printed; fails the test when it did not end well."""
    out, error = process.communicate(timeout=60)
    assert process.returncode == 0, error
    return out


def files_under(folder: Path) -> list[Path]:
    return sorted(p for p in folder.rglob("*") if p.is_file())
