"""A gate is a condition with a verdict, a reason, and what would unblock it. Unknown is never success: without an answer it is pending."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    PASS = "pass"
    FAIL = "fail"
    PENDING = "pending"

    @property
    def rank(self) -> int:
        return [Verdict.PASS, Verdict.PENDING, Verdict.FAIL].index(self)


@dataclass(frozen=True)
class Gate:
    """`since` is a UTC timestamp (ISO 8601) of when this verdict was first given; `unblock` says what a person can do, with the command."""

    name: str
    verdict: Verdict
    reason: str
    unblock: str = ""
    since: str = ""


def overall(gates: tuple[Gate, ...]) -> Verdict:
    """The strictest verdict; no gates at all is a pass only because none were asked for."""
    return max((g.verdict for g in gates), key=lambda v: v.rank, default=Verdict.PASS)


def stricter(first: Gate, second: Gate) -> Gate:
    """The stricter of two answers of the same gate (organization.yaml before and after the change); the first wins ties."""
    return second if second.verdict.rank > first.verdict.rank else first
