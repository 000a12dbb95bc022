"""The real store behind the state protocol: versions as encrypted blobs, rows and lock in the database, each write with its audit record."""

from collections.abc import Mapping
from typing import Any

from interlock.app.state.protocol import StateVersion
from interlock.model.errors import LeaseLost
from interlock.store import Store
from interlock.store import state as states


class StoredState:
    """Implements StateStore for one component in one environment. `fence` is the token of the lease that writes go by; None: reading only."""

    def __init__(
        self, store: Store, component: str, environment: str, *, fence: int | None, deployment: str, actor: str
    ) -> None:
        self._store = store
        self._pair = (component, environment)
        self._fence = fence
        self._deployment = deployment
        self._actor = actor

    def current(self) -> StateVersion | None:
        with self._store.database.read() as tx:
            found = states.current(tx, *self._pair)
        if found is None:
            return None
        return StateVersion(self._store.blobs.get(found.blob), found.serial, found.lineage)

    def put(self, version: StateVersion, lock_id: str) -> None:
        fence = self._token()
        blob = self._store.blobs.put(version.data)
        with self._store.change(self._actor) as change:
            states.put(
                change.tx,
                *self._pair,
                blob,
                serial=version.serial,
                lineage=version.lineage,
                md5=states.md5(version.data),
                lock_id=lock_id,
                fence=fence,
                deployment=self._deployment,
            )
            after = {"serial": version.serial, "lineage": version.lineage, "digest": blob.digest}
            change.audit(
                "state", f"{self._pair[1]}/{self._pair[0]}", after=after, deployment=self._deployment, fence=fence
            )

    def lock(self, info: Mapping[str, Any]) -> Mapping[str, Any] | None:
        fence = self._token()
        with self._store.database.write(lasting=False) as tx:
            held = states.lock(tx, *self._pair, str(info["ID"]), info, fence=fence)
        return held.information if held else None

    def unlock(self, lock_id: str | None) -> bool:
        with self._store.database.write(lasting=False) as tx:
            if lock_id is None:
                states.force_unlock(tx, *self._pair)
                return True
            return states.unlock(tx, *self._pair, lock_id) or states.lock_of(tx, *self._pair) is None

    def holder(self) -> Mapping[str, Any] | None:
        with self._store.database.read() as tx:
            held = states.lock_of(tx, *self._pair)
        return held.information if held else None

    def _token(self) -> int:
        if self._fence is None:
            raise LeaseLost(f"the state of {' in '.join(self._pair)} is written only under a lease")
        return self._fence
