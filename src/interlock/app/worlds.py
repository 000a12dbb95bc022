"""Opens real worlds: programs, files, HTTP, secrets, managed state, with the environment variables and the lease of one piece of work."""

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from interlock.app.state.loopback import LoopbackState
from interlock.app.state.stored import StoredState
from interlock.app.turns import Turns
from interlock.engine.context import Opened
from interlock.model.manifest import EnvironmentSpec, Pair
from interlock.store import Store
from interlock.world import Cancel, Fence, World
from interlock.world.clock import SystemClock
from interlock.world.environ import child_environ
from interlock.world.http import HttpClient
from interlock.world.proc import Programs
from interlock.world.secrets import SecretStore


@dataclass(frozen=True)
class RealWorlds:
    """Implements engine.context.Worlds. `ambient` is this process's own environment; children get only what is allowed."""

    store: Store
    secrets: SecretStore
    ambient: Mapping[str, str]
    turns: threading.Semaphore

    @staticmethod
    def make(
        store: Store, sources: Mapping[str, Any], ambient: Mapping[str, str], turns: threading.Semaphore
    ) -> "RealWorlds":
        return RealWorlds(store, SecretStore(sources, ambient, store.keyed), ambient, turns)

    def open(
        self,
        pair: Pair,
        environment: EnvironmentSpec,
        *,
        purpose: str,
        log: Callable[[str], None],
        cancel: Cancel,
        fence: Fence | None = None,
        deployment: str = "",
    ) -> Opened:
        credentials = environment.apply_credentials if purpose == "apply" else environment.plan_credentials
        child = child_environ(self.ambient, environment.zone, credentials, self.secrets)
        versions = StoredState(
            self.store,
            pair.component,
            pair.environment,
            fence=fence.token if fence else None,
            deployment=deployment,
            actor=deployment or "interlock",
        )
        world = World(
            proc=Turns(Programs(self.secrets, cancel), self.turns, cancel),
            clock=SystemClock(),
            cancel=cancel,
            secrets=self.secrets,
            blobs=self.store.blobs,
            http=HttpClient(),
            log=log,
            cache=self.store.home.cache,
            fence=fence,
            state=LoopbackState(versions, fence),
        )
        return Opened(world, child.environ, child.held_back)
