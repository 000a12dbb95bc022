"""A release: what is deployed of a component in an environment. The ledger is their history; the newest that counts is the current one."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from interlock.model.manifest import Pair
from interlock.model.plan import Blob, Direction, Tool
from interlock.model.receipt import Output


class ReleaseStatus(StrEnum):
    APPLIED = "applied"  # done, not yet proven
    VERIFIED = "verified"  # every check passed, soak included
    FAILED = "failed"  # applied, and its verification failed; still what is there until it is undone
    UNDONE = "undone"  # rolled back; `undone_by` is the release that restored, or removed, it
    REMOVED = "removed"  # a tombstone: since then nothing is deployed here


#: Statuses that say "this is what stands there now" when they are the newest.
STANDING = (ReleaseStatus.APPLIED, ReleaseStatus.VERIFIED, ReleaseStatus.FAILED)


@dataclass(frozen=True)
class Release:
    """`outputs` carry masks in place of sensitive values; the clear ones are in the encrypted blob `outputs_blob`.

    `pair` is the component as it was configured then, so that drift and rollback need no configuration of today. `restores` names the release that
    this one brought back (a rollback). `base_before` is the base of its plan: whether anything stood there before the first release.
    """

    id: str
    component: str
    environment: str
    kind: str
    status: ReleaseStatus
    direction: Direction
    commit: str
    tree: str
    deployment: str
    plan: str
    pair: Pair
    closure: Blob
    inputs: Blob
    outputs: Mapping[str, Output]
    outputs_blob: Blob
    base: Mapping[str, Any]
    base_before: Mapping[str, Any]
    tool: Tool
    artifacts: Mapping[str, Blob] = field(default_factory=dict)
    at: str = ""
    verified_at: str = ""
    restores: str = ""
    undone_by: str = ""
    imported: bool = False
