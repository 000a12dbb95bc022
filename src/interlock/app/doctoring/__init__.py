"""`interlock doctor`: is everything here that Interlock needs, and how is what is not mended.

Every check stands alone: an error in it is a finding, never the end, so that it runs where half is broken. A check whose foundation failed (no key: no
database) says that it was not made, and why: not knowing is a warning, never "ok". Nothing is mended by itself, and nothing is made that is not there.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from interlock.model.errors import ConfigurationError, Corrupt, InterlockError


class Level(StrEnum):
    OK = "ok"
    WARNING = "warning"
    FAILED = "failed"


@dataclass(frozen=True)
class Finding:
    """`what` was found by the check of this name; `mend` is what to do, "" where nothing needs to be done."""

    check: str
    level: Level
    what: str
    mend: str = ""


@dataclass(frozen=True)
class Found:
    """What a check says: a finding without its name."""

    what: str
    mend: str = ""
    level: Level = Level.OK


def warned(what: str, mend: str) -> Found:
    return Found(what, mend, Level.WARNING)


def failed(what: str, mend: str) -> Found:
    return Found(what, mend, Level.FAILED)


@dataclass(frozen=True)
class Check:
    """`needs` are the checks that must not have failed for this one to be worth making."""

    name: str
    look: Callable[[], Iterable[Found]]
    needs: tuple[str, ...] = ()


def examine(start: Path, environ: Mapping[str, str], *, progress: Callable[[str, str], None]) -> tuple[Finding, ...]:
    """Every check, in a fixed order, for the repository that `start` is in. Never raises for what it finds."""
    from interlock.app.doctoring.ground import Ground
    from interlock.app.doctoring.machine import machine_checks
    from interlock.app.doctoring.records import record_checks
    from interlock.app.doctoring.repository import repository_checks

    ground = Ground(start, dict(environ))
    found: list[Finding] = []
    broken: dict[str, str] = {}  # a check that failed or was not made → the failed one that it goes back to
    for check in [*repository_checks(ground), *record_checks(ground), *machine_checks(ground)]:
        missing = [broken[name] for name in check.needs if name in broken]
        if missing:
            broken[check.name] = missing[0]
            found.append(Finding(check.name, Level.WARNING, f"not checked, for want of: {missing[0]}"))
            continue
        progress(check.name, "looking")
        made = _made(check)
        progress(check.name, "")
        found += made
        if any(finding.level is Level.FAILED for finding in made):
            broken[check.name] = check.name
    return tuple(found)


def _made(check: Check) -> list[Finding]:
    try:
        return [Finding(check.name, found.level, found.what, found.mend) for found in check.look()]
    except ConfigurationError as error:
        first, more = error.problems[0], len(error.problems) - 1
        place = f"{first.location}: {first.message}" + (f" (and {more} more)" if more else "")
        return [Finding(check.name, Level.FAILED, place, error.hint or first.hint or "interlock validate shows it")]
    except InterlockError as error:
        mend = error.hint or ("restore it from a backup, or move it away" if isinstance(error, Corrupt) else "")
        return [Finding(check.name, Level.FAILED, error.message, mend)]
    except Exception as error:
        # A surprise is told by its type alone: its text may hold anything.
        return [
            Finding(check.name, Level.FAILED, f"could not be checked: {type(error).__name__}", "please report this")
        ]
