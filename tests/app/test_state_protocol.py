"""The state protocol's rules, and both tools' own clients against it."""

import base64
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from interlock.app.state.protocol import Access, Answer, Request, StateStore, answer
from interlock.model.errors import LeaseLost
from interlock.testing.state import FolderStateStore

LOCK = {
    "ID": "lock-1",
    "Operation": "OperationTypeApply",
    "Info": "",
    "Who": "ann@laptop",
    "Version": "1.12.6",
    "Path": "",
}


class Lease:
    token = 7
    lost = False

    def check(self) -> None:
        if self.lost:
            raise LeaseLost("the lease (token 7) is no longer held")


class Client:
    """Speaks to `answer` as the tools do."""

    def __init__(self, store: StateStore, access: Access) -> None:
        self.store, self.access = store, access

    def __call__(self, method: str, body: bytes | Mapping[str, Any] = b"", query: str = "", **headers: str) -> Answer:
        data = body if isinstance(body, bytes) else json.dumps(body).encode()
        login = base64.b64encode(f"{self.access.username}:{self.access.password}".encode()).decode()
        return answer(
            Request(method, query, {"authorization": f"Basic {login}", **headers}, data), self.store, self.access
        )


def state(serial: int, lineage: str = "line-a", **more: Any) -> bytes:
    return json.dumps(
        {"version": 4, "serial": serial, "lineage": lineage, "outputs": {}, "resources": [], **more}
    ).encode()


@pytest.fixture
def lease() -> Lease:
    return Lease()


@pytest.fixture
def store(tmp_path: Path) -> FolderStateStore:
    return FolderStateStore(tmp_path / "state")


@pytest.fixture
def client(store: FolderStateStore, lease: Lease) -> Client:
    return Client(store, Access("run", "once-only", lease))


def test_reading_nothing_and_something(client: Client) -> None:
    assert client("GET").status == 204
    client("LOCK", LOCK)
    assert client("POST", state(1), "ID=lock-1").status == 200
    found = client("GET")
    assert (found.status, found.body) == (200, state(1))
    assert found.headers["Content-MD5"] == base64.b64encode(hashlib.md5(state(1)).digest()).decode()


def test_a_held_lock_answers_with_its_holder(client: Client, store: FolderStateStore) -> None:
    assert client("LOCK", LOCK).status == 200
    other = client("LOCK", {**LOCK, "ID": "lock-2", "Who": "bob"})
    assert other.status == 423
    assert json.loads(other.body)["Who"] == "ann@laptop"
    assert client("LOCK", LOCK).status == 200  # asked again by the same
    assert client("UNLOCK", {**LOCK, "ID": "lock-2"}).status == 409
    assert store.holder() is not None
    assert client("UNLOCK", LOCK).status == 200
    assert store.holder() is None
    assert client("LOCK", {**LOCK, "ID": "lock-2"}).status == 200


@pytest.mark.parametrize("query", ["", "ID=", "ID=lock-2", "ID=lock-1&ID=lock-2", "id=lock-1"])
def test_a_write_needs_the_lock_that_is_held(client: Client, store: FolderStateStore, query: str) -> None:
    client("LOCK", LOCK)
    assert client("POST", state(1), query).status == 409
    assert store.current() is None


def test_a_write_without_any_lock_is_refused(client: Client, store: FolderStateStore) -> None:
    assert client("POST", state(1), "ID=lock-1").status == 409
    assert store.current() is None


@pytest.mark.parametrize(
    ("second", "status"),
    [
        (state(6), 200),
        (state(5), 200),  # the very bytes that are stored
        (state(5, outputs={"a": {"value": 1}}), 409),
        (state(4), 409),
        (state(6, "line-b"), 409),
        (state(0), 409),
    ],
)
def test_a_write_continues_the_stored_lineage(
    client: Client, store: FolderStateStore, second: bytes, status: int
) -> None:
    client("LOCK", LOCK)
    assert client("POST", state(5), "ID=lock-1").status == 200
    assert client("POST", second, "ID=lock-1").status == status
    current = store.current()
    assert current is not None
    assert current.data == (second if status == 200 else state(5))
    assert len(store.versions) == (2 if second == state(6) else 1)


@pytest.mark.parametrize(
    "body", [b"", b"no json", b"[]", b'{"serial": 1}', b'{"serial": "1", "lineage": "a"}', b'{"serial": true, "lineage": "a"}',
             b'{"serial": 1, "lineage": ""}', b"[" * 100_000]
)  # fmt: skip
def test_what_is_no_state_is_refused(client: Client, store: FolderStateStore, body: bytes) -> None:
    client("LOCK", LOCK)
    assert client("POST", body, "ID=lock-1").status == 400
    assert store.current() is None


def test_an_encrypted_state_is_a_state(client: Client) -> None:
    client("LOCK", LOCK)
    body = json.dumps(
        {"serial": 1, "lineage": "a", "meta": {}, "encrypted_data": "…", "encryption_version": "v0"}
    ).encode()
    assert client("POST", body, "ID=lock-1").status == 200


def test_a_body_that_was_damaged_on_the_way_is_refused(client: Client, store: FolderStateStore) -> None:
    client("LOCK", LOCK)
    wrong = base64.b64encode(hashlib.md5(b"other").digest()).decode()
    assert client("POST", state(1), "ID=lock-1", **{"content-md5": wrong}).status == 400
    assert store.current() is None


def test_without_the_lease_nothing_is_written(client: Client, store: FolderStateStore, lease: Lease) -> None:
    client("LOCK", LOCK)
    lease.lost = True
    assert client("POST", state(1), "ID=lock-1").status == 409
    assert store.current() is None
    assert client("UNLOCK", LOCK).status == 200
    assert client("LOCK", LOCK).status == 409


@pytest.mark.parametrize(
    "header", ["", "Basic", "Basic !!", "Bearer once-only", "Basic " + base64.b64encode(b"run:other").decode()]
)
@pytest.mark.parametrize("method", ["GET", "POST", "LOCK", "UNLOCK", "DELETE"])
def test_nobody_without_the_password(store: FolderStateStore, lease: Lease, method: str, header: str) -> None:
    found = answer(
        Request(method, "ID=lock-1", {"authorization": header}, state(1)), store, Access("run", "once-only", lease)
    )
    assert found.status == 401
    assert store.current() is None
    assert store.holder() is None


@pytest.mark.parametrize("method", ["POST", "LOCK", "UNLOCK"])
def test_a_run_without_a_lease_only_reads(store: FolderStateStore, method: str) -> None:
    reader = Client(store, Access("run", "once-only"))
    assert reader("GET").status == 204
    assert reader(method, LOCK, "ID=lock-1").status == 403


def test_force_unlock_is_for_the_privileged(client: Client, store: FolderStateStore) -> None:
    client("LOCK", LOCK)
    assert client("UNLOCK").status == 403
    assert store.holder() is not None
    assert Client(store, Access("admin", "other", privileged=True))("UNLOCK").status == 200
    assert store.holder() is None


@pytest.mark.parametrize("method", ["DELETE", "PUT", "PATCH", "HEAD"])
def test_other_methods_are_none_of_the_protocol(client: Client, method: str) -> None:
    assert client(method, state(1)).status == 405
