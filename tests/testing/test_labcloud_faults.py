"""Each fault does what faults.py says, to the requests it matches and no other, as often as it was told."""

import http.client

import pytest

from interlock.testing.labcloud import LabCloud

from .conftest import Client, path_of

ITEMS = "/v1/collections/things/items"


def test_a_status_is_answered_in_place_and_as_often_as_told(lab: LabCloud, client: Client) -> None:
    lab.faults.add("status", status=429, times=2, retry_after=0)
    answers = [client.call("POST", ITEMS, {"name": "a"})[0] for _ in range(3)]
    assert answers == [429, 429, 201]
    assert lab.creations() == {("things", "a"): 1}
    assert [(entry.outcome, entry.status, entry.fault) for entry in lab.journal] == [
        ("refused", 429, "status"),
        ("refused", 429, "status"),
        ("done", 201, ""),
    ]


def test_a_token_expires_in_the_middle_and_another_does_not(lab: LabCloud, client: Client) -> None:
    lab.faults.add("expire", token="apply", after=2)
    first, second = client.create("a"), client.create("b")
    status, answer = client.call("POST", ITEMS, {"name": "c"})
    assert (status, answer["error"]["message"]) == (401, "token expired")
    assert client.call("DELETE", path_of(first))[0] == 401
    assert Client(lab.url, "plan-value").call("GET", path_of(second))[0] == 200
    assert [item.name for item in lab.items()] == ["a", "b"]


@pytest.mark.parametrize(
    ("fault", "struck"),
    [
        ({}, ["POST a", "GET a", "PUT a", "POST b", "DELETE b"]),
        ({"methods": ("PUT", "DELETE")}, ["PUT a", "DELETE b"]),
        ({"name": "b*"}, ["POST b", "DELETE b"]),
        ({"path": "*/collections/other/*"}, []),
        ({"path": ITEMS}, ["POST a", "POST b"]),
        ({"token": "plan"}, []),
        ({"after": 1, "times": 2}, ["GET a", "PUT a"]),
    ],
)
def test_a_fault_strikes_what_it_matches_and_no_other(
    lab: LabCloud, client: Client, fault: dict[str, object], struck: list[str]
) -> None:
    lab.faults.add("latency", **fault)  # of zero seconds: it leaves a mark in the journal and nothing else
    first = client.create("a")
    client.call("GET", path_of(first))
    client.call("PUT", path_of(first), {"name": "a"})
    second = client.create("b")
    client.call("DELETE", path_of(second))
    assert [f"{entry.method} {entry.name}" for entry in lab.journal if entry.fault] == struck


@pytest.mark.parametrize(("method", "left"), [("POST", ["a", "b"]), ("PUT", ["c"]), ("DELETE", [])])
def test_a_cut_write_was_done_though_nobody_was_told(
    lab: LabCloud, client: Client, method: str, left: list[str]
) -> None:
    made = client.create("a")
    lab.faults.add("cut", times=1)
    path = ITEMS if method == "POST" else path_of(made)
    name = {"POST": "b", "PUT": "c"}.get(method)
    with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
        client.call(method, path, {"name": name} if name else None)
    assert [item.name for item in lab.items()] == left
    last = lab.journal.writes()[-1]
    assert (last.method, last.outcome, last.status, last.changed) == (method, "cut", 0, True)


def test_reads_lag_a_write_by_so_many(lab: LabCloud, client: Client) -> None:
    lab.faults.add("lag", reads=2)
    made = client.create("a", size=1)
    assert [client.call("GET", path_of(made))[0] for _ in range(3)] == [404, 404, 200]
    client.call("PUT", path_of(made), {"name": "a", "size": 2})
    assert [client.call("GET", path_of(made))[1]["size"] for _ in range(3)] == [1, 1, 2]
    client.call("DELETE", path_of(made))
    assert len(client.call("GET", ITEMS)[1]["items"]) == 1
    assert lab.items() == []
    assert [client.call("GET", path_of(made))[0] for _ in range(2)] == [200, 404]


def test_reads_lag_a_write_for_a_time_until_an_edit_shows(lab: LabCloud, client: Client) -> None:
    lab.faults.add("lag", seconds=3600)
    made = client.create("a")
    assert client.call("GET", path_of(made))[0] == 404
    lab.edit("things", "a", size=5)
    assert client.call("GET", path_of(made))[1]["size"] == 5


def test_an_echo_tells_the_secret_and_the_printed_journal_does_not(lab: LabCloud, client: Client) -> None:
    lab.faults.add("latency")
    lab.faults.add("echo", field="secret", times=1)
    status, answer = client.call("POST", ITEMS, {"name": "a", "secret": "hunter2"})
    assert (status, answer["error"]["message"]) == (422, "invalid value for secret: hunter2")
    assert lab.items() == []
    assert "hunter2" in str(client.call("GET", "/_lab/journal"))
    assert "hunter2" not in str(client.call("GET", "/_lab/journal?redact=1"))


def test_faults_come_and_go_over_http(lab: LabCloud, client: Client) -> None:
    several = [{"action": "status", "status": 503, "times": 1}, {"action": "status", "status": 500}]
    assert client.call("POST", "/_lab/faults", several)[0] == 200
    assert [client.call("GET", ITEMS)[0] for _ in range(2)] == [503, 500]
    assert [fault["status"] for fault in client.call("GET", "/_lab/faults")[1]["faults"]] == [503, 500]
    assert client.call("DELETE", "/_lab/faults")[0] == 200
    assert client.call("GET", ITEMS)[0] == 200


@pytest.mark.parametrize(
    "fault", [{}, {"action": "explode"}, {"action": "cut", "when": "now"}, [{"action": "cut"}, 3], 7]
)
def test_a_malformed_fault_is_refused_and_none_of_it_taken(lab: LabCloud, client: Client, fault: object) -> None:
    assert client.call("POST", "/_lab/faults", fault)[0] == 422
    assert list(lab.faults) == []


def test_health_and_control_are_never_struck(lab: LabCloud, client: Client) -> None:
    made = client.create("a")
    lab.faults.add("status", status=500)
    assert client.call("GET", f"/serve/{made['id']}/health")[0] == 200
    assert client.call("GET", "/_lab/snapshot")[0] == 200
