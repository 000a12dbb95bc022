"""What is stored of a plan, and what can be read out of the tool's plan file (a zip) without starting the tool.

The stored artifact is a zip of our own: `plan`, the tool's file byte for byte, and `sensitive.json`, the values that the plan marks
sensitive, so that an apply keeps them out of errors and logs, too. Both are secret; the blob store encrypts them.
"""

import io
import json
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from interlock.model.errors import ArtifactMismatch, ToolFailed

LOCK_FILE = ".terraform.lock.hcl"


@dataclass(frozen=True)
class PlanFile:
    """`lineage` is "" and `serial` 0 where there was no state. `empty`: the state before the plan managed nothing.

    `lock` is the dependency lock file's bytes, b"" where there is none.
    """

    lineage: str
    serial: int
    empty: bool
    lock: bytes


def read_plan_file(data: bytes) -> PlanFile:
    """Raises ToolFailed when it is no plan file, or one that OpenTofu encrypted."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = set(archive.namelist())
            state = json.loads(archive.read("tfstate"))
            before = json.loads(archive.read("tfstate-prev")) if "tfstate-prev" in names else state
            lock = archive.read(LOCK_FILE) if LOCK_FILE in names else b""
        # `tfstate` is the state after the refresh; whether anything was ours before, only the one before it tells.
        return PlanFile(str(state["lineage"]), int(state["serial"]), not managed(before) and not managed(state), lock)
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
        raise ToolFailed(
            "the tool's plan file cannot be read",
            slug="plan-format",
            hint="encryption of plans (an `encryption` block with `plan`) is not supported: stored plans are encrypted already",
        ) from error


def managed(state: Mapping[str, Any]) -> frozenset[str]:
    """Addresses of the managed resource instances of a state file (version 4)."""
    found = set()
    for resource in state.get("resources") or ():
        if resource.get("mode") == "managed":
            base = ".".join(part for part in (resource.get("module", ""), resource["type"], resource["name"]) if part)
            for instance in resource.get("instances") or ():
                key = instance.get("index_key")
                found.add(base if key is None else f"{base}[{json.dumps(key)}]")
    return frozenset(found)


def pack(plan: bytes, sensitive: Iterable[str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo("plan"), plan)
        archive.writestr(zipfile.ZipInfo("sensitive.json"), json.dumps(sorted(sensitive)))
    return buffer.getvalue()


def unpack(data: bytes) -> tuple[bytes, frozenset[str]]:
    """The tool's plan file and the sensitive values. Raises ArtifactMismatch when it is not what `pack` made."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            return archive.read("plan"), frozenset(json.loads(archive.read("sensitive.json")))
    except (zipfile.BadZipFile, KeyError, ValueError, TypeError) as error:
        raise ArtifactMismatch("the stored plan is not one of an OpenTofu stack", hint="plan again") from error
