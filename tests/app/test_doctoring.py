"""What a doctor says of a disk, and that a check which breaks is a finding."""

from pathlib import Path

import pytest

from interlock.app.doctoring import Check, Found, Level, _made
from interlock.app.doctoring.machine import LOW, TOO_LOW, disk_found
from interlock.model.errors import ConfigurationError, Location, Permanent, Problem


@pytest.mark.parametrize(
    ("free", "inodes", "level"),
    [
        (LOW, None, Level.OK),
        (LOW - 1, None, Level.WARNING),
        (TOO_LOW, 5000, Level.WARNING),
        (TOO_LOW - 1, None, Level.FAILED),
        (LOW, 999, Level.FAILED),
        (0, 0, Level.FAILED),
    ],
)
def test_disk(free: int, inodes: int | None, level: Level) -> None:
    found = disk_found("data", Path("/data"), free, inodes)
    assert found.level is level
    assert bool(found.mend) is (level is not Level.OK)


@pytest.mark.parametrize(
    "error",
    [
        Permanent("it is broken", hint="mend it"),
        ConfigurationError((Problem(Location("a.yaml", 3, 1), "x", "it is broken", hint="mend it"),)),
        ZeroDivisionError("with a value in its text"),
    ],
)
def test_a_check_that_raises_is_a_failed_one(error: Exception) -> None:
    def look() -> list[Found]:
        raise error

    (found,) = _made(Check("it", look))
    assert found.level is Level.FAILED
    assert "with a value" not in found.what
