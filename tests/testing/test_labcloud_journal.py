"""The journal tells what happened, in order, and is all that a restart needs."""

import json
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.testing.labcloud import Entry, LabCloud, Token
from interlock.testing.labcloud.journal import Journal

from .conftest import TOKENS, Client, path_of


def test_an_entry_says_who_did_what_to_which_from_what_to_what(lab: LabCloud, client: Client) -> None:
    made = client.create("a", size=1)
    client.call("GET", path_of(made), **{"X-Request-Id": "r-1"})
    client.call("PUT", path_of(made), {"name": "a", "size": 2}, **{"X-Request-Id": "r-2"})
    client.call("DELETE", path_of(made))
    create, read, update, delete = lab.journal
    assert [(one.seq, one.kind, one.method, one.token, one.item) for one in lab.journal] == [
        (1, "write", "POST", "apply", made["id"]),
        (2, "read", "GET", "apply", made["id"]),
        (3, "write", "PUT", "apply", made["id"]),
        (4, "write", "DELETE", "apply", made["id"]),
    ]
    assert create.before is None
    assert create.after == {key: value for key, value in made.items() if key != "endpoint"}
    assert (read.before, read.after, read.request_id) == (None, None, "r-1")
    assert update.before == create.after
    assert update.after is not None
    assert (update.after["size"], update.after["revision"], update.request_id) == (2, 2, "r-2")
    assert (delete.before, delete.after) == (update.after, None)
    assert client.call("GET", "/_lab/journal?since=2")[1]["entries"] == [update.document(), delete.document()]


def test_edits_behind_ones_back_are_told_apart_from_writes(lab: LabCloud, client: Client) -> None:
    client.create("a", zone="z1")
    assert client.call("POST", "/_lab/edit", {"collection": "things", "name": "a", "set": {"zone": "z2"}})[0] == 200
    assert client.call("POST", "/_lab/edit", {"collection": "things", "name": "b", "add": {"size": 1}})[0] == 200
    assert client.call("POST", "/_lab/edit", {"collection": "things", "name": "a", "delete": True})[0] == 200
    assert client.call("POST", "/_lab/edit", {"collection": "things", "name": "a", "delete": True})[0] == 422
    assert [(one.method, one.name) for one in lab.journal.writes()] == [("POST", "a")]
    assert [(one.kind, one.method, one.name, one.token) for one in list(lab.journal)[1:]] == [
        ("edit", "PUT", "a", "out-of-band"),
        ("edit", "POST", "b", "out-of-band"),
        ("edit", "DELETE", "a", "out-of-band"),
    ]
    assert [item.name for item in lab.items()] == ["b"]


def test_a_snapshot_brings_everything_back_ids_too(lab: LabCloud, client: Client) -> None:
    kept, changed, deleted = (client.create(name, size=1) for name in ("kept", "changed", "deleted"))
    snapshot = client.call("GET", "/_lab/snapshot")[1]
    client.call("PUT", path_of(changed), {"name": "changed", "size": 2})
    client.call("DELETE", path_of(deleted))
    client.create("new")
    before = len(lab.journal)
    assert client.call("PUT", "/_lab/snapshot", snapshot)[0] == 200
    assert {"items": lab.snapshot()} == snapshot
    assert sorted(one.name for one in lab.journal.since(before)) == ["changed", "deleted", "new"]
    assert client.call("GET", path_of(kept)) == (200, kept)
    assert client.call("POST", "/_lab/reset")[0] == 200
    assert lab.items() == []


def test_the_same_cloud_after_a_restart(tmp_path: Path) -> None:
    with LabCloud(tmp_path, tokens=TOKENS) as lab:
        client = Client(lab.url)
        made = client.create("a", secret="hunter2", labels={})
        client.call("PUT", path_of(made), {"name": "a", "size": 2})
        client.create("b")
        lab.remove("things", "b")
        url, items, entries = lab.url, lab.items(), list(lab.journal)
    with LabCloud(tmp_path, tokens=TOKENS) as lab:
        assert (lab.url, lab.items(), list(lab.journal)) == (url, items, entries)
        assert Client(lab.url).create("c")["revision"] == 1
        assert [one.seq for one in lab.journal] == [1, 2, 3, 4, 5]


def test_a_taken_port_moves_the_cloud_unless_the_port_was_asked_for(tmp_path: Path) -> None:
    with LabCloud(tmp_path, tokens=TOKENS) as first:
        taken = first.port
        with LabCloud(tmp_path, tokens=TOKENS) as second:
            assert second.port != taken
            try:
                LabCloud(port=taken).start()
            except OSError:
                return
    raise AssertionError("two clouds on one port")


def test_a_torn_last_line_is_dropped(tmp_path: Path) -> None:
    with LabCloud(tmp_path, tokens=TOKENS) as lab:
        Client(lab.url).create("a")
    with (tmp_path / "journal.jsonl").open("a") as file:
        file.write('{"seq":2,"kind":"wri')
    with LabCloud(tmp_path, tokens=TOKENS) as lab:
        assert [item.name for item in lab.items()] == ["a"]
        Client(lab.url).create("b")
    assert [json.loads(line)["seq"] for line in (tmp_path / "journal.jsonl").read_text().splitlines()] == [1, 2]


def test_writers_at_the_same_instant_are_all_journalled_once(lab: LabCloud, client: Client) -> None:
    def work(number: int) -> None:
        for turn in range(10):
            client.create(f"w{number}-{turn}")

    threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(lab.items()) == 80
    assert set(lab.creations().values()) == {1}
    assert [one.seq for one in lab.journal] == list(range(1, 81))


def test_the_program_keeps_its_word_over_sigterm_and_kill(tmp_path: Path) -> None:
    state, ready = tmp_path / "state", tmp_path / "ready"
    state.mkdir()
    (state / "tokens.json").write_text('[{"label": "ci", "value": "ci-value"}]')
    argv = [sys.executable, "-m", "interlock.testing.labcloud", "--state", str(state), "--ready-file", str(ready)]
    urls = []
    for number, stop in enumerate((signal.SIGTERM, signal.SIGKILL, signal.SIGTERM)):
        ready.unlink(missing_ok=True)
        process = subprocess.Popen(argv, stdout=subprocess.DEVNULL)
        try:
            until = time.monotonic() + 60
            while not ready.exists():
                assert process.poll() is None
                assert time.monotonic() < until, "not ready"
                time.sleep(0.02)
            urls.append(ready.read_text().strip())
            client = Client(urls[-1], "ci-value")
            client.create(f"n{number}")
            items = client.call("GET", "/v1/collections/things/items")[1]["items"]
            assert [item["name"] for item in items] == [f"n{one}" for one in range(number + 1)]
            process.send_signal(stop)
            assert process.wait(timeout=30) == (0 if stop == signal.SIGTERM else -signal.SIGKILL)
        finally:
            process.kill()
            process.wait()
    assert len(set(urls)) == 1


values = st.text(alphabet="abcdefgh", min_size=6, max_size=12)


@settings(max_examples=50)
@given(secret=values, token=values, size=st.integers())
def test_the_redacted_form_has_no_sensitive_value(secret: str, token: str, size: int) -> None:
    record = {"name": "N", "secret": secret, "token": token, "size": size}
    entry = Entry(
        1,
        0.0,
        "write",
        "PUT",
        "/P",
        "done",
        200,
        before=record,
        after={**record, "secret": None},
        error=f"E {token}{secret} E",
    )
    told = json.dumps(entry.redact().document())
    plain = told.replace("(sensitive)", "").replace("(an echo of the request)", "")
    for value in (secret, token):
        assert f'"{value}"' not in plain
        assert value not in entry.redact().error
    assert json.loads(told)["before"]["size"] == size


def test_a_token_does_not_show_itself() -> None:
    assert "apply-value" not in repr(Token("apply", "apply-value"))


def test_a_journal_in_memory_writes_nothing(tmp_path: Path) -> None:
    journal = Journal()
    journal.append(Entry(0, 0.0, "read", "GET", "/x", "done", 200))
    assert [one.seq for one in journal] == [1]
    assert list(tmp_path.iterdir()) == []
