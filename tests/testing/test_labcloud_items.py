"""Items over real HTTP: what is kept, what is generated, what is refused, and who may."""

from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from interlock.testing.labcloud import LabCloud

from .conftest import Client, path_of


def test_what_was_written_comes_back_and_the_rest_is_generated(lab: LabCloud, client: Client) -> None:
    written = {
        "size": 3,
        "labels": {"team": "x"},
        "content": "one\ntwo\n",
        "zone": "z1",
        "secret": "hunter2",
        "settings": {"tier": "gold", "replicas": None, "rules": [{"port": 80, "allow": True, "note": None}]},
    }
    made = client.create("a", **written)
    assert {key: made[key] for key in written} == written
    assert made["healthy"] is True
    assert made["revision"] == 1
    assert made["endpoint"] == f"{lab.url}/serve/{made['id']}"
    assert made["token"].startswith("tok-")
    assert client.call("GET", path_of(made)) == (200, made)
    assert lab.contents() == {"things": [{"name": "a", "healthy": True, **written}]}


def test_ids_are_the_servers_and_equal_names_stay_apart(lab: LabCloud, client: Client) -> None:
    first, second = client.create("same"), client.create("same")
    assert first["id"] != second["id"]
    status, found = client.call("GET", "/v1/collections/things/items?name=same")
    assert (status, len(found["items"])) == (200, 2)
    assert lab.creations() == {("things", "same"): 2}
    with pytest.raises(LookupError, match="2 items"):
        lab.item("things", "same")


def test_an_update_replaces_all_raises_the_revision_and_keeps_id_and_token(client: Client) -> None:
    made = client.create("a", size=1, content="x")
    status, updated = client.call("PUT", path_of(made), {"name": "b", "size": 2})
    assert status == 200
    assert (updated["name"], updated["size"], updated["content"], updated["revision"]) == ("b", 2, None, 2)
    assert (updated["id"], updated["token"]) == (made["id"], made["token"])


def test_a_deleted_item_is_gone(lab: LabCloud, client: Client) -> None:
    made = client.create("a")
    assert client.call("DELETE", path_of(made)) == (204, None)
    assert client.call("GET", path_of(made))[0] == 404
    assert client.call("DELETE", path_of(made))[0] == 404
    assert client.call("PUT", path_of(made), {"name": "a"})[0] == 404
    assert lab.items() == []


def test_an_item_answers_only_in_its_own_collection(client: Client) -> None:
    made = client.create("a", collection="networks")
    assert client.call("GET", f"/v1/collections/apps/items/{made['id']}")[0] == 404
    assert client.call("DELETE", f"/v1/collections/apps/items/{made['id']}")[0] == 404


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        ({}, 422, "needs a name"),
        ({"name": ""}, 422, "needs a name"),
        ({"name": 3}, 422, "attribute name has the wrong type"),
        ({"name": "a", "size": "3"}, 422, "attribute size"),
        ({"name": "a", "size": True}, 422, "attribute size"),
        ({"name": "a", "healthy": 1}, 422, "attribute healthy"),
        ({"name": "a", "colour": "red"}, 422, "no such attribute: colour"),
        ({"name": "a", "token": "mine"}, 422, "no such attribute: token"),
        ([], 422, "a JSON object"),
        (b"{", 400, "not JSON"),
    ],
)
def test_a_malformed_item_is_refused_and_nothing_is_made(
    lab: LabCloud, client: Client, body: object, status: int, says: str
) -> None:
    answer = client.call("POST", "/v1/collections/things/items", body)
    assert answer[0] == status
    assert says in answer[1]["error"]["message"]
    assert lab.items() == []
    assert lab.journal.writes() == []


def test_the_zone_is_chosen_once(lab: LabCloud, client: Client) -> None:
    made = client.create("a", zone="z1")
    assert client.call("PUT", path_of(made), {"name": "a", "zone": "z2"})[0] == 409
    assert lab.item("things", "a").written["zone"] == "z1"


@pytest.mark.parametrize(
    ("method", "path"), [("POST", "/v1/collections/c/items/i-1"), ("PUT", "/v1/collections/c/items")]
)
def test_a_method_in_the_wrong_place_is_refused(client: Client, method: str, path: str) -> None:
    assert client.call(method, path, {"name": "a"})[0] == 405


def test_without_a_token_nothing_is_told_or_done(lab: LabCloud, client: Client) -> None:
    made = client.create("a")
    for token in ("", "wrong", "apply-value-and-more"):
        stranger = Client(lab.url, token)
        assert stranger.call("GET", path_of(made))[0] == 401
        assert stranger.call("DELETE", path_of(made))[0] == 401
    assert len(lab.items()) == 1
    assert [entry.token for entry in lab.journal if entry.status == 401] == [""] * 6


def test_a_reading_token_reads_and_writes_nothing(lab: LabCloud, client: Client) -> None:
    made = client.create("a")
    reader = Client(lab.url, "plan-value")
    assert reader.call("GET", path_of(made))[0] == 200
    for method, path in (("POST", "/v1/collections/things/items"), ("PUT", path_of(made)), ("DELETE", path_of(made))):
        assert reader.call(method, path, {"name": "b"})[0] == 403
    assert [item.name for item in lab.items()] == ["a"]
    assert [entry.token for entry in lab.journal if entry.status == 403] == ["plan"] * 3


def test_health_follows_the_item(lab: LabCloud, client: Client) -> None:
    made = client.create("a")
    path = f"/serve/{made['id']}/health"
    assert client.call("GET", path) == (200, {"status": "ok", "name": "a", "revision": 1})
    lab.edit("things", "a", healthy=False)
    assert client.call("GET", path) == (503, {"status": "failing", "name": "a", "revision": 2})
    lab.remove("things", "a")
    assert client.call("GET", path) == (404, {"status": "gone"})


def test_a_kept_connection_answers_again_and_again(lab: LabCloud) -> None:
    connection = HTTPConnection(urlsplit(lab.url).netloc, timeout=20)
    for number in range(3):
        connection.request("GET", f"/v1/collections/c{number}/items", headers={"Authorization": "Bearer plan-value"})
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b'{"items": []}')
    connection.close()
