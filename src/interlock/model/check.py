"""Verification checks as data, so that they can be stored with a release and run again at any time.

`settings` may hold templates (`${outputs.url}`, `${secret:NAME}`) that are resolved when the check runs.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Check:
    """`timeout` bounds one attempt, `within` the whole check, both in seconds. It passes after `successes` consecutive good attempts and
    fails after `failures` consecutive bad ones once `within` has passed or at once where `failures` > 0 is reached."""

    type: str  # http | tcp | command | runner
    name: str
    settings: Mapping[str, Any] = field(default_factory=dict)
    timeout: float = 10.0
    within: float = 60.0
    interval: float = 1.0
    successes: int = 1
    failures: int = 0


@dataclass(frozen=True)
class CheckResult:
    """`detail` is redacted and says what was seen: a status, a connection error, the first line of a program's output."""

    name: str
    type: str
    passed: bool
    detail: str
    attempts: int = 0
    seconds: float = 0.0
    at: str = ""
