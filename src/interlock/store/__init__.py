"""All that is kept. `Store` bundles it; `change` is the way to write: one transaction that holds a change and its audit record, or neither.

    with store.change("ann@acme.example") as change:
        deployments.request_cancel(change.tx, id, "stop", "ann@acme.example")
        change.audit("cancel", id, after={"cancel": "stop"})

What is no decision of anyone's (heartbeats, last lines, "since when") is written with `store.database.write()` and leaves no record.
Importing this costs no third party; SQL is plain text (docs/decisions/0001-plain-sql-in-the-store.md).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from interlock.model.digest import Keyed
from interlock.store.audit import Audit
from interlock.store.blobs import BlobStore
from interlock.store.database import Database, Tx
from interlock.store.home import Home

__all__ = ["Change", "Store"]


@dataclass
class Change:
    """An open write transaction by `actor`, and the records it will leave."""

    tx: Tx
    actor: str
    _audit: Audit
    records: int = field(default=0, init=False)

    def audit(self, action: str, subject: str, before: Any = None, after: Any = None, **details: Any) -> None:
        """Values are plain JSON without secrets: ids, digests, statuses."""
        self._audit.append(self.tx, self.actor, action, subject, before, after, **details)
        self.records += 1

    def nothing(self) -> None:
        """Says that nothing was changed after all: the transaction is rolled back at the end of the block, without a record."""
        self.records = -1


@dataclass(frozen=True)
class Store:
    home: Home
    keyed: Keyed
    database: Database
    blobs: BlobStore
    audit: Audit

    @staticmethod
    def open(home: Home, keyed: Keyed, *, create: bool = True) -> "Store":
        """Raises NotFound when nothing is there and `create` is false; Unavailable, Permanent or Corrupt as `Database` does."""
        database = Database.open(home.database, create=create)
        return Store(home, keyed, database, BlobStore(home.blobs, keyed), Audit(database, keyed, home.audit_head))

    @contextmanager
    def change(self, actor: str) -> Iterator[Change]:
        """Commits at the end of the block; an exception rolls everything back. A change that left no audit record is a mistake: RuntimeError."""
        with self.database.write() as tx:
            change = Change(tx, actor, self.audit)
            yield change
            if change.records == 0:
                raise RuntimeError("a change of our state must leave an audit record")
            if change.records < 0:
                tx.abandon()

    def close(self) -> None:
        self.database.close()
