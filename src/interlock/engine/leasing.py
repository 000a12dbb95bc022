"""Keeping a lease alive while the apply that it protects runs. Taking and letting go happen inside the transactions around it."""

import threading
from types import TracebackType

from interlock.model.errors import InterlockError
from interlock.store import Store, leases
from interlock.store.leases import Lease, LeaseFence

SECONDS = 60.0


class Renewed:
    """A context manager: renews every third of the lease's time from a thread of its own; `fence` is the world's `Fence`."""

    def __init__(self, store: Store, lease: Lease) -> None:
        self.fence = LeaseFence(store.database, lease)
        self._store, self._lease = store, lease
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)

    def _renew(self) -> None:
        while not self._stop.wait(SECONDS / 3):
            try:
                with self._store.database.write(lasting=False) as tx:
                    leases.renew(tx, self._lease, SECONDS)
            except InterlockError:
                continue  # `fence.check` before each write decides; one missed renewal is not yet a lost lease

    def __enter__(self) -> "Renewed":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
