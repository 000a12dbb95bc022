from pathlib import Path

import pytest

from interlock.testing.world import Outside, outside


@pytest.fixture
def out(tmp_path: Path) -> Outside:
    return outside(tmp_path)
