"""Managed state over real HTTP: the tool's own client, the real store behind, and what happens when a tool is killed."""

import http.client
import json
import os
import signal
import subprocess
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from interlock.app.state.loopback import LoopbackState
from interlock.app.state.stored import StoredState
from interlock.model.digest import Keyed
from interlock.store import Store, leases
from interlock.store import state as states
from interlock.store.home import Home
from interlock.store.leases import Lease, LeaseFence
from interlock.testing.tools import find_tools, quiet
from interlock.world import StateAddress


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    root = tmp_path / "home"
    store = Store.open(Home(root, "acme-0123456789ab", root / "keys").prepare(), Keyed(bytes(range(32))))
    yield store
    store.close()


@pytest.fixture
def lease(store: Store) -> Lease:
    with store.database.write() as tx:
        return leases.take(tx, "app", "staging", "d-1", 600)


@pytest.fixture
def state(store: Store, lease: Lease) -> LoopbackState:
    return writing(store, lease)


def writing(store: Store, lease: Lease) -> LoopbackState:
    stored = StoredState(store, "app", "staging", fence=lease.token, deployment="d-1", actor="ann@acme.example")
    return LoopbackState(stored, LeaseFence(store.database, lease))


def ask(address: StateAddress, method: str, body: bytes = b"", query: str = "", *, password: str | None = None) -> int:
    url = urlsplit(address.url)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=20)
    login = b64encode(f"{address.username}:{password or address.password}".encode()).decode()
    connection.request(method, url.path + query, body, {"Authorization": f"Basic {login}"})
    status = connection.getresponse().status
    connection.close()
    return status


def test_a_password_is_for_one_run(state: LoopbackState) -> None:
    with state.serve() as one:
        assert ask(one, "GET") == 204
        assert ask(one, "GET", password="guess") == 401
        assert urlsplit(one.url).hostname == "127.0.0.1"
    with pytest.raises(ConnectionError):
        ask(one, "GET")
    with state.serve() as two:
        assert two.password != one.password
        assert ask(two, "GET", password=one.password) == 401


def test_it_stops_at_once(state: LoopbackState) -> None:
    before = threading.active_count()
    for _ in range(20):
        with state.serve() as address:
            ask(address, "GET")
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() <= before


def test_versions_lock_and_audit_are_in_the_store(state: LoopbackState, store: Store) -> None:
    body = b'{"version": 4, "serial": 1, "lineage": "line-a", "resources": []}'
    with state.serve() as address:
        assert ask(address, "POST", body, "?ID=one") == 409
        assert ask(address, "LOCK", b'{"ID": "one", "Who": "ann"}') == 200
        assert ask(address, "LOCK", b'{"ID": "two"}') == 423
        assert ask(address, "POST", body, "?ID=one") == 200
        assert ask(address, "POST", body, "?ID=one") == 200
        assert ask(address, "POST", body.replace(b"[]", b"[1]"), "?ID=one") == 409
        assert ask(address, "UNLOCK", b"") == 403
        assert ask(address, "UNLOCK", b'{"ID": "one"}') == 200
        assert ask(address, "DELETE") == 405
    assert state.current() == body
    with store.database.read() as tx:
        (version,) = states.versions(tx, "app", "staging")
        assert (version.serial, version.lineage, version.lock_id, version.deployment) == (1, "line-a", "one", "d-1")
        assert [r["action"] for r in tx.all("SELECT action FROM audit")] == ["state"]
    assert store.audit.verify().ok
    assert not [p for p in store.home.root.rglob("*") if p.is_file() and b'line-a", "res' in p.read_bytes()]


def test_an_older_lease_writes_nothing(state: LoopbackState, store: Store, lease: Lease) -> None:
    body = b'{"version": 4, "serial": 1, "lineage": "line-a"}'
    with state.serve() as old:
        assert ask(old, "LOCK", b'{"ID": "one"}') == 200
        with store.database.write() as tx:
            leases.release(tx, lease)
            newer = leases.take(tx, "app", "staging", "d-2", 600)
        assert ask(old, "POST", body, "?ID=one") == 409
        with writing(store, newer).serve() as new:
            assert ask(new, "LOCK", b'{"ID": "two"}') == 200
            assert ask(new, "POST", body, "?ID=two") == 200
            assert ask(old, "POST", body.replace(b"1", b"2"), "?ID=two") == 409


def test_a_reader_has_no_lease_and_writes_nothing(store: Store) -> None:
    reader = LoopbackState(StoredState(store, "app", "staging", fence=None, deployment="", actor="ann"))
    with reader.serve() as address:
        assert ask(address, "GET") == 204
        assert ask(address, "LOCK", b'{"ID": "one"}') == 403
        assert ask(address, "POST", b'{"serial": 1, "lineage": "a"}', "?ID=one") == 403


# -- the tools' own clients


@pytest.fixture
def stack(tmp_path: Path) -> Path:
    folder = tmp_path / "stack"
    folder.mkdir()
    (folder / "main.tf").write_text('variable "v" {}\nresource "terraform_data" "a" {\n  input = var.v\n}\n')
    (folder / "interlock_override.tf.json").write_text('{"terraform": {"backend": {"http": {}}}}')
    return folder


def tofu(stack: Path, address: StateAddress, *arguments: str, wait: bool = True, **more: str) -> subprocess.Popen[str]:
    variables: Mapping[str, str] = {
        "TF_HTTP_ADDRESS": address.url,
        "TF_HTTP_LOCK_ADDRESS": address.url,
        "TF_HTTP_UNLOCK_ADDRESS": address.url,
        "TF_HTTP_USERNAME": address.username,
        "TF_HTTP_PASSWORD": address.password,
        "TF_HTTP_RETRY_MAX": "0",
        "TF_VAR_v": "1",
        **more,
    }
    process = subprocess.Popen(
        [find_tools(allow_path=True).tofu, *arguments, "-no-color"],
        cwd=stack,
        env={**quiet(), **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    if wait:
        process.communicate(timeout=120)
    return process


@pytest.mark.tools
def test_the_tool_keeps_its_state_in_the_store(state: LoopbackState, store: Store, stack: Path) -> None:
    with state.serve() as address:
        assert tofu(stack, address, "init").returncode == 0
        assert tofu(stack, address, "apply", "-auto-approve").returncode == 0
    with state.serve() as address:  # another port, another password, no other init
        assert tofu(stack, address, "apply", "-auto-approve", TF_VAR_v="2").returncode == 0
        assert tofu(stack, address, "plan", "-detailed-exitcode", TF_VAR_v="2").returncode == 0
    with store.database.read() as tx:
        versions = states.versions(tx, "app", "staging")
        assert states.lock_of(tx, "app", "staging") is None
    assert [v.serial for v in versions] == [2, 1]
    assert len({v.lineage for v in versions}) == 1
    current = state.current()
    assert current is not None
    assert json.loads(current)["resources"][0]["name"] == "a"
    assert not list(stack.glob("*.tfstate*"))
    left = b"".join(p.read_bytes() for p in stack.rglob("*") if p.is_file() and not p.is_symlink())
    assert address.password.encode() not in left


@pytest.mark.tools
def test_the_loser_of_a_lock_is_told_who_holds_it(state: LoopbackState, stack: Path) -> None:
    with state.serve() as address:
        tofu(stack, address, "init")
        assert ask(address, "LOCK", b'{"ID": "held-by-ann", "Who": "ann@laptop"}') == 200
        process = tofu(stack, address, "apply", "-auto-approve", wait=False)
        said, _ = process.communicate(timeout=60)
        assert process.returncode == 1
        assert "held-by-ann" in said


@pytest.mark.tools
def test_the_lock_of_a_killed_tool_goes_with_its_run(state: LoopbackState, store: Store, stack: Path) -> None:
    (stack / "main.tf").write_text(
        'resource "terraform_data" "a" {\n  provisioner "local-exec" {\n    command = "sleep 60"\n  }\n}\n'
    )

    def held() -> bool:
        with store.database.read() as tx:
            return states.lock_of(tx, "app", "staging") is not None

    with state.serve() as address:
        tofu(stack, address, "init")
        process = tofu(stack, address, "apply", "-auto-approve", wait=False)
        deadline = time.monotonic() + 30
        while not held() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert held()
        os.killpg(process.pid, signal.SIGKILL)
        process.communicate(timeout=30)
        assert held()
    assert not held()
    with state.serve() as address:
        assert tofu(stack, address, "plan").returncode == 0
