"""Yards stand in memory where that is possible: a deployment waits for the disk at each of its many commits."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

_MEMORY = Path("/dev/shm")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """A folder of the test's own."""
    if not _MEMORY.is_dir() or shutil.disk_usage(_MEMORY).free < 500_000_000:
        yield tmp_path
        return
    folder = Path(tempfile.mkdtemp(prefix="interlock-yard-", dir=_MEMORY))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)
