"""A real `World` in a temporary folder, for tests of kinds, checks and use cases: real programs, real HTTP, real files.

What is in memory is so that a test can look inside or meddle: blobs (`alter`, `forget`), the lease (`lose`), the versions of the state.
"""

import hashlib
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from interlock.app.state.loopback import LoopbackState
from interlock.app.state.protocol import StateVersion
from interlock.model.digest import Keyed
from interlock.model.errors import ArtifactMismatch, LeaseLost, StalePlan
from interlock.model.plan import Blob
from interlock.world import World
from interlock.world.cancel import CancelToken
from interlock.world.clock import SystemClock
from interlock.world.http import HttpClient
from interlock.world.proc import Programs
from interlock.world.secrets import SecretStore, SecretText

KEY = b"a key for tests alone, of 32 bytes or more"


@dataclass
class MemoryBlobs:
    """`world.Blobs` in memory. `alter` and `forget` are what happens behind our back."""

    kept: dict[str, bytes] = field(default_factory=dict)

    def put(self, data: bytes) -> Blob:
        digest = hashlib.sha256(data).hexdigest()
        self.kept[digest] = bytes(data)
        return Blob(digest, len(data))

    def put_file(self, path: Path) -> Blob:
        return self.put(path.read_bytes())

    def get(self, blob: Blob) -> bytes:
        data = self.kept.get(blob.digest)
        if data is None:
            raise ArtifactMismatch(f"blob {blob.digest[:12]} is absent")
        if hashlib.sha256(data).hexdigest() != blob.digest or len(data) != blob.size:
            raise ArtifactMismatch(f"blob {blob.digest[:12]} was altered")
        return data

    def alter(self, blob: Blob) -> None:
        self.kept[blob.digest] = self.kept[blob.digest][:-1] + b"?"

    def forget(self, blob: Blob) -> None:
        del self.kept[blob.digest]


@dataclass
class Lease:
    """`world.Fence`: ours until `lose`. `checked` counts how often a kind asked."""

    token: int = 1
    lost: bool = False
    checked: int = 0

    def check(self) -> None:
        self.checked += 1
        if self.lost:
            raise LeaseLost("the lease is no longer ours")

    def lose(self) -> None:
        self.lost = True


class MemoryStates:
    """A `StateStore` in memory behind the real protocol and the real loopback server: `versions` newest last."""

    def __init__(self) -> None:
        self.versions: list[StateVersion] = []
        self._holder: Mapping[str, Any] | None = None
        self._guard = threading.Lock()

    def current(self) -> StateVersion | None:
        return self.versions[-1] if self.versions else None

    def put(self, version: StateVersion, lock_id: str) -> None:
        with self._guard:
            if self._holder is None or self._holder["ID"] != lock_id:
                raise StalePlan("the lock is no longer held")
            self.versions.append(version)

    def lock(self, info: Mapping[str, Any]) -> Mapping[str, Any] | None:
        with self._guard:
            if self._holder is None:
                self._holder = dict(info)
            return None if self._holder["ID"] == info["ID"] else self._holder

    def unlock(self, lock_id: str | None) -> bool:
        with self._guard:
            if lock_id is not None and self._holder is not None and self._holder["ID"] != lock_id:
                return False
            self._holder = None
            return True

    def holder(self) -> Mapping[str, Any] | None:
        return self._holder


@dataclass
class Outside:
    """A `World` with its parts at hand, typed as what they are."""

    world: World
    cancel: CancelToken
    secrets: SecretStore
    blobs: MemoryBlobs
    lease: Lease
    states: MemoryStates
    lines: list[str]

    def reading(self) -> World:
        """The world of work that has no lease: planning, checking."""
        state = self.world.state and LoopbackState(self.states, None)
        return replace(self.world, fence=None, state=state)

    def renew_cancel(self) -> None:
        """As a new process would begin: nothing is cancelled."""
        self.cancel = CancelToken()
        self.world = replace(self.world, cancel=self.cancel, proc=Programs(self.secrets, self.cancel))


def outside(folder: Path, *, with_state: bool = True) -> Outside:
    """A world of its own under `folder`."""
    cancel, secrets, blobs, lease, states = (
        CancelToken(),
        SecretStore({}, {}, Keyed(KEY)),
        MemoryBlobs(),
        Lease(),
        MemoryStates(),
    )
    lines: list[str] = []
    cache = folder / "cache"
    cache.mkdir(parents=True, exist_ok=True)
    world = World(
        proc=Programs(secrets, cancel),
        clock=SystemClock(),
        cancel=cancel,
        secrets=secrets,
        blobs=blobs,
        http=HttpClient(),
        log=lambda line: lines.append(secrets.redact(line)),
        cache=cache,
        fence=lease,
        state=LoopbackState(states, lease) if with_state else None,
    )
    return Outside(world, cancel, secrets, blobs, lease, states, lines)


def environ(**more: str) -> Mapping[str, str]:
    """The smallest environment in which programs of the system run."""
    return {"PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "C.UTF-8", **more}


def secret(outside: Outside, text: str) -> SecretText:
    """An input as it comes out of `secrets:`: registered for redaction."""
    outside.secrets.register(text)
    return SecretText(text)
