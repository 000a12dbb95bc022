"""Managed state in the store: versions as encrypted blobs, the lock beside the lease. Each method is one transaction; a written version is audited."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from interlock.app.state.protocol import StateVersion
from interlock.model.errors import LeaseLost
from interlock.store import Store, state
from interlock.world import Fence


@dataclass(frozen=True)
class LedgerState:
    """Implements app.state.protocol.StateStore for one component in one environment. Without a fence it only reads."""

    store: Store
    component: str
    environment: str
    deployment: str
    fence: Fence | None

    def current(self) -> StateVersion | None:
        with self.store.database.read() as tx:
            found = state.current(tx, self.component, self.environment)
        if found is None:
            return None
        return StateVersion(self.store.blobs.get(found.blob), found.serial, found.lineage)

    def put(self, version: StateVersion, lock_id: str) -> None:
        blob = self.store.blobs.put(
            version.data
        )  # before the row: a crash leaves a blob that nothing names, never a row without its bytes
        with self.store.change(self.deployment or "interlock") as change:
            before = state.current(change.tx, self.component, self.environment)
            state.put(
                change.tx,
                self.component,
                self.environment,
                blob,
                serial=version.serial,
                lineage=version.lineage,
                md5=state.md5(version.data),
                lock_id=lock_id,
                fence=self._token(),
                deployment=self.deployment,
            )
            change.audit(
                "state",
                f"{self.environment}/{self.component}",
                before={"serial": before.serial, "digest": before.blob.digest} if before else None,
                after={"serial": version.serial, "digest": blob.digest},
                lineage=version.lineage,
            )

    def lock(self, info: Mapping[str, Any]) -> Mapping[str, Any] | None:
        with self.store.database.write() as tx:
            held = state.lock(tx, self.component, self.environment, str(info["ID"]), info, fence=self._token())
        return held.information if held else None

    def unlock(self, lock_id: str | None) -> bool:
        with self.store.database.write() as tx:
            if lock_id is None:
                state.force_unlock(tx, self.component, self.environment)
                return True
            gone = state.unlock(tx, self.component, self.environment, lock_id)
            return gone or state.lock_of(tx, self.component, self.environment) is None

    def holder(self) -> Mapping[str, Any] | None:
        with self.store.database.read() as tx:
            held = state.lock_of(tx, self.component, self.environment)
        return held.information if held else None

    def _token(self) -> int:
        if self.fence is None:
            raise LeaseLost(f"the state of {self.component} in {self.environment} may only be read here")
        return self.fence.token
