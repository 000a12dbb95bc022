"""A real store on a temporary folder; nothing is faked."""

import pytest

from interlock.model.digest import Keyed
from interlock.store.database import Database

KEY = bytes(range(32))


@pytest.fixture
def keyed():
    return Keyed(KEY)


@pytest.fixture
def database(tmp_path):
    database = Database.open(tmp_path / "interlock.db")
    yield database
    database.close()
