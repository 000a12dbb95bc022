"""The witness: one entry for every read, write and edit, in the order the lab cloud carried them out.

Kept as JSON lines when the cloud has a state folder. The lines are the cloud's only store: its items are what the entries add up to, so
the two cannot disagree. Each line is flushed to the operating system before the request is answered; a torn last line (the process was
killed while writing) belongs to a request that nobody got an answer to, and is dropped on return.
"""

import json
import threading
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from interlock.testing.labcloud.items import SENSITIVE

KINDS = ("read", "write", "edit", "health")


@dataclass(frozen=True)
class Entry:
    """One request. `before` and `after` are item records, of writes and edits only; None: the item was not there.

    outcome: `done` (and answered with success), `refused` (nothing was changed), `cut` (done, but the answer was not sent).
    `time` is seconds since the epoch; `token` the token's label; `request_id` the client's X-Request-Id.
    """

    seq: int
    time: float
    kind: str
    method: str
    path: str
    outcome: str
    status: int
    token: str = ""
    request_id: str = ""
    collection: str = ""
    item: str = ""
    name: str = ""
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    error: str = ""
    fault: str = ""

    @property
    def changed(self) -> bool:
        """Whether the world is another after this entry."""
        return self.kind in ("write", "edit") and self.outcome != "refused"

    def redact(self) -> "Entry":
        """The form to print: without the values of sensitive attributes, wherever they stand."""
        hidden = {str(side[key]) for side in (self.before, self.after) if side for key in SENSITIVE if side.get(key)}
        error = self.error
        for value in sorted(hidden, key=len, reverse=True):
            error = error.replace(value, "(sensitive)")
        if "echo" in self.fault.split(","):
            error = "(an echo of the request)"
        return replace(self, before=_masked(self.before), after=_masked(self.after), error=error)

    def document(self) -> dict[str, Any]:
        return asdict(self)


def _masked(side: dict[str, Any] | None) -> dict[str, Any] | None:
    return side and {key: "(sensitive)" if key in SENSITIVE and value else value for key, value in side.items()}


class Journal:
    """Entries, oldest first. The cloud appends; everybody may iterate while it does."""

    def __init__(self, path: Path | None = None) -> None:
        self._lock = threading.Lock()
        self._entries: list[Entry] = []
        self._path = path
        if path is not None:
            self._entries = _load(path)
        self._file = path.open("a", encoding="utf-8") if path else None

    def append(self, entry: Entry) -> Entry:
        """Adds `entry` under the next number and returns it so."""
        with self._lock:
            entry = replace(entry, seq=len(self._entries) + 1)
            if self._file:
                self._file.write(json.dumps(entry.document(), separators=(",", ":")) + "\n")
                self._file.flush()
            self._entries.append(entry)
            return entry

    def __iter__(self) -> Iterator[Entry]:
        with self._lock:
            return iter(list(self._entries))

    def __len__(self) -> int:
        return len(self._entries)

    def since(self, seq: int) -> list[Entry]:
        """The entries after number `seq`."""
        with self._lock:
            return self._entries[seq:]

    def writes(self, since: int = 0) -> list[Entry]:
        """What clients changed: writes that were carried out, answered or cut; not edits behind their back."""
        return [entry for entry in self.since(since) if entry.kind == "write" and entry.changed]

    def close(self) -> None:
        if self._file:
            self._file.close()


def _load(path: Path) -> list[Entry]:
    if not path.exists():
        return []
    raw = path.read_bytes()
    whole = raw[: raw.rfind(b"\n") + 1]
    if len(whole) < len(raw):
        with path.open("r+b") as file:
            file.truncate(len(whole))
    return [Entry(**json.loads(line)) for line in whole.splitlines()]
