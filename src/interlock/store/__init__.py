"""All that is kept. `Store` bundles it; `change` is the way to write: one transaction that holds a change and its audit record, or neither.

    with store.change("ann@acme.example") as change:
        deployments.request_cancel(change.tx, id, "stop", "ann@acme.example")
        change.audit("cancel", id, after={"cancel": "stop"})

What is no decision of anyone's (heartbeats, last lines, "since when") is written with `store.database.write()` and leaves no record.
Importing this costs no third party; SQL is plain text (docs/decisions/0001-plain-sql-in-the-store.md).
"""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from interlock.model.digest import Keyed
from interlock.store.database import Database, Tx
from interlock.store.home import Home

if TYPE_CHECKING:
    from interlock.store.audit import Audit
    from interlock.store.blobs import BlobStore

__all__ = ["Change", "Store"]


class Change:
    """An open write transaction by `actor`, and the records it will leave."""

    def __init__(self, tx: Tx, actor: str, audit: "Audit") -> None:
        self.tx = tx
        self.actor = actor
        self.records = 0
        self._audit = audit

    def audit(self, action: str, subject: str, before: Any = None, after: Any = None, **details: Any) -> None:
        """Values are plain JSON without secrets: ids, digests, statuses. Raises Corrupt when the chain is damaged."""
        self._audit.append(self.tx, self.actor, action, subject, before, after, **details)
        self.records += 1

    def nothing(self) -> None:
        """Says that nothing is to be changed after all: the transaction is rolled back at the end of the block, records and all."""
        self.tx.abandon()


class Store:
    """Opened once per process, shared by its threads. `blobs` and `audit` are loaded when they are first needed: reading needs neither."""

    def __init__(self, home: Home, keyed: Keyed, database: Database) -> None:
        self.home = home
        self.keyed = keyed
        self.database = database

    @staticmethod
    def open(home: Home, keyed: Keyed, *, create: bool = True) -> "Store":
        """Raises NotFound when nothing is there and `create` is false; Unavailable, Permanent or Corrupt as `Database` does."""
        return Store(home, keyed, Database.open(home.database, create=create))

    @cached_property
    def blobs(self) -> "BlobStore":
        from interlock.store.blobs import BlobStore

        return BlobStore(self.home.blobs, self.keyed)

    @cached_property
    def audit(self) -> "Audit":
        from interlock.store.audit import Audit

        return Audit(self.database, self.keyed, self.home.audit_head)

    @contextmanager
    def change(self, actor: str) -> Iterator[Change]:
        """Commits at the end of the block; an exception rolls everything back. A change that left no audit record is a mistake: RuntimeError."""
        with self.database.write() as tx:
            change = Change(tx, actor, self.audit)
            yield change
            if not change.records and not tx.abandoned:
                raise RuntimeError("a change of our state must leave an audit record")

    def close(self) -> None:
        self.database.close()
