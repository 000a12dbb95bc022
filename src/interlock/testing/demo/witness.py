"""What really happened, asked of the lab cloud over HTTP: never of the program that is being shown."""

import json
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

GENERATED = ("id", "revision", "token", "collection")


class Contradiction(AssertionError):
    """The lab cloud tells another story than the demo."""


@dataclass(frozen=True)
class Witness:
    """A lab cloud's control side. `token` may write: it is used to change things behind everybody's back only through `edit`."""

    url: str

    def contents(self, environment: str = "") -> dict[str, Any]:
        """`COLLECTION/NAME` → what clients wrote of it, without what the server made; of one environment, or of all."""
        items = self._call("GET", "snapshot")["items"]
        return {
            f"{item['collection']}/{item['name']}": {k: v for k, v in item.items() if k not in GENERATED}
            for item in sorted(items, key=lambda one: (one["collection"], one["name"]))
            if item["collection"].startswith(f"{environment}-" if environment else "")
        }

    def mark(self) -> int:
        """The number of the newest journal entry, for `since`."""
        entries = self._entries(0)
        return int(entries[-1]["seq"]) if entries else 0

    def writes(self, since: int) -> list[str]:
        """`METHOD COLLECTION/NAME` of every write by a client after entry `since`, in order, those that were refused left out."""
        found = [one for one in self._entries(since) if one["kind"] == "write" and one["outcome"] != "refused"]
        return [f"{one['method']} {one['collection']}/{one['name']}" for one in found]

    def writers(self, since: int) -> set[str]:
        """Labels of the tokens that wrote, or tried to, after entry `since`."""
        return {one["token"] for one in self._entries(since) if one["kind"] == "write"}

    def health_checks(self, since: int) -> list[tuple[str, int]]:
        """(name, status) of every health check that was answered after entry `since`."""
        return [(one["name"], one["status"]) for one in self._entries(since) if one["kind"] == "health"]

    def edit(self, collection: str, name: str, changes: Mapping[str, Any]) -> None:
        """As a person at a console would, past every tool."""
        self._call("POST", "edit", {"collection": collection, "name": name, "set": dict(changes)})

    def _entries(self, since: int) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = self._call("GET", f"journal?since={since}&redact=1")["entries"]
        return entries

    def _call(self, method: str, what: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_lab/{what}", data=data, method=method)
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))  # it listens on loopback, behind no proxy
        with opener.open(request, timeout=10) as answer:
            return json.load(answer)


def insist(fact: bool, what: str) -> None:
    """Raises Contradiction saying what does not hold."""
    if not fact:
        raise Contradiction(what)
