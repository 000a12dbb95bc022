"""When has a check passed, when has it failed? Pure: attempts over time in, a judgement out.

Rules, in this order:
1. `failures` > 0 and the last `failures` attempts were all bad: failed, at once.
2. the last `successes` attempts (at least one) were all good, and ended no later than `within` after the start: passed.
3. `within` is over: failed.
4. otherwise go on.
An attempt that ends after `within` counts as bad, however good its answer: it came too late to show health in the time that was given.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from interlock.model.check import Check


@dataclass(frozen=True)
class Attempt:
    """One try: `ended` in seconds since the check began, `good` what it saw."""

    ended: float
    good: bool


class Judgement(StrEnum):
    PASSED = "passed"
    FAILED = "failed"
    CONTINUE = "continue"


def judge(check: Check, attempts: Sequence[Attempt], now: float) -> Judgement:
    """`attempts` in the order they were made, `now` in seconds since the start, never before the last attempt's end."""
    trailing = [_counts(check, attempt) for attempt in attempts]
    if check.failures > 0 and _run(trailing, good=False) >= check.failures:
        return Judgement.FAILED
    if _run(trailing, good=True) >= max(1, check.successes):
        return Judgement.PASSED
    # Written this way round so that a NaN on either side ends the check instead of keeping it going for ever.
    return Judgement.CONTINUE if now < check.within else Judgement.FAILED


def _counts(check: Check, attempt: Attempt) -> bool:
    return attempt.good and math.isfinite(attempt.ended) and attempt.ended <= check.within


def _run(results: Sequence[bool], *, good: bool) -> int:
    """How many of the newest results in a row are `good`."""
    length = 0
    for result in reversed(results):
        if result is not good:
            break
        length += 1
    return length
