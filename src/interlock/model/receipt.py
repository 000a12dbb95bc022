"""What an apply left behind, told truthfully."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from interlock.model.plan import Blob


class Outcome(StrEnum):
    COMPLETE = "complete"  # everything in the plan was done
    UNCHANGED = "unchanged"  # there was nothing to do
    PARTIAL = "partial"  # some was done, `done` and `left` say what
    FAILED = "failed"  # it ended with an error and nothing was written
    UNKNOWN = "unknown"  # cut off; only planning again can tell


@dataclass(frozen=True)
class Output:
    """A published value. A sensitive one is kept in clear only inside encrypted blobs; elsewhere it is a mask (model.change.masked)."""

    value: Any
    sensitive: bool = False


@dataclass(frozen=True)
class Receipt:
    """`done` and `left` are addresses of the plan's changes. `base` is the world's base after the apply. `error` is redacted.

    `outputs` carry masks in place of sensitive values; `outputs_blob` is the encrypted JSON `{name: {"value", "sensitive"}}` with all of them in clear.
    `kept` are blobs that a person may need (an `errored.tfstate`); `artifacts` are files that dependants may read, by name.
    """

    outcome: Outcome
    done: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    outputs: Mapping[str, Output] = field(default_factory=dict)
    outputs_blob: Blob | None = None
    base: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""
    error_slug: str = ""
    kept: Mapping[str, Blob] = field(default_factory=dict)
    artifacts: Mapping[str, Blob] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return self.outcome in (Outcome.COMPLETE, Outcome.UNCHANGED)
