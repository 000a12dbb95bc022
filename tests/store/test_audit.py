"""The chain against real tampering with the file, and against kill -9 around the commit."""

import json
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor

import pytest

from interlock.model.digest import Keyed
from interlock.model.errors import Corrupt, Unavailable
from interlock.store import Store

from .conftest import ended


def append(store, count, first=1):
    for number in range(first, first + count):
        with store.change("ann@acme.example") as change:
            change.audit(
                "apply", f"staging/app-{number}", before={"n": number - 1}, after={"n": number}, plan=f"p-{number}"
            )


def tamper(store, *statements):
    """Edits the file as somebody with sqlite3 would, in a process of its own so that no lock of ours is dropped."""
    import subprocess
    import sys

    code = "import sqlite3, sys, json\nc = sqlite3.connect(sys.argv[1])\n[c.execute(s) for s in json.loads(sys.argv[2])]\nc.commit()"
    subprocess.run([sys.executable, "-c", code, str(store.home.database), json.dumps(statements)], check=True)


def kinds(store):
    return [(fault.kind, fault.seq) for fault in store.audit.verify().faults]


def test_an_untouched_chain_is_sound(store):
    assert store.audit.verify().ok
    append(store, 5)
    report = store.audit.verify()
    assert report.ok
    assert (report.count, report.head.seq) == (5, 5)


@pytest.mark.parametrize(
    "column", ["at", "actor", "action", "subject", "before_value", "after_value", "details", "previous", "mac"]
)
@pytest.mark.parametrize("seq", [1, 3, 5])
def test_every_changed_column_is_found(store, column, seq):
    append(store, 5)
    value = '{"n": 99}' if "value" in column or column == "details" else "e" * 64
    tamper(store, f"UPDATE audit SET {column} = '{value}' WHERE seq = {seq}")
    assert seq in {where for _, where in kinds(store)}


def test_changed_text_that_is_no_json_is_found(store):
    append(store, 3)
    tamper(store, "UPDATE audit SET after_value = 'oops' WHERE seq = 2")
    assert kinds(store) == [("changed", 2)]


def test_a_changed_record_is_named_once(store):
    append(store, 5)
    tamper(store, "UPDATE audit SET actor = 'mallory' WHERE seq = 3")
    assert kinds(store) == [("changed", 3)]


@pytest.mark.parametrize("seq", [1, 3, 4])
def test_a_missing_record_is_found(store, seq):
    append(store, 5)
    tamper(store, f"DELETE FROM audit WHERE seq = {seq}")
    assert kinds(store) == [("missing", seq)]


def test_a_missing_record_with_the_rest_moved_up_is_found(store):
    append(store, 5)
    tamper(store, "DELETE FROM audit WHERE seq = 3", "UPDATE audit SET seq = seq - 1 WHERE seq > 3")
    assert [kind for kind, _ in kinds(store)] == ["reordered", "reordered", "cut"]


@pytest.mark.parametrize("kept", [0, 1, 4])
def test_a_cut_tail_is_found(store, kept):
    append(store, 5)
    tamper(store, f"DELETE FROM audit WHERE seq > {kept}")
    assert kinds(store) == [("cut", kept + 1)]


def test_swapped_records_are_found(store):
    append(store, 5)
    tamper(
        store,
        "UPDATE audit SET seq = 100 WHERE seq = 2",
        "UPDATE audit SET seq = 2 WHERE seq = 4",
        "UPDATE audit SET seq = 4 WHERE seq = 100",
    )
    assert kinds(store) == [("reordered", 2), ("reordered", 4)]


def test_a_forged_record_at_the_end_is_found(store):
    append(store, 5)
    columns = "at, actor, action, subject, before_value, after_value, details"
    tamper(store, f"INSERT INTO audit SELECT 6, {columns}, mac, '{'f' * 64}' FROM audit WHERE seq = 5")
    assert kinds(store)[0] == ("inserted", 6)


def test_a_copy_of_a_true_record_is_found(store):
    append(store, 5)
    columns = "at, actor, action, subject, before_value, after_value, details, previous, mac"
    tamper(store, f"INSERT INTO audit SELECT 6, {columns} FROM audit WHERE seq = 2")
    assert kinds(store)[0] == ("reordered", 6)


def test_a_record_by_another_key_is_found(store, home):
    append(store, 2)
    other = Store(home, Keyed(b"o" * 32), store.database)
    assert {kind for kind, _ in kinds(other)} >= {"changed", "anchor"}


def test_an_older_copy_of_the_database_is_found(store, home, keyed):
    append(store, 3)
    store.close()
    shutil.copy(home.database, home.root / "copy")
    again = Store.open(home, keyed)
    append(again, 3, first=4)
    again.close()
    shutil.copy(home.root / "copy", home.database)
    restored = Store.open(home, keyed)
    assert kinds(restored) == [("cut", 4)]
    with pytest.raises(Corrupt) as caught:
        append(restored, 1)
    assert caught.value.slug == "audit-broken"
    assert kinds(restored) == [("cut", 4)]
    restored.close()


@pytest.mark.parametrize("damage", ["delete", "empty", "older", "forged", "text"])
def test_a_damaged_anchor_is_found_and_nothing_is_appended(store, damage):
    anchor = store.home.audit_head
    append(store, 3)
    old = anchor.read_bytes()
    append(store, 3, first=4)
    value = json.loads(anchor.read_bytes())
    forged = json.dumps(value | {"last": {"seq": 3, "mac": "0" * 64}}).encode()
    if damage == "delete":
        anchor.unlink()
    else:
        anchor.write_bytes({"empty": b"", "older": old, "forged": forged, "text": b"[1]"}[damage])
    assert kinds(store) == [("anchor", 6)]
    with pytest.raises(Corrupt):
        append(store, 1)
    assert store.audit.verify().count == 6


def test_a_person_may_accept_what_is_there(store):
    append(store, 5)
    tamper(store, "DELETE FROM audit WHERE seq > 3")
    store.audit.reanchor("ann@acme.example", "restored from a backup")
    append(store, 2)
    assert store.audit.verify().ok
    with store.database.read() as tx:
        told = [r for r in store.audit.newest(tx) if r.action == "audit-reanchored"]
    assert told[0].details["reason"] == "restored from a backup"
    assert "cut" in told[0].details["faults"][0]


def test_a_change_without_a_record_is_refused(store):
    def write():
        with store.change("ann") as change:
            change.tx.next("n")

    with pytest.raises(RuntimeError):
        write()
    with store.database.write() as tx:
        assert tx.next("n") == 1


def test_a_change_that_comes_to_nothing_leaves_no_record(store):
    with store.change("ann") as change:
        change.tx.next("n")
        change.audit("x", "y")
        change.nothing()
    assert store.audit.verify().count == 0
    append(store, 1)
    assert store.audit.verify().ok


def test_several_records_of_one_change_are_one_commit(store):
    with store.change("ann") as change:
        for number in range(3):
            change.audit("x", str(number))
    append(store, 1)
    report = store.audit.verify()
    assert report.ok
    assert report.count == 4


def test_values_come_back_as_they_are_sealed(store):
    with store.change("ann") as change:
        change.audit("x", "y", before={1: "a", 10: (1, 2)}, after=[None, 1.5, "é\u2028"], nested={"b": {"a": 1}})
    with store.database.read() as tx:
        (record,) = store.audit.newest(tx)
    assert (record.before, record.after) == ({"1": "a", "10": [1, 2]}, [None, 1.5, "é\u2028"])
    assert store.audit.verify().ok


WRITE = """
with store.change('bob') as change:
    change.audit('apply', 'x')
    {0}
"""


def test_killed_between_anchor_and_commit_is_no_false_alarm(store, start):
    append(store, 3)
    process = start(WRITE.format("change.tx.before_commit.append(die)"))
    process.wait(60)
    assert process.returncode == -9
    assert json.loads(store.home.audit_head.read_bytes())["pending"]["seq"] == 4
    assert store.audit.verify().ok
    append(store, 2)
    assert store.audit.verify().ok
    assert store.audit.verify().count == 5


def test_killed_between_commit_and_anchor_is_no_false_alarm(store, start):
    append(store, 3)
    process = start(WRITE.format("change.tx.after.insert(0, lambda committed: die())"))
    process.wait(60)
    assert process.returncode == -9
    report = store.audit.verify()
    assert report.ok
    assert report.count == 4
    append(store, 2)
    assert store.audit.verify().ok


def test_after_a_crash_no_more_than_that_change_can_be_cut_unseen(store, start):
    append(store, 3)
    process = start(WRITE.format("change.tx.after.insert(0, lambda committed: die())"))
    process.wait(60)
    tamper(store, "DELETE FROM audit WHERE seq > 2")
    assert kinds(store) == [("cut", 3)]


def test_killed_before_the_anchor_leaves_the_chain_as_it_was(store, start):
    append(store, 3)
    process = start(WRITE.format("die()"))
    process.wait(60)
    assert store.audit.verify().count == 3
    assert store.audit.verify().ok


def test_appenders_of_many_threads_and_processes_make_one_chain(store, start):
    code = "for n in range(15):\n    with store.change('p') as change: change.audit('apply', str(n))"
    processes = [start(code) for _ in range(3)]
    with ThreadPoolExecutor(4) as pool:
        for future in [pool.submit(append, store, 10) for _ in range(4)]:
            future.result()
        for _ in range(5):
            assert store.audit.verify().ok
    for process in processes:
        ended(process)
    report = store.audit.verify()
    assert report.ok
    assert report.count == 85


def test_the_whole_database_gone_is_found(store, home, keyed):
    append(store, 2)
    store.close()
    for path in home.root.glob("interlock.db*"):
        path.unlink()
    fresh = Store.open(home, keyed)
    assert kinds(fresh) == [("cut", 1)]
    with pytest.raises(Corrupt):
        append(fresh, 1)
    fresh.close()


def test_sqlite_itself_finds_the_file_whole(store):
    append(store, 20)
    with store.database.read() as tx:
        assert tx.all("PRAGMA integrity_check") == [{"integrity_check": "ok"}]
    assert sqlite3.threadsafety >= 1


def test_an_anchor_that_cannot_be_written_stops_the_change(store):
    append(store, 2)
    lock = store.home.root / "audit.lock"
    lock.unlink()
    lock.mkdir()
    with pytest.raises(Unavailable):
        append(store, 1, first=3)
    lock.rmdir()
    report = store.audit.verify()
    assert report.ok
    assert report.count == 2
