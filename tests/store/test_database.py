import os
import sqlite3
import threading

import pytest

from interlock.model.errors import Corrupt, NotFound, Permanent, Unavailable
from interlock.store import schema
from interlock.store.database import Database

from .conftest import ended


def test_a_block_that_raises_leaves_nothing(database):
    def write():
        with database.write() as tx:
            tx.next("n")
            raise KeyError("stop")

    with pytest.raises(KeyError):
        write()
    with database.write() as tx:
        assert tx.next("n") == 1


def test_an_abandoned_transaction_leaves_nothing_and_raises_nothing(database):
    with database.write() as tx:
        tx.next("n")
        tx.abandon()
    with database.write() as tx:
        assert tx.next("n") == 1


def test_a_hook_that_raises_before_commit_rolls_back(database):
    ends = []

    def refuse():
        raise Unavailable("no")

    def write():
        with database.write() as tx:
            tx.next("n")
            tx.after.append(ends.append)
            tx.before_commit.append(refuse)

    with pytest.raises(Unavailable):
        write()
    assert ends == [False]
    with database.write() as tx:
        tx.after.append(ends.append)
        assert tx.next("n") == 1
    assert ends == [False, True]


def test_a_write_inside_a_transaction_is_refused_and_a_read_joins_it(database):
    with database.write() as tx:
        tx.next("n")
        with database.read() as inner:
            assert inner.one("SELECT value FROM sequences WHERE name = 'n'") == {"value": 1}
        with pytest.raises(RuntimeError), database.write():
            pass
    with database.read(), pytest.raises(RuntimeError), database.write():
        pass


def test_a_reader_sees_one_snapshot(database):
    def write():
        with database.write() as tx:
            tx.next("n")

    write()
    with database.read() as tx:
        first = tx.one("SELECT value FROM sequences")
        thread = threading.Thread(target=write)
        thread.start()
        thread.join()
        assert tx.one("SELECT value FROM sequences") == first == {"value": 1}
    with database.read() as tx:
        assert tx.one("SELECT value FROM sequences") == {"value": 2}


def test_threads_and_processes_count_without_losing_one(store, start):
    processes = [start("for _ in range(25):\n    with store.database.write() as tx: tx.next('n')") for _ in range(3)]

    def count():
        for _ in range(25):
            with store.database.write() as tx:
                tx.next("n")

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for process in processes:
        ended(process)
    with store.database.read() as tx:
        assert tx.one("SELECT value FROM sequences WHERE name = 'n'") == {"value": 175}


def test_a_process_killed_inside_a_transaction_leaves_nothing_and_no_lock(store, start):
    process = start("with store.database.write() as tx:\n    tx.next('n')\n    die()")
    process.wait(60)
    assert process.returncode == -9
    with store.database.write() as tx:
        assert tx.next("n") == 1


def test_first_openings_at_once_agree(home, start):
    processes = [start("print(store.database is not None)") for _ in range(6)]
    assert [ended(p) for p in processes] == ["True\n"] * 6


def test_settings_that_make_a_commit_durable(database):
    with database.read() as tx:
        assert tx.one("PRAGMA journal_mode")["journal_mode"] == "wal"
        assert tx.one("PRAGMA synchronous")["synchronous"] == 2
        assert tx.one("PRAGMA foreign_keys")["foreign_keys"] == 1


def test_the_file_is_ours_alone(tmp_path, database):
    for path in tmp_path.iterdir():
        assert path.stat().st_mode & 0o077 == 0, path


def test_a_full_disk_is_told_and_passes(database):
    with database.read() as tx:
        pages = tx.one("PRAGMA page_count")["page_count"]
    with database.read() as tx:
        tx.all(f"PRAGMA max_page_count = {pages + 1}")
    with pytest.raises(Unavailable) as caught, database.write() as tx:
        tx.execute("INSERT INTO sequences (name, value) VALUES (:name, 0)", name="x" * 1_000_000)
    assert caught.value.slug == "disk-full"
    with database.read() as tx:
        tx.all("PRAGMA max_page_count = 1000000")
    with database.write() as tx:
        assert tx.next("n") == 1


def test_a_busy_database_is_told(database):
    other = sqlite3.connect(database._driver.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with database.read() as tx:
        tx.all("PRAGMA busy_timeout = 50")
    with pytest.raises(Unavailable) as caught, database.write():
        pass
    other.close()
    assert caught.value.slug == "database-busy"


def test_what_is_no_database_is_told(tmp_path):
    path = tmp_path / "interlock.db"
    path.write_bytes(b"this is a text, and a long enough one, not a database" * 100)
    with pytest.raises(Corrupt) as caught:
        Database.open(path)
    assert caught.value.slug == "database-corrupt"


def test_a_missing_folder_is_told(tmp_path):
    with pytest.raises(Permanent) as caught:
        Database.open(tmp_path / "none" / "interlock.db")
    assert caught.value.slug == "database-unwritable"


def test_opening_without_creating(tmp_path):
    with pytest.raises(NotFound):
        Database.open(tmp_path / "interlock.db", create=False)
    assert not (tmp_path / "interlock.db").exists()


def test_a_newer_schema_is_refused_and_left_alone(tmp_path):
    path = tmp_path / "interlock.db"
    Database.open(path).close()
    with sqlite3.connect(path) as connection:
        connection.execute("INSERT INTO schema_version VALUES (:v)", {"v": len(schema.STEPS) + 1})
    connection.close()
    with pytest.raises(Permanent) as caught:
        Database.open(path)
    assert caught.value.slug == "schema-newer"


def test_an_older_schema_is_brought_up(tmp_path, monkeypatch):
    path = tmp_path / "interlock.db"
    Database.open(path).close()
    added = ("ALTER TABLE notices ADD COLUMN colour TEXT NOT NULL DEFAULT 'red'",)
    monkeypatch.setattr(schema, "STEPS", (*schema.STEPS, added))
    database = Database.open(path)
    with database.read() as tx:
        assert tx.all("SELECT colour FROM notices") == []
        assert tx.one("SELECT max(version) AS v FROM schema_version") == {"v": len(schema.STEPS)}
    database.close()


def test_a_migration_that_fails_half_way_leaves_the_old_schema(tmp_path, monkeypatch):
    path = tmp_path / "interlock.db"
    Database.open(path).close()
    monkeypatch.setattr(
        schema, "STEPS", (*schema.STEPS, ("CREATE TABLE fresh (a TEXT)", "CREATE TABLE notices (a TEXT)"))
    )
    with pytest.raises(sqlite3.OperationalError):
        Database.open(path)
    with sqlite3.connect(path) as connection:
        assert connection.execute("SELECT name FROM sqlite_master WHERE name = 'fresh'").fetchall() == []
    connection.close()


def test_a_thread_for_each_request_leaves_no_connection_behind(database):
    before = len(os.listdir("/proc/self/fd"))

    def count():
        with database.write() as tx:
            tx.next("n")

    for _ in range(20):
        threads = [threading.Thread(target=count) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    with database.read() as tx:
        assert tx.one("SELECT value FROM sequences WHERE name = 'n'") == {"value": 240}
    assert len(os.listdir("/proc/self/fd")) - before < 40
