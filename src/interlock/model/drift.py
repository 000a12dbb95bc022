"""What differs between the world and what was released, and why: the answer of `interlock drift`.

Drift is the plan of the revision that is already deployed. Code that is not deployed yet is none. What could not be looked at is
`unchecked`, which is never "clean".
"""

from dataclasses import dataclass
from enum import StrEnum

from interlock.model.change import Change, Note, OutputChange
from interlock.model.errors import Exit


class DriftVerdict(StrEnum):
    CLEAN = "clean"
    DRIFTED = "drifted"
    UNCHECKED = "unchecked"

    @property
    def rank(self) -> int:
        return [DriftVerdict.CLEAN, DriftVerdict.DRIFTED, DriftVerdict.UNCHECKED].index(self)


class DriftCause(StrEnum):
    CHANGED = "changed outside"
    DELETED = "deleted outside"
    OUTPUTS = "outputs only"


@dataclass(frozen=True)
class Ignored:
    """A difference that an `ignore:` rule lets pass. `rule` is its address and attribute as written, `until` a date."""

    address: str
    attribute: str
    rule: str
    owner: str
    until: str
    reason: str = ""


@dataclass(frozen=True)
class DriftEntry:
    """One (component, environment) with a release. `changes` would bring the world back to the release; sorted by address.

    `hidden` is what `ignore_changes` keeps from showing: information. `error` says why it is unchecked.
    `since` is when this same set of drift was first seen (UTC), "" when it is new. `release` is what it was compared with.
    """

    component: str
    environment: str
    verdict: DriftVerdict
    causes: tuple[DriftCause, ...] = ()
    changes: tuple[Change, ...] = ()
    outputs: tuple[OutputChange, ...] = ()
    hidden: tuple[Note, ...] = ()
    ignored: tuple[Ignored, ...] = ()
    release: str = ""
    commit: str = ""
    since: str = ""
    error: str = ""
    error_hint: str = ""
    seconds: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.environment}/{self.component}"


@dataclass(frozen=True)
class DriftReport:
    """`entries` sorted by environment order, then component. `at` is when it was looked (UTC, ISO 8601)."""

    entries: tuple[DriftEntry, ...]
    at: str = ""

    @property
    def exit(self) -> Exit:
        """1 when anything could not be checked (an empty report checked nothing and found nothing), 2 on drift, 0 without."""
        verdicts = {entry.verdict for entry in self.entries}
        if DriftVerdict.UNCHECKED in verdicts:
            return Exit.FAILED
        return Exit.CHANGES if DriftVerdict.DRIFTED in verdicts else Exit.DONE
