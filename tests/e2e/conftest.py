"""One lab cloud and one shop a test; OpenTofu and the provider are built once per user."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from e2e.shop import READER, WRITER, Shop, make_shop
from interlock.testing import tools
from interlock.testing.labcloud import LabCloud


@pytest.fixture(scope="session")
def built() -> tools.Tools:
    return tools.find_tools()


@pytest.fixture
def lab() -> Iterator[LabCloud]:
    with LabCloud(tokens=(READER, WRITER)) as cloud:
        yield cloud


@pytest.fixture
def shop(tmp_path: Path, lab: LabCloud, built: tools.Tools) -> Shop:
    """A committed repository with nothing in it but one environment, `dev`, and the stack `app`."""
    made = make_shop(tmp_path, lab, built)
    made.organization()
    made.stack("app")
    made.commit("Start")
    return made
