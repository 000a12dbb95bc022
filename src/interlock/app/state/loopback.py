"""Managed state for one run: a small server on 127.0.0.1, up while a tool runs, with a password made for this run alone.

It listens before the tool starts and is gone when it has ended. Stopping does not wait for a poll: the accepting thread is woken by a
connection of our own, so a run costs no time for it.
"""

import secrets
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from interlock.app.state.protocol import Access, Answer, Request, StateStore, answer
from interlock.world import Fence, StateAddress

PATH = "/state"
USERNAME = "run"
LARGEST = 512 * 1024 * 1024


class LoopbackState:
    """Implements `world.State` over a store. `fence` is the lease that writes need; without it every run may only read."""

    def __init__(self, store: StateStore, fence: Fence | None = None) -> None:
        self._store = store
        self._fence = fence

    def current(self) -> bytes | None:
        version = self._store.current()
        return version.data if version else None

    @contextmanager
    def serve(self) -> Iterator[StateAddress]:
        access = Access(USERNAME, secrets.token_urlsafe(32), self._fence)
        server = _Server(self._store, access)
        thread = threading.Thread(target=server.run, name="managed-state", daemon=True)
        thread.start()
        try:
            self._let_go()
            yield StateAddress(f"http://127.0.0.1:{server.server_address[1]}{PATH}", access.username, access.password)
        finally:
            server.end()
            thread.join()
            server.server_close()
            self._let_go()

    def _let_go(self) -> None:
        """A lock that is there before a run or after it is that of a tool that was killed: no other run has our lease."""
        if self._fence is not None and self._store.holder() is not None:
            self._store.unlock(None)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = False

    def __init__(self, store: StateStore, access: Access) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.store = store
        self.access = access
        self._ending = threading.Event()

    def run(self) -> None:
        while not self._ending.is_set():
            self.handle_request()

    def end(self) -> None:
        self._ending.set()
        with socket.create_connection(("127.0.0.1", int(self.server_address[1])), timeout=5):
            pass  # wakes `handle_request`

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A connection that was cut is no news; anything else is a bug that must not be swallowed."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = -1  # one write for head and body
    timeout = 600
    server: _Server

    def _serve(self) -> None:
        length = self.headers.get("Content-Length") or "0"
        if not length.isdigit() or int(length) > LARGEST or self.headers.get("Transfer-Encoding"):
            self.close_connection = True
            self._send(Answer(413, b"a body needs a Content-Length, and a reasonable one\n"))
            return
        body = self.rfile.read(int(length))
        url = urlsplit(self.path)
        if url.path != PATH or len(body) != int(length):
            self._send(Answer(404 if url.path != PATH else 400))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        try:
            result = answer(Request(self.command, url.query, headers, body), self.server.store, self.server.access)
        except Exception as error:  # the tool must get an answer, or it waits; what went wrong is told to it
            result = Answer(500, f"the state store failed: {type(error).__name__}\n".encode())
        self._send(result)

    def _send(self, result: Answer) -> None:
        self.send_response(result.status)
        for name, value in result.headers.items():
            self.send_header(name, value)
        if result.status != 204:
            self.send_header("Content-Length", str(len(result.body)))
        self.end_headers()
        self.wfile.write(result.body)
        self.wfile.flush()

    do_GET = do_POST = do_DELETE = do_LOCK = do_UNLOCK = do_PUT = _serve

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: the terminal is the user's."""
