"""A running lab cloud, and a client of its API that hides nothing."""

import http.client
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import pytest

from interlock.testing.labcloud import LabCloud, Token

TOKENS = (Token("apply", "apply-value"), Token("plan", "plan-value", can_write=False))


@dataclass(frozen=True)
class Client:
    """`call` answers (status, decoded body); it raises what http.client raises when there is no answer."""

    url: str
    token: str = "apply-value"

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        connection = http.client.HTTPConnection(urlsplit(self.url).netloc, timeout=20)
        try:
            raw = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
            connection.request(method, path, raw, {"Authorization": f"Bearer {self.token}", **headers})
            response = connection.getresponse()
            text = response.read()
            return response.status, json.loads(text) if text else None
        finally:
            connection.close()

    def create(self, name: str, collection: str = "things", **attributes: Any) -> dict[str, Any]:
        status, item = self.call("POST", f"/v1/collections/{collection}/items", {"name": name, **attributes})
        assert status == 201, item
        return dict(item)


def path_of(item: dict[str, Any]) -> str:
    return f"/v1/collections/{item['collection']}/items/{item['id']}"


@pytest.fixture
def lab() -> Iterator[LabCloud]:
    with LabCloud(tokens=TOKENS) as cloud:
        yield cloud


@pytest.fixture
def client(lab: LabCloud) -> Client:
    return Client(lab.url)
