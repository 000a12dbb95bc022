"""The audit chain: who changed what, in the same transaction as the change; altered, missing, reordered, forged and cut records are found.

Each record carries an HMAC over its contents, its place and the HMAC before it, so nobody without the installation's key can write or move one.
What a chain alone cannot see is a cut tail. So its head is also kept outside of the database, in the anchor file:

    {"last": {seq, mac}, "pending": {seq, mac} | null, "mac": keyed digest of both}

Before COMMIT the anchor is written and fsynced with the head that is about to be (`pending`) beside the last one known (`last`); after COMMIT it is
written again with the new head as `last`. A crash in between leaves both: the database may then stand at either, and nowhere else. So such a
crash is no false alarm, and at most the records of that one transaction could be cut unseen, until the next append settles it. A file lock held
from the first writing to the second keeps the anchor in the order of the commits. An append to a chain that the anchor contradicts is refused,
or it would wipe out the evidence; `reanchor` is the way on, and is itself a record.
"""

import contextlib
import fcntl
import hmac
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interlock.model.digest import Keyed, canonical
from interlock.model.errors import Corrupt, Unavailable
from interlock.store import chain, times
from interlock.store.chain import AuditReport, Fault, Head, Record
from interlock.store.database import Database, Tx
from interlock.store.durable import replace

__all__ = ["Audit", "AuditReport", "Fault", "Record"]


@dataclass(frozen=True)
class _Anchor:
    last: Head
    pending: Head | None


class Audit:
    """Appends and verifies. Safe to share between threads; appenders of all processes are serialised by the write lock of the database."""

    def __init__(self, database: Database, keyed: Keyed, anchor: Path) -> None:
        self._database = database
        self._keyed = keyed
        self._anchor = anchor

    def append(
        self, tx: Tx, actor: str, action: str, subject: str, before: Any = None, after: Any = None, **details: Any
    ) -> Record:
        """Adds one record to `tx`. Values are plain JSON without secrets: digests, ids, statuses. Raises Corrupt when the chain is damaged."""
        assert tx.writes, "an audit record needs a write transaction"
        head = _head(tx)
        if "audit" not in tx.arranged:
            self._expect(head)
            tx.arranged.add("audit")
            commit = _Commit(self, tx, head)
            tx.before_commit.append(commit.announce)
            tx.after.append(commit.settle)
        values = [canonical(value).decode() for value in (before, after, details)]
        plain = [json.loads(text) for text in values]  # as it will be read again: keys are text, tuples are lists
        record = chain.seal(
            self._keyed,
            Record(head.seq + 1, times.now(tx), actor, action, subject, plain[0], plain[1], plain[2], head.mac, ""),
        )
        tx.execute(
            """INSERT INTO audit (seq, at, actor, action, subject, before_value, after_value, details, previous, mac)
            VALUES (:seq, :at, :actor, :action, :subject, :before, :after, :details, :previous, :mac)""",
            seq=record.seq,
            at=record.at,
            actor=actor,
            action=action,
            subject=subject,
            before=values[0],
            after=values[1],
            details=values[2],
            previous=record.previous,
            mac=record.mac,
        )
        return record

    def verify(self) -> AuditReport:
        """Reads every record and the anchor. Never raises for what it finds: every fault is in the report, in order."""
        with self._locked(), self._database.read() as tx:
            records = tuple(_records(tx))
        faults = list(chain.verify(self._keyed, records))
        head = Head(records[-1].seq, records[-1].mac) if records else Head(0, "")
        try:
            faults += _against(self._read(), head, records)
        except Corrupt as error:
            faults.append(Fault(head.seq, "anchor", error.message))
        return AuditReport(len(records), head, tuple(faults))

    def newest(self, tx: Tx, *, limit: int = 50, subject: str = "") -> tuple[Record, ...]:
        """Newest first, of one subject where it is named."""
        sql = "SELECT * FROM audit WHERE (:subject = '' OR subject = :subject) ORDER BY seq DESC LIMIT :limit"
        return tuple(chain.from_row(row) for row in tx.all(sql, limit=limit, subject=subject))

    def reanchor(self, actor: str, reason: str) -> AuditReport:
        """A person accepts the chain as it stands (a restored backup): the faults found are told in a new record, and the anchor starts anew.

        Records that were altered stay altered, and `verify` goes on naming them.
        """
        report = self.verify()
        with self._database.write() as tx:
            head = _head(tx)
            with self._locked():
                self._write(_Anchor(head, None), sync=True)
            told = [f"{f.seq} {f.kind}: {f.message}" for f in report.faults[:50]]
            self.append(tx, actor, "audit-reanchored", "audit", after={"seq": head.seq}, reason=reason, faults=told)
        return report

    def _expect(self, head: Head) -> None:
        """The database stands where the anchor says it may."""
        anchor = self._read()
        allowed = (anchor.last, anchor.pending) if anchor else (Head(0, ""),)
        if head not in allowed:
            known = anchor.last.seq if anchor else 0
            raise Corrupt(
                f"the audit chain ends at record {head.seq}, its anchor says {known}: records were lost, or the anchor was",
                hint="`interlock audit verify` says which; nothing is written until a person accepts it: `interlock audit accept`",
                slug="audit-broken",
            )

    def _read(self) -> _Anchor | None:
        """None when there is no anchor file. Raises Corrupt when it is not ours as we wrote it."""
        try:
            data = json.loads(self._anchor.read_bytes())
            last, pending = Head(**data["last"]), Head(**data["pending"]) if data["pending"] else None
            right = hmac.compare_digest(self._mac(last, pending), data["mac"])
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise Corrupt(
                f"the audit anchor {self._anchor} cannot be read: {type(error).__name__}", slug="audit-anchor"
            ) from error
        if not right:
            raise Corrupt(f"the audit anchor {self._anchor} was altered", slug="audit-anchor")
        return _Anchor(last, pending)

    def _write(self, anchor: _Anchor, *, sync: bool) -> None:
        value = {
            "last": vars(anchor.last),
            "pending": vars(anchor.pending) if anchor.pending else None,
            "mac": self._mac(anchor.last, anchor.pending),
        }
        replace(self._anchor, canonical(value) + b"\n", sync=sync)

    def _mac(self, last: Head, pending: Head | None) -> str:
        return self._keyed.digest("audit-anchor", [last.seq, last.mac, [pending.seq, pending.mac] if pending else None])

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        descriptor = self._lock()
        try:
            yield
        finally:
            os.close(descriptor)

    def _lock(self) -> int:
        """A descriptor that holds the anchor until it is closed."""
        try:
            descriptor = os.open(self._anchor.with_suffix(".lock"), os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
        except OSError as error:
            raise Unavailable(
                f"the audit anchor {self._anchor} cannot be locked: {error.strerror}",
                hint="check the folder's free space, owner and mode",
                slug="audit-anchor",
            ) from error
        return descriptor


class _Commit:
    """The two writings of the anchor around one commit."""

    def __init__(self, audit: Audit, tx: Tx, last: Head) -> None:
        self._audit = audit
        self._tx = tx
        self._last = last
        self._pending = last
        self._descriptor = -1

    def announce(self) -> None:
        self._descriptor = self._audit._lock()
        self._pending = _head(self._tx)
        self._audit._write(_Anchor(self._last, self._pending), sync=True)

    def settle(self, committed: bool) -> None:
        """Not fsynced: a power cut brings back what `announce` wrote, which allows the new head as well."""
        if self._descriptor < 0:
            return
        try:
            with contextlib.suppress(
                Exception
            ):  # the change is committed and announced; a full disk here must not make it look failed
                self._audit._write(_Anchor(self._pending if committed else self._last, None), sync=False)
        finally:
            os.close(self._descriptor)


def _head(tx: Tx) -> Head:
    row = tx.one("SELECT seq, mac FROM audit ORDER BY seq DESC LIMIT 1")
    return Head(row["seq"], row["mac"]) if row else Head(0, "")


def _records(tx: Tx) -> Iterator[Record]:
    for row in tx.all("SELECT * FROM audit ORDER BY seq"):
        yield chain.from_row(row)


def _against(anchor: _Anchor | None, head: Head, records: tuple[Record, ...]) -> Iterator[Fault]:
    if anchor is None:
        if records:
            yield Fault(
                head.seq, "anchor", "the anchor file is gone: whether the newest records were cut cannot be told"
            )
        return
    if head in (anchor.last, anchor.pending):
        return
    if head.seq < anchor.last.seq:
        missing = (
            f"records {head.seq + 1} to {anchor.last.seq} are"
            if anchor.last.seq > head.seq + 1
            else f"record {anchor.last.seq} is"
        )
        yield Fault(head.seq + 1, "cut", f"{missing} missing at the end")
    else:
        yield Fault(
            head.seq,
            "anchor",
            f"the chain ends at record {head.seq}, which the anchor (at {anchor.last.seq}) does not know",
        )
