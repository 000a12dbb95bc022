"""The rules of the audit chain, pure: sealing a record, and telling from a list of records what was done to it.

`verify` walks the records in the order of `seq`. A record is sound when its HMAC fits its contents and its `previous` is the HMAC of the sound
record before it. What is not sound is named by the least that explains it: a gap is *missing*; a record whose HMAC fits another place is
*reordered*; one that its neighbours know nothing of is *inserted*; else it was *changed*.
"""

import hmac
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from interlock.model.digest import Keyed
from interlock.store.database import Row


@dataclass(frozen=True)
class Head:
    """The newest record: its place (0: none yet) and HMAC."""

    seq: int
    mac: str


@dataclass(frozen=True)
class Record:
    """`before`, `after` and `details` are plain JSON; a value that the database holds damaged is None with `readable` False."""

    seq: int
    at: str
    actor: str
    action: str
    subject: str
    before: Any
    after: Any
    details: Any
    previous: str
    mac: str
    readable: bool = True


@dataclass(frozen=True)
class Fault:
    """`kind` is changed, missing, reordered, inserted, cut or anchor; `seq` the place where it shows."""

    seq: int
    kind: str
    message: str


@dataclass(frozen=True)
class AuditReport:
    count: int
    head: Head
    faults: tuple[Fault, ...]

    @property
    def ok(self) -> bool:
        return not self.faults


def seal(keyed: Keyed, record: Record) -> Record:
    """The record with the HMAC of its contents, its place and its predecessor."""
    return replace(record, mac=_mac(keyed, record, record.seq))


def from_row(row: Row) -> Record:
    try:
        before, after, details = (json.loads(row[name]) for name in ("before_value", "after_value", "details"))
        readable = True
    except (ValueError, TypeError):
        before, after, details, readable = None, None, None, False
    return Record(
        row["seq"],
        row["at"],
        row["actor"],
        row["action"],
        row["subject"],
        before,
        after,
        details,
        row["previous"],
        row["mac"],
        readable,
    )


def verify(keyed: Keyed, records: Sequence[Record]) -> Iterator[Fault]:
    places = {record.mac: record.seq for record in records}
    seq: int = 0
    mac: str | None = ""  # of the record before; None: not sound, so nothing can be said about who follows it
    for index, record in enumerate(records):
        sound = _sound(keyed, record, record.seq)
        if record.seq > seq + 1:
            first, last = seq + 1, record.seq - 1
            yield Fault(
                first,
                "missing",
                f"record {first} is missing" if first == last else f"records {first} to {last} are missing",
            )
        elif sound and mac is not None and record.previous != mac:
            yield Fault(record.seq, "missing", f"record {record.seq} follows one that is no longer there")
        if not sound:
            following = records[index + 1] if index + 1 < len(records) else None
            yield _explain(keyed, record, following, places)
        seq, mac = record.seq, record.mac if sound else None


def _explain(keyed: Keyed, record: Record, following: Record | None, places: dict[str, int]) -> Fault:
    here = record.seq
    home = places.get(record.previous, 0) + 1  # where its predecessor says that it belongs
    for place in {home, *range(max(1, here - 3), here + 4)} - {here}:
        if _sound(keyed, record, place):
            return Fault(here, "reordered", f"record {here} is record {place}, moved or copied to another place")
    known = following is not None and following.previous == record.mac
    if not known and (following is None or following.previous == record.previous):
        return Fault(here, "inserted", f"record {here} was not written by Interlock")
    return Fault(here, "changed", f"record {here} ({record.action} {record.subject}) was changed")


def _sound(keyed: Keyed, record: Record, place: int) -> bool:
    return record.readable and hmac.compare_digest(_mac(keyed, record, place), str(record.mac))


def _mac(keyed: Keyed, record: Record, place: int) -> str:
    values = [record.at, record.actor, record.action, record.subject, record.before, record.after, record.details]
    return keyed.digest("audit", [place, *values, record.previous])
