"""What a build remembers: which build is current, and the last few before it, in managed state.

A kind sees no ledger, and a build changes nothing outside that could be looked at. So the state document is its world: it names the current build by a
key over everything that went into it, and each build's files by digest. It is an ordinary state to the protocol that keeps it: a lineage of its
own, a serial that grows, written under the lock; so locking, fencing, history and encryption are those of all managed state.

    {"format": "interlock-command/1", "lineage", "serial", "current": key or null, "builds": [{key, source, inputs, program, artifacts, outputs}]}
"""

import base64
import hashlib
import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from interlock.model.digest import canonical
from interlock.model.errors import Corrupt, LeaseHeld, Permanent, StalePlan, Unavailable
from interlock.model.plan import Blob
from interlock.world import Response, StateAddress, World

_FORMAT = "interlock-command/1"
_KEPT = 10


@dataclass(frozen=True)
class Build:
    """`inputs` is a mask (a keyed digest). `artifacts` maps names to blobs, `outputs` names to {"value", "sensitive"} in clear: the state is encrypted."""

    key: str
    source: str
    inputs: Mapping[str, Any]
    program: tuple[str, ...]
    artifacts: Mapping[str, Blob]
    outputs: Mapping[str, Mapping[str, Any]]

    def described(self) -> dict[str, Any]:
        """What a plan shows of it."""
        digests = {name: blob.digest for name, blob in sorted(self.artifacts.items())}
        return {"source": self.source, "inputs": dict(self.inputs), "program": list(self.program), "artifacts": digests}


@dataclass(frozen=True)
class Memory:
    """Newest build first."""

    lineage: str = ""
    serial: int = 0
    current: str | None = None
    builds: tuple[Build, ...] = ()

    def find(self, key: str | None) -> Build | None:
        return next((build for build in self.builds if build.key == key), None)

    def with_current(self, build: Build | None) -> "Memory":
        """The next version: `build` is current, and the oldest beyond the kept number are forgotten."""
        others = tuple(old for old in self.builds if build is None or old.key != build.key)
        return replace(
            self,
            lineage=self.lineage or str(uuid.uuid4()),
            serial=self.serial + 1,
            current=build.key if build else None,
            builds=((build, *others) if build else others)[:_KEPT],
        )


def recall(world: World) -> Memory:
    """What is recorded now. Raises Corrupt, Permanent where there is no managed state."""
    if world.state is None:
        raise Permanent("a build keeps its record in managed state, and there is none here", slug="no-managed-state")
    data = world.state.current()
    if data is None:
        return Memory()
    try:
        document = json.loads(data)
        if document["format"] != _FORMAT:
            raise ValueError
        return Memory(
            lineage=str(document["lineage"]),
            serial=int(document["serial"]),
            current=document["current"],
            builds=tuple(_build(build) for build in document["builds"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError):
        raise Corrupt("the recorded state of this build is not one of ours") from None


def record(memory: Memory, previous: Memory, world: World) -> None:
    """Write `memory` in place of `previous`. Raises StalePlan when that is not what stands there, LeaseHeld, LeaseLost, Unavailable, TimedOut."""
    assert world.state is not None
    with world.state.serve() as address:
        lock = {
            "ID": str(uuid.uuid4()),
            "Operation": "OperationTypeApply",
            "Info": "",
            "Who": "interlock",
            "Version": "",
            "Created": "",
            "Path": "",
        }
        _answer(_request("LOCK", address, canonical(lock), world), (200,))
        try:
            now = recall(world)
            if (now.lineage, now.serial) != (previous.lineage, previous.serial):
                raise StalePlan(
                    f"the recorded build moved from serial {previous.serial} to {now.serial} while building; nothing was written"
                )
            body = canonical(_document(memory))
            if world.fence:
                world.fence.check()
            _answer(_request("POST", address, body, world, lock=lock["ID"]), (200, 201, 204))
        finally:
            _request("UNLOCK", address, canonical(lock), world)


def _request(method: str, address: StateAddress, body: bytes, world: World, lock: str = "") -> Response:
    secret = base64.b64encode(f"{address.username}:{address.password}".encode()).decode()
    headers = {
        "Authorization": f"Basic {secret}",
        "Content-Type": "application/json",
        "Content-MD5": base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode(),
    }
    url = address.url + (("&" if "?" in address.url else "?") + f"ID={lock}" if lock else "")
    return world.http.request(method, url, headers=headers, body=body, timeout=30.0)


def _answer(answer: Response, good: tuple[int, ...]) -> None:
    if answer.status in good:
        return
    if answer.status in (423, 409):
        raise LeaseHeld("the managed state is locked or was written by another")
    raise Unavailable(f"the managed state answered HTTP {answer.status}")


def _document(memory: Memory) -> dict[str, Any]:
    return {
        "format": _FORMAT,
        "lineage": memory.lineage,
        "serial": memory.serial,
        "current": memory.current,
        "builds": [
            {
                "key": build.key,
                "source": build.source,
                "inputs": dict(build.inputs),
                "program": list(build.program),
                "artifacts": {
                    name: {"digest": blob.digest, "size": blob.size} for name, blob in sorted(build.artifacts.items())
                },
                "outputs": {name: dict(value) for name, value in sorted(build.outputs.items())},
            }
            for build in memory.builds
        ],
    }


def _build(value: Mapping[str, Any]) -> Build:
    return Build(
        key=value["key"],
        source=value["source"],
        inputs=value["inputs"],
        program=tuple(value["program"]),
        artifacts={name: Blob(blob["digest"], blob["size"]) for name, blob in value["artifacts"].items()},
        outputs=value["outputs"],
    )
