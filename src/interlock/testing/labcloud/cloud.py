"""A lab cloud: items, journal, faults and tokens behind one lock, and the server that speaks for them.

Every change takes the lock, is written to the journal, and only then seen by others: what the journal tells is what happened, in the
order it happened.
"""

import threading
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from http.server import ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from interlock.testing.labcloud import items as rules
from interlock.testing.labcloud.faults import Fault, Faults
from interlock.testing.labcloud.items import Item, Refused
from interlock.testing.labcloud.journal import Entry, Journal
from interlock.testing.labcloud.tokens import DEFAULT, Token

OUT_OF_BAND = "out-of-band"


@dataclass
class _Stale:
    """What reads of one item still see: for `reads` more of them, or until `deadline` (monotonic seconds)."""

    item: Item | None
    reads: int
    deadline: float


class LabCloud:
    """A running cloud on 127.0.0.1, as a context manager. With `state` (a folder) it is the same cloud after a restart.

    `port` 0 takes a free one, the former one first where there is a state folder. Faults and tokens do not outlive the process.
    """

    def __init__(self, state: Path | None = None, *, port: int = 0, tokens: Iterable[Token] = (DEFAULT,)) -> None:
        if state:
            state.mkdir(parents=True, exist_ok=True)
        self._state = state
        self._lock = threading.RLock()
        self._stale: dict[str, _Stale] = {}
        self._wanted_port = port
        self._server: ThreadingHTTPServer | None = None
        self._thread: threading.Thread | None = None
        self.tokens: list[Token] = list(tokens)
        self.faults = Faults()
        self.journal = Journal(state / "journal.jsonl" if state else None)
        self._items: dict[str, Item] = {}
        for entry in self.journal:
            self._replay(entry)

    # -- life

    def start(self) -> Self:
        from interlock.testing.labcloud.api import bind  # api knows the cloud, not the other way round

        former = self._state / "port" if self._state else None
        port = self._wanted_port
        if not port and former and former.exists():
            port = int(former.read_text())
        try:
            self._server = bind(self, port)
        except OSError:
            if self._wanted_port:
                raise
            self._server = bind(self, 0)  # somebody has taken the former port since
        if former:
            former.write_text(str(self.port))
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True, name="labcloud"
        )
        self._thread.start()
        return self

    def stop(self) -> None:
        """Takes no new request; those under way are answered or cut."""
        if self._server and self._thread:
            self._server.shutdown()
            self._thread.join()
            self._server.server_close()
        with self._lock:
            self.journal.close()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def port(self) -> int:
        assert self._server is not None, "the lab cloud is not started"
        return int(self._server.server_address[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    # -- what tests look at

    def items(self, collection: str | None = None) -> list[Item]:
        """The items there are, by collection, name, id; all collections' by default. Sees through lag."""
        with self._lock:
            found = [item for item in self._items.values() if collection in (None, item.collection)]
        return sorted(found, key=lambda item: (item.collection, item.name, item.id))

    def item(self, collection: str, name: str) -> Item:
        """The one item of this name. Raises LookupError when there is none, or more than one."""
        found = [item for item in self.items(collection) if item.name == name]
        if len(found) != 1:
            raise LookupError(f"{len(found)} items named {name!r} in collection {collection!r}")
        return found[0]

    def contents(self) -> dict[str, list[dict[str, Any]]]:
        """What clients wrote, by collection, without anything generated: equal before and after a perfect rollback."""
        found: dict[str, list[dict[str, Any]]] = {}
        for item in self.items():
            found.setdefault(item.collection, []).append(dict(item.written))
        return found

    def creations(self, since: int = 0) -> Counter[tuple[str, str]]:
        """How often each (collection, name) was created: more than 1 is a repeat."""
        made = [entry for entry in self.journal.writes(since) if entry.method == "POST"]
        return Counter((entry.collection, entry.name) for entry in made)

    # -- behind everybody's back

    def edit(self, collection: str, name: str, **changes: Any) -> Item:
        """Changes attributes of the one item of this name, as a person at a console would. Raises LookupError, Refused."""
        with self._lock:
            before = self.item(collection, name)
            return self._edit(before, rules.edit(before, changes)) or before

    def remove(self, collection: str, name: str) -> None:
        with self._lock:
            self._edit(self.item(collection, name), None)

    def add(self, collection: str, name: str, **attributes: Any) -> Item:
        """An item that nobody's state knows of."""
        with self._lock:
            made = rules.create(collection, {"name": name, **attributes})
            return self._edit(None, made) or made

    def snapshot(self) -> list[dict[str, Any]]:
        return [item.record() for item in self.items()]

    def restore(self, records: Iterable[Mapping[str, Any]]) -> None:
        """Makes the contents those of a snapshot, ids and all; each difference is an edit in the journal. `restore([])` empties."""
        wanted = {record["id"]: rules.from_record(record) for record in records}
        with self._lock:
            for item in self.items():
                if item.id not in wanted:
                    self._edit(item, None)
            for item in wanted.values():
                if self._items.get(item.id) != item:
                    self._edit(self._items.get(item.id), item)

    # -- for the API

    def seen(self, item_id: str) -> Item | None:
        """The item as a reader sees it now; counts as one read of it."""
        with self._lock:
            stale = self._stale.get(item_id)
            if stale and (stale.reads > 0 or time.monotonic() < stale.deadline):
                stale.reads -= 1
                return stale.item
            self._stale.pop(item_id, None)
            return self._items.get(item_id)

    def listed(self, collection: str) -> list[Item]:
        """The items of a collection as a reader sees them now, in the order of `items`."""
        with self._lock:
            seen = [self.seen(item_id) for item_id in sorted({*self._items, *self._stale})]
        found = [item for item in seen if item and item.collection == collection]
        return sorted(found, key=lambda item: (item.name, item.id))

    def name_of(self, item_id: str) -> str:
        """The item's name, empty when there is no such item."""
        with self._lock:
            item = self._items.get(item_id)
        return item.name if item else ""

    def current(self, collection: str, item_id: str) -> Item:
        """The item as it is. Raises Refused (404)."""
        with self._lock:
            item = self._items.get(item_id)
        if item is None or item.collection != collection:
            raise Refused(404, f"no item {item_id} in collection {collection}")
        return item

    def write(self, entry: Entry, body: object, lag: Fault | None) -> tuple[Entry, Item | None]:
        """Carries out a POST, PUT or DELETE: the journalled entry, and the item after it. Raises Refused, and then did nothing."""
        with self._lock:
            before = None if entry.method == "POST" else self.current(entry.collection, entry.item)
            after = None
            if before is None:
                after = rules.create(entry.collection, body)
            elif entry.method == "PUT":
                after = rules.update(before, body)
            one = after or before
            assert one is not None
            entry = replace(entry, item=one.id, name=one.name, before=_recorded(before), after=_recorded(after))
            if lag:
                self._stale[one.id] = _Stale(before, lag.reads, time.monotonic() + lag.seconds)
            return self._record(entry), after

    def _edit(self, before: Item | None, after: Item | None) -> Item | None:
        one = after or before
        assert one is not None
        self._stale.pop(one.id, None)
        method = "DELETE" if after is None else "POST" if before is None else "PUT"
        entry = Entry(0, time.time(), "edit", method, "/_lab/edit", "done", 200, OUT_OF_BAND)
        entry = replace(entry, collection=one.collection, item=one.id, name=one.name)
        self._record(replace(entry, before=_recorded(before), after=_recorded(after)))
        return after

    def _record(self, entry: Entry) -> Entry:
        entry = self.journal.append(entry)
        self._replay(entry)
        return entry

    def _replay(self, entry: Entry) -> None:
        if not entry.changed:
            return
        if entry.after is None:
            self._items.pop(entry.item, None)
        else:
            self._items[entry.item] = rules.from_record(entry.after)


def _recorded(item: Item | None) -> dict[str, Any] | None:
    return item.record() if item else None
