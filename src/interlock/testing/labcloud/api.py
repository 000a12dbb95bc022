"""The HTTP face of a lab cloud.

    GET POST             /v1/collections/C/items[?name=N]      needs a token; POST answers 201 with the item
    GET PUT DELETE       /v1/collections/C/items/ID            likewise; PUT replaces all written attributes
    GET                  /serve/ID/health                      200, or 503 when the item is not healthy, or 404: open to anyone
    GET                  /_lab/journal[?since=SEQ][&redact=1]  the control side, open: the server listens on loopback only
    GET POST DELETE      /_lab/faults                          POST takes one fault or a list of them
    GET PUT              /_lab/tokens                          PUT replaces all: [{"label","value","can_write"}]; GET tells no values
    POST                 /_lab/edit                            {"collection","name","set":{...}} | {...,"delete":true} | {...,"add":{...}}
    GET PUT              /_lab/snapshot                        PUT makes the contents those; POST /_lab/reset empties, clears faults

Errors are {"error": {"code": STATUS, "message": TEXT}}. A request carries at most one journal entry, made before it is answered.
"""

import contextlib
import json
import socket
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from interlock.testing.labcloud import faults as fault_rules
from interlock.testing.labcloud.faults import Fault
from interlock.testing.labcloud.items import Refused
from interlock.testing.labcloud.journal import Entry
from interlock.testing.labcloud.tokens import Token, authenticate, from_documents

if TYPE_CHECKING:
    from interlock.testing.labcloud.cloud import LabCloud

MAX_BODY = 16 << 20


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)  # a client that went away is no news; a bug of ours is


def bind(cloud: "LabCloud", port: int) -> ThreadingHTTPServer:
    """A server for `cloud` on 127.0.0.1:`port`, bound but not serving. Raises OSError when the port is taken."""
    return _Server(("127.0.0.1", port), type("LabHandler", (_Handler,), {"cloud": cloud}))


class _Cut(Exception):
    """The connection is to be closed without an answer."""


class _Handler(BaseHTTPRequestHandler):
    cloud: ClassVar["LabCloud"]
    protocol_version = "HTTP/1.1"
    server_version = "labcloud"
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one packet

    def log_message(self, format: str, *args: Any) -> None:
        """The journal is the log."""

    def do_GET(self) -> None:
        self._handle()

    do_POST = do_PUT = do_DELETE = do_GET

    def _handle(self) -> None:
        split = urlsplit(self.path)
        parts = [unquote(part) for part in split.path.strip("/").split("/")]
        query = {key: values[-1] for key, values in parse_qs(split.query).items()}
        headers: dict[str, str] = {}
        try:
            body = self._body()
            match parts:
                case ["v1", "collections", collection, "items", *rest] if len(rest) <= 1:
                    status, answer = self._item(collection, rest[0] if rest else "", query, body, headers)
                case ["serve", item_id, *rest] if rest in ([], ["health"]):
                    status, answer = self._health(item_id)
                case ["_lab", what]:
                    status, answer = self._control(what, query, body)
                case _:
                    raise Refused(404, f"nothing at {split.path}")
        except Refused as refused:
            status, answer = refused.status, {"error": {"code": refused.status, "message": str(refused)}}
        except _Cut:
            self.close_connection = True
            with contextlib.suppress(OSError):  # the client was faster
                self.connection.shutdown(socket.SHUT_RDWR)
            return
        self._answer(status, answer, headers)

    def _body(self) -> Any:
        length = int(self.headers.get("Content-Length") or 0)
        if length > MAX_BODY:
            self.close_connection = True  # what we do not read cannot be followed by another request
            raise Refused(413, "the body is too large")
        raw = self.rfile.read(length)
        try:
            return json.loads(raw) if raw else None
        except ValueError as error:
            raise Refused(400, "the body is not JSON") from error

    def _answer(self, status: int, answer: Any, headers: dict[str, str]) -> None:
        raw = b"" if status == 204 else json.dumps(answer).encode()
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    # -- items

    def _item(
        self, collection: str, item_id: str, query: dict[str, str], body: Any, headers: dict[str, str]
    ) -> tuple[int, Any]:
        method = self.command
        entry = Entry(
            seq=0,
            time=time.time(),
            kind="read" if method == "GET" else "write",
            method=method,
            path=self.path,
            outcome="done",
            status=201 if method == "POST" else 204 if method == "DELETE" else 200,
            request_id=self.headers.get("X-Request-Id", ""),
            collection=collection,
            item=item_id,
            name=self._name(item_id, query, body),
        )
        try:
            token = authenticate(self.cloud.tokens, self.headers.get("Authorization"))
            entry = replace(entry, token=token.label)
            due = self.cloud.faults.due(method, urlsplit(self.path).path, token.label, entry.name)
            entry = replace(entry, fault=",".join(fault.action for fault in due))
            self._before(due, body, headers)
            cut = any(fault.action == "cut" for fault in due)
            if cut:
                entry = replace(entry, outcome="cut", status=0)
            answer = self._read(entry, query) if method == "GET" else self._write(entry, token, body, due)
        except Refused as refused:
            self.cloud.journal.append(replace(entry, outcome="refused", status=refused.status, error=str(refused)))
            raise
        if cut:
            raise _Cut
        return entry.status, answer

    def _name(self, item_id: str, query: dict[str, str], body: Any) -> str:
        if item_id:
            return self.cloud.name_of(item_id)
        return str(body.get("name") or "") if isinstance(body, dict) else query.get("name", "")

    def _before(self, due: list[Fault], body: Any, headers: dict[str, str]) -> None:
        """The faults that act before, or in place of, the request."""
        for fault in due:
            if fault.action == "latency":
                time.sleep(fault.seconds)
            elif fault.action == "status":
                if fault.retry_after is not None:
                    headers["Retry-After"] = f"{fault.retry_after:g}"
                raise Refused(fault.status, fault.text or f"the lab cloud was asked to answer {fault.status}")
            elif fault.action == "expire":
                raise Refused(401, fault.text or "token expired")
            elif fault.action == "echo":
                value = body.get(fault.field) if isinstance(body, dict) else None
                raise Refused(422, f"{fault.text or 'invalid value'} for {fault.field}: {value}")

    def _read(self, entry: Entry, query: dict[str, str]) -> Any:
        if not entry.item:
            found = [item for item in self.cloud.listed(entry.collection) if query.get("name", item.name) == item.name]
            self.cloud.journal.append(entry)
            return {"items": [item.document(self.cloud.url) for item in found]}
        item = self.cloud.seen(entry.item)
        if item is None or item.collection != entry.collection:
            raise Refused(404, f"no item {entry.item} in collection {entry.collection}")
        self.cloud.journal.append(entry)
        return item.document(self.cloud.url)

    def _write(self, entry: Entry, token: Token, body: Any, due: list[Fault]) -> Any:
        if not token.can_write:
            raise Refused(403, f"token {token.label} may only read")
        if (entry.method == "POST") == bool(entry.item):
            raise Refused(405, f"{entry.method} is not for {self.path}")
        _, item = self.cloud.write(entry, body, next((fault for fault in due if fault.action == "lag"), None))
        return item and item.document(self.cloud.url)

    def _health(self, item_id: str) -> tuple[int, Any]:
        item = self.cloud.seen(item_id)
        status = 404 if item is None else 200 if item.written["healthy"] else 503
        name = item.name if item else ""
        entry = Entry(0, time.time(), "health", self.command, self.path, "done", status, item=item_id, name=name)
        self.cloud.journal.append(entry)
        if item is None:
            return 404, {"status": "gone"}
        return status, {"status": "ok" if status == 200 else "failing", "name": item.name, "revision": item.revision}

    # -- the control side

    def _control(self, what: str, query: dict[str, str], body: Any) -> tuple[int, Any]:
        cloud = self.cloud
        routes: dict[tuple[str, str], Callable[[], Any]] = {
            ("GET", "journal"): lambda: self._journal(query),
            ("GET", "faults"): lambda: {"faults": [vars(fault) for fault in cloud.faults]},
            ("POST", "faults"): lambda: self._inject(body),
            ("DELETE", "faults"): cloud.faults.clear,
            ("GET", "tokens"): lambda: {
                "tokens": [{"label": token.label, "can_write": token.can_write} for token in cloud.tokens]
            },
            ("PUT", "tokens"): lambda: self._replace_tokens(body),
            ("POST", "edit"): lambda: self._edit(body),
            ("GET", "snapshot"): lambda: {"items": cloud.snapshot()},
            ("PUT", "snapshot"): lambda: cloud.restore(body["items"]),
            ("POST", "reset"): self._reset,
        }
        route = routes.get((self.command, what))
        if route is None:
            raise Refused(404, f"no {self.command} /_lab/{what}")
        try:
            return 200, route()
        except (KeyError, TypeError, ValueError, LookupError) as error:
            raise Refused(422, f"/_lab/{what}: {type(error).__name__}: {error}") from error

    def _journal(self, query: dict[str, str]) -> Any:
        entries = self.cloud.journal.since(int(query.get("since", 0)))
        return {"entries": [(entry.redact() if query.get("redact") else entry).document() for entry in entries]}

    def _inject(self, body: Any) -> None:
        self.cloud.faults.extend(
            [fault_rules.from_document(one) for one in (body if isinstance(body, list) else [body])]
        )

    def _replace_tokens(self, body: Any) -> None:
        self.cloud.tokens = from_documents(body)

    def _reset(self) -> None:
        self.cloud.faults.clear()
        self.cloud.restore([])

    def _edit(self, body: Any) -> Any:
        collection, name = body["collection"], body["name"]
        if body.get("delete"):
            return self.cloud.remove(collection, name)
        if "add" in body:
            return self.cloud.add(collection, name, **body["add"]).document(self.cloud.url)
        return self.cloud.edit(collection, name, **body["set"]).document(self.cloud.url)
