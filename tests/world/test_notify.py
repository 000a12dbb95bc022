"""Channels that take a message, refuse it, hang, are not there, or were never one; through apprise's own json:// to a local server."""

import json
import logging
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from interlock.model.digest import Keyed
from interlock.world.notify import Delivery, Notifier
from interlock.world.secrets import SecretStore

TOKEN = "T0k3n-abcdefghij"


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        self.got: list[tuple[str, dict[str, str]]] = []
        self.released = threading.Event()
        super().__init__(("127.0.0.1", 0), Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """A sender that gave up is what some tests are about."""


class Handler(BaseHTTPRequestHandler):
    server: Server

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.path.startswith("/hang"):
            self.server.released.wait(20)
        self.server.got.append((self.path, json.loads(body)))
        self.send_response(500 if self.path.startswith("/bad") else 200)
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
        yield server
        server.released.set()
        server.shutdown()


def secrets() -> SecretStore:
    return SecretStore({"HOOK": {"env": "HOOK"}, "UNSET": {"env": "UNSET"}}, {"HOOK": TOKEN}, Keyed(b"k" * 32))


def test_each_channel_by_itself(
    server: Server, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    base = f"json://127.0.0.1:{server.server_address[1]}"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nobody = free.getsockname()[1]
    channels = {
        "good": {"url": f"{base}/good/${{secret:HOOK}}", "on": ["failed"]},
        "bad": {"url": f"{base}/bad/${{secret:HOOK}}"},
        "hang": {"url": f"{base}/hang", "on": ["failed", "drift"]},
        "nobody": {"url": f"json://127.0.0.1:{nobody}/${{secret:HOOK}}"},
        "none": {"url": "nonsense${secret:HOOK}"},
        "unset": {"url": "${secret:UNSET}"},
        "wrong": {"url": "${commit}"},
        "quiet": {"url": f"{base}/quiet", "on": ["drift"]},
    }
    store = secrets()
    with caplog.at_level(logging.DEBUG):
        found = Notifier(channels, store, deadline=3.0).send("failed", "It failed", f"the body with {TOKEN}")
    assert not [path for path, _ in server.got if path.startswith("/hang")]  # it was not waited for
    assert [(d.channel, d.ok) for d in found] == [(n, n == "good") for n in sorted(channels) if n != "quiet"]
    details = {d.channel: d.detail for d in found}
    assert details["good"] == ""
    assert "500" in details["bad"]
    assert "no answer within 3.0s" in details["hang"]
    assert "UNSET" in details["unset"]
    assert all(details[name] for name in details if name != "good")
    sent = next(message for path, message in server.got if path == f"/good/{TOKEN}")
    assert (sent["title"], sent["message"]) == ("It failed", "the body with (secret)")
    assert not [path for path, _ in server.got if path.startswith("/quiet")]
    assert TOKEN not in repr(found) + caplog.text + "".join(capfd.readouterr())


def test_nobody_to_tell() -> None:
    assert Notifier({}, secrets()).send("failed", "t", "b") == ()
    assert Notifier({"a": {"url": "json://127.0.0.1:1", "on": ["drift"]}}, secrets()).send("failed", "t", "b") == ()
    assert Delivery("a", True) == Delivery("a", True, "")
