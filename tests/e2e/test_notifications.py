"""People are told through their channels: of each event once, from the side, and a dead channel costs nothing but a line in `status`."""

import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from e2e.shop import Shop, until
from interlock.testing.labcloud import LabCloud

pytestmark = [pytest.mark.tools, pytest.mark.slow]


class Channel:
    """A small server that keeps what it is told, as (title, message)."""

    def __init__(self) -> None:
        self.told: list[tuple[str, str]] = []
        told = self.told

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                told.append((document["title"], document["message"]))
                self.send_response(200)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def titles(self) -> list[str]:
        return [title for title, _ in self.told]


@pytest.fixture
def channel() -> Iterator[Channel]:
    made = Channel()
    yield made
    made.server.shutdown()
    made.server.server_close()


def _listens(shop: Shop, channel: Channel, environments: str) -> None:
    port = channel.server.server_address[1]
    shop.organization(environments, more=f"notifications:\n  ops: {{url: 'json://127.0.0.1:{port}/told'}}\n")


def test_each_event_once(shop: Shop, lab: LabCloud, channel: Channel) -> None:
    _listens(shop, channel, "  live: {zone: production, approval: {teams: [platform], count: 1}}")
    shop.commit("Tell somebody")
    waiting = shop.deploy().expect(3)
    assert channel.titles == [f"{waiting.id} is blocked in live"]
    assert "approve" in channel.told[0][1]
    shop.deploy().expect(3)  # it waits for the same: nothing new
    assert len(channel.told) == 1
    shop.approve(waiting.id).expect(0)
    shop.deploy().expect(0)
    assert len(channel.told) == 1  # what goes well is told by nobody

    lab.edit("live", "app", size=50)
    for _ in range(2):
        shop.run("drift").expect(2)
    until(lambda: len(channel.told) == 2, "drift is told")
    lab.edit("live", "app", size=1, content="other")
    shop.run("drift").expect(2)
    assert channel.titles[1:] == ["live/app drifted", "live/app drifted"]  # once for each set
    lab.edit("live", "app", size=1, content=None)

    shop.stack("app", size=2, more="checks: [{command: {run: ['false'], within: 200ms}}]")
    shop.commit("It will fail")
    failing = shop.deploy().expect(3)
    shop.approve(failing.id).expect(0)
    shop.deploy().expect(1)
    assert sorted(channel.titles[3:]) == [
        f"{failing.id} failed in live",
        f"{failing.id} is blocked in live",
        f"{failing.id} was rolled back in live",
    ]


def test_a_dead_channel_is_shown_and_harms_nothing(shop: Shop) -> None:
    with socket.socket() as deaf:  # takes connections and never answers
        deaf.bind(("127.0.0.1", 0))
        deaf.listen()
        port = deaf.getsockname()[1]
        channels = f"  deaf: {{url: 'json://127.0.0.1:{port}'}}\n  nobody: {{url: 'json://127.0.0.1:1'}}\n"
        shop.organization(
            "  live: {zone: production, approval: {teams: [platform], count: 1}}", more=f"notifications:\n{channels}"
        )
        shop.commit("Tell nobody")
        waiting = shop.deploy().expect(3)
        shop.approve(waiting.id).expect(0)
        shop.deploy().expect(0)
    assert shop.writes() == ["POST live/app"]
    notices = shop.status(waiting.id)["notices"]
    assert len(notices) == 2
    assert "deaf" in str(notices)
    assert "nobody" in str(notices)
    assert "notification to nobody failed" in shop.run("status", waiting.id).text
