from collections.abc import Iterator
from pathlib import Path

import pytest

from interlock.testing.labcloud import LabCloud
from interlock.testing.tools import find_tools

from .bench import Bench


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with LabCloud() as cloud:
        yield Bench(tmp_path, cloud, find_tools(allow_path=True))
