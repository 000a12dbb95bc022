"""What a lab cloud does wrong when asked to. A fault waits for requests that match it, lets `after` of them pass, then works `times`.

    latency   wait `seconds` before anything else
    status    answer `status` (with `retry_after` as Retry-After) and do nothing
    expire    answer 401 "token expired" and do nothing: a token that runs out in the middle
    echo      answer 422 with the value of the body's `field` in the text, and do nothing
    cut       do it, then close the connection without an answer
    lag       do the write; the next `reads` reads of the item, or all for `seconds`, still see what was before

Of several faults that match one request all that are due act, oldest first; the first that answers in place of the server wins.
"""

import fnmatch
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from typing import Any

from interlock.testing.labcloud.items import Refused

ACTIONS = ("latency", "status", "expire", "echo", "cut", "lag")


@dataclass(frozen=True)
class Fault:
    """Empty `methods` and `token` match anything; `path` and `name` (the item's) are shell patterns; `times` None is for ever."""

    action: str
    methods: tuple[str, ...] = ()
    path: str = "*"
    token: str = ""
    name: str = "*"
    after: int = 0
    times: int | None = None
    seconds: float = 0.0
    status: int = 500
    retry_after: float | None = None
    field: str = "secret"
    reads: int = 0
    text: str = ""

    def __post_init__(self) -> None:
        if self.action not in ACTIONS:
            raise Refused(422, f"no fault {self.action!r}; there are {', '.join(ACTIONS)}")

    def matches(self, method: str, path: str, token: str, name: str | None) -> bool:
        return (
            (not self.methods or method in self.methods)
            and fnmatch.fnmatchcase(path, self.path)
            and (not self.token or token == self.token)
            and (self.name == "*" or fnmatch.fnmatchcase(name or "", self.name))
            and (self.action != "lag" or method not in ("GET", "HEAD"))
        )


def from_document(document: object) -> Fault:
    """A fault from JSON. Raises Refused (422) for an unknown key."""
    known = {one.name for one in fields(Fault)}
    if not isinstance(document, dict) or not set(document) <= known or "action" not in document:
        raise Refused(422, f"a fault is an object with `action` and any of: {', '.join(sorted(known))}")
    values: dict[str, Any] = dict(document)
    values["methods"] = tuple(values.get("methods", ()))
    return Fault(**values)


class Faults:
    """The faults of one lab cloud and how often each has been met; safe to use from many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[tuple[Fault, list[int]]] = []

    def add(self, action: str, **values: Any) -> Fault:
        """Injects a fault from now on; `values` are the fields of Fault."""
        fault = Fault(action, **values)
        with self._lock:
            self._faults.append((fault, [0]))
        return fault

    def extend(self, faults: Iterable[Fault]) -> None:
        with self._lock:
            self._faults.extend((fault, [0]) for fault in faults)

    def clear(self) -> None:
        with self._lock:
            self._faults.clear()

    def __iter__(self) -> Iterator[Fault]:
        with self._lock:
            return iter([fault for fault, _ in self._faults])

    def due(self, method: str, path: str, token: str, name: str | None) -> list[Fault]:
        """The faults that act on this request, oldest first. Asking counts: ask once a request."""
        found = []
        with self._lock:
            for fault, met in self._faults:
                if fault.matches(method, path, token, name):
                    met[0] += 1
                    if met[0] > fault.after and (fault.times is None or met[0] <= fault.after + fault.times):
                        found.append(fault)
        return found
