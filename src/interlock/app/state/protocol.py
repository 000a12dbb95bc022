"""The HTTP state protocol as a function: a request in, an answer out. No socket, no thread.

Both tools speak it: GET reads, LOCK and UNLOCK carry a LockInfo document, POST writes and names the lock as `?ID=`. What is stricter here
than in other servers of it, because a state that went wrong cannot be mended by planning again:

- A write needs the lock that is held now, the stored lineage, a greater serial, and a lease that is still ours; else 409, which the tool
  does not repeat: it keeps what it wanted to write in `errored.tfstate`. The bytes that are stored already are no write, and fine.
- An UNLOCK without a body is `force-unlock`, which names no lock: refused, unless this is a privileged run.
- A run that may only read (a plan) gets 403 for anything else.
"""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import parse_qs

from interlock.model.errors import InterlockError, LeaseLost, StalePlan
from interlock.world import Fence


@dataclass(frozen=True)
class StateVersion:
    data: bytes
    serial: int
    lineage: str


class StateStore(Protocol):
    """Versions and the lock of one state: a component's in an environment. Every method is one transaction."""

    def current(self) -> StateVersion | None: ...

    def put(self, version: StateVersion, lock_id: str) -> None:
        """Append a version. The caller has checked it; a store that knows better by now raises StalePlan or LeaseLost."""
        ...

    def lock(self, info: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """None when it is held by `info["ID"]` now, else the holder's info. A lock of an older lease is taken over. Raises LeaseLost."""
        ...

    def unlock(self, lock_id: str | None) -> bool:
        """Let go; `None` whoever holds it. False when another one holds it. Not held is fine."""
        ...

    def holder(self) -> Mapping[str, Any] | None: ...


@dataclass(frozen=True)
class Request:
    """`query` without `?`; header names in lower case."""

    method: str
    query: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True)
class Answer:
    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Access:
    """What this run may do. `fence` is the lease that a write needs; without one the run may only read."""

    username: str
    password: str = field(repr=False)
    fence: Fence | None = None
    privileged: bool = False


def answer(request: Request, store: StateStore, access: Access) -> Answer:
    """Never raises for what a client sends; errors of the store are the caller's to turn into 500."""
    if not _known(request.headers.get("authorization", ""), access):
        return Answer(401, b"wrong credentials\n", {"WWW-Authenticate": 'Basic realm="state"'})
    if request.method == "GET":
        version = store.current()
        return Answer(204) if version is None else Answer(200, version.data, _json(version.data))
    if request.method not in ("POST", "LOCK", "UNLOCK"):
        return Answer(405, b"not part of the state protocol here\n", {"Allow": "GET, POST, LOCK, UNLOCK"})
    if access.fence is None and not access.privileged:
        return Answer(403, b"this run may only read\n")
    if not _whole(request):
        return Answer(400, b"the body does not have the MD5 that the request names\n")
    return {"POST": _write, "LOCK": _lock, "UNLOCK": _unlock}[request.method](request, store, access)


def _write(request: Request, store: StateStore, access: Access) -> Answer:
    document = _object(request.body)
    serial, lineage = (document or {}).get("serial"), (document or {}).get("lineage")
    if document is None or type(serial) is not int or not isinstance(lineage, str) or not lineage:
        return Answer(400, b"a state is a JSON object with `serial` and `lineage`\n")
    holder = store.holder()
    given = parse_qs(request.query).get("ID", [""])[-1]
    if holder is None or not given or given != holder.get("ID"):
        return _refused("a state is written only by the one who holds its lock")
    current = store.current()
    if current is not None:
        if current.data == request.body:
            return Answer(200)
        if current.lineage != lineage:
            return _refused(f"the stored state has lineage {current.lineage}, the new one {lineage}")
        if serial <= current.serial:
            return _refused(f"the stored state has serial {current.serial}, the new one {serial}")
    if refusal := _lease_lost(access):
        return refusal
    try:
        store.put(StateVersion(request.body, serial, lineage), given)
    except (StalePlan, LeaseLost) as error:  # it moved between our look and its transaction
        return _refused(str(error))
    return Answer(200)


def _lock(request: Request, store: StateStore, access: Access) -> Answer:
    info = _object(request.body)
    if info is None or not isinstance(info.get("ID"), str) or not info["ID"]:
        return Answer(400, b"a lock is a JSON object with `ID`\n")
    if refusal := _lease_lost(access):
        return refusal
    try:
        holder = store.lock(info)
    except LeaseLost as error:
        return _refused(str(error))
    if holder is not None:
        body = json.dumps(dict(holder)).encode()  # the tool shows it to its user
        return Answer(423, body, _json(body))
    return Answer(200, request.body, _json(request.body))


def _unlock(request: Request, store: StateStore, access: Access) -> Answer:
    if not request.body.strip():
        if not access.privileged:
            return Answer(403, b"force-unlock is not for a run: the lock goes with its lease\n")
        store.unlock(None)
        return Answer(200)
    info = _object(request.body)
    if info is None or not isinstance(info.get("ID"), str):
        return Answer(400, b"a lock is a JSON object with `ID`\n")
    if store.unlock(info["ID"]):
        return Answer(200)
    body = json.dumps(dict(store.holder() or {})).encode()
    return Answer(409, body, _json(body))


def _lease_lost(access: Access) -> Answer | None:
    if access.fence is None:
        return None  # privileged: a person's repair
    try:
        access.fence.check()
    except LeaseLost as error:
        return _refused(str(error))
    except InterlockError as error:  # it cannot be told: not ours, then
        return _refused(f"the lease cannot be checked: {error}")
    return None


def _known(header: str, access: Access) -> bool:
    scheme, _, value = header.partition(" ")
    wanted = base64.b64encode(f"{access.username}:{access.password}".encode())
    same = hmac.compare_digest(value.strip().encode("utf-8", "replace"), wanted)
    return scheme.lower() == "basic" and same


def _whole(request: Request) -> bool:
    given = request.headers.get("content-md5")
    digest = base64.b64encode(hashlib.md5(request.body, usedforsecurity=False).digest()).decode()
    return given is None or hmac.compare_digest(given.strip().encode(), digest.encode())


def _object(body: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _json(body: bytes) -> dict[str, str]:
    digest = base64.b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode()
    return {"Content-Type": "application/json", "Content-MD5": digest}


def _refused(why: str) -> Answer:
    return Answer(409, f"{why}\n".encode())
