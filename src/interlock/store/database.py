"""The database: SQL text, short transactions, a connection of its own for each while it is open.

SQL stays within what SQLite (3.35 or newer) and PostgreSQL share: ON CONFLICT, RETURNING, `:name` parameters, TEXT, BIGINT and DOUBLE
PRECISION. What differs between them (connecting, beginning, the clock, error codes) is a `Driver`; a second database is a second driver.

A writer begins with the write lock (BEGIN IMMEDIATE), so that it reads what it will change, and nothing it read can move before it commits.
A reader sees one snapshot from its first statement to its end. Transactions do not nest: a read inside a transaction of the same thread joins
it; a write inside one is a mistake in our code. Nothing slow (no tool, no network, no wait) happens inside a transaction.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from interlock.model.errors import Corrupt, InterlockError, NotFound, Permanent, Unavailable
from interlock.store.durable import create_once

Row = Mapping[str, Any]
_KEPT = 8  # idle connections


class Driver(Protocol):
    """What a kind of database must bring. `clock` is an SQL expression: seconds since the epoch, by the database's own clock."""

    clock: str

    def connect(self) -> sqlite3.Connection: ...

    def begin(self, *, write: bool) -> str: ...

    def wait_for_disk(self, connection: sqlite3.Connection, lasting: bool) -> None:
        """Whether the next COMMIT returns only when the disk has it."""
        ...

    def error(self, error: sqlite3.Error) -> BaseException:
        """The error of our tree that `error` means, or `error` itself when it is a mistake in our code."""
        ...


class Tx:
    """An open transaction. Every function of the store that writes more than one row takes one, so that its caller composes one commit."""

    def __init__(self, connection: sqlite3.Connection, driver: Driver, *, writes: bool) -> None:
        self._connection = connection
        self._driver = driver
        self.writes = writes
        #: run in order, still inside the transaction, just before COMMIT; one that raises rolls everything back
        self.before_commit: list[Callable[[], None]] = []
        #: run in order when the transaction has ended; the argument says whether it was committed
        self.after: list[Callable[[bool], None]] = []
        #: names of what was already arranged for this transaction, once for all who ask
        self.arranged: set[str] = set()
        self.abandoned = False

    def abandon(self) -> None:
        """Roll back at the end of the block, without an error and without the hooks before COMMIT."""
        self.abandoned = True

    def execute(self, sql: str, /, **params: Any) -> int:
        """Runs one statement; the number of rows it changed."""
        try:
            return self._connection.execute(sql, params).rowcount
        except sqlite3.Error as error:
            raise self._driver.error(error) from error

    def all(self, sql: str, /, **params: Any) -> list[Row]:
        """Every row of one statement, as mappings by column name."""
        try:
            return self._connection.execute(sql, params).fetchall()
        except sqlite3.Error as error:
            raise self._driver.error(error) from error

    def one(self, sql: str, /, **params: Any) -> Row | None:
        """The first row, or None."""
        rows = self.all(sql, **params)
        return rows[0] if rows else None

    def now(self) -> float:
        """Seconds since the epoch by the database's clock: the one clock that all processes share."""
        row = self.one(f"SELECT {self._driver.clock} AS now")
        assert row is not None
        return float(row["now"])

    def next(self, sequence: str, step: int = 1) -> int:
        """The next number of a named sequence, from 1. Unlike a database's own sequences it has no gaps that a rollback leaves."""
        row = self.one(
            "INSERT INTO sequences (name, value) VALUES (:name, :step)"
            " ON CONFLICT (name) DO UPDATE SET value = sequences.value + :step RETURNING value",
            name=sequence,
            step=step,
        )
        assert row is not None
        return int(row["value"])


class Database:
    """Safe to share between threads. Raises Unavailable (busy, disk full), Permanent (not writable), Corrupt (not a database, malformed)."""

    def __init__(self, driver: Driver) -> None:
        self._driver = driver
        self._local = threading.local()
        self._idle: list[sqlite3.Connection] = []
        self._lock = threading.Lock()

    @staticmethod
    def open(path: Path, *, create: bool = True) -> "Database":
        """The SQLite file at `path`, brought to the newest schema. Raises NotFound when there is none and `create` is false."""
        from interlock.store import schema

        if not create and not path.exists():
            raise NotFound(f"there is no database at {path}", hint="nothing was deployed from here yet")
        database = Database(SqliteDriver(path))
        try:
            schema.migrate(database)
        except BaseException:
            database.close()
            raise
        return database

    def _take(self) -> sqlite3.Connection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        try:
            return self._driver.connect()
        except sqlite3.Error as error:
            raise self._driver.error(error) from error

    def _give_back(self, connection: sqlite3.Connection) -> None:
        """Kept for the next transaction of any thread, a few at most: a thread per request must not leave a connection each."""
        with self._lock:
            if len(self._idle) < _KEPT and not connection.in_transaction:
                self._idle.append(connection)
                return
        connection.close()

    @contextmanager
    def write(self, *, lasting: bool = True) -> Iterator[Tx]:
        """One transaction that holds the write lock from its beginning. Commits at the end of the block, rolls back when it raises.

        Not `lasting`: a crash of ours loses nothing, but a power cut may, so it waits for no disk. For what is only shown or runs out by itself.
        """
        if getattr(self._local, "tx", None) is not None:
            raise RuntimeError("a write transaction cannot begin inside another transaction of the same thread")
        with self._transaction(write=True, lasting=lasting) as tx:
            yield tx

    @contextmanager
    def read(self) -> Iterator[Tx]:
        """One consistent snapshot. Inside a transaction of the same thread it is that transaction."""
        tx: Tx | None = getattr(self._local, "tx", None)
        if tx is not None:
            yield tx
            return
        with self._transaction(write=False) as tx:
            yield tx

    @contextmanager
    def _transaction(self, *, write: bool, lasting: bool = True) -> Iterator[Tx]:
        connection = self._take()
        self._driver.wait_for_disk(connection, lasting)
        tx = Tx(connection, self._driver, writes=write)
        committed = False
        try:
            tx.execute(self._driver.begin(write=write))
            self._local.tx = tx
            yield tx
            if write and not tx.abandoned:
                for hook in tx.before_commit:
                    hook()
                tx.execute("COMMIT")
                committed = True
        finally:
            self._local.tx = None
            try:
                if connection.in_transaction:
                    connection.rollback()
            finally:
                self._give_back(connection)
                for after in tx.after:
                    after(committed)

    def close(self) -> None:
        """Closes what is idle; no transaction may be open."""
        with self._lock:
            idle, self._idle = self._idle, []
        for connection in idle:
            connection.close()


class SqliteDriver:
    """SQLite with a write-ahead log, every commit fsynced; waits up to 30 s for another writer. The file is 0600, as its log beside it.

    Nobody may open the file itself in a process that uses it, not even to read: closing it would drop this process's POSIX locks on it, another
    process would take itself for the last one and delete the log, and commits would be lost. So it is made elsewhere and linked into place.
    """

    clock = "(julianday('now') - 2440587.5) * 86400.0"
    patience = 30.0

    def __init__(self, path: Path) -> None:
        self.path = path

    def connect(self) -> sqlite3.Connection:
        try:
            create_once(self.path, b"")
        except Unavailable as error:
            raise Permanent(
                f"the database {self.path} cannot be made", hint=error.hint, slug="database-unwritable"
            ) from error
        connection = sqlite3.connect(
            self.path, timeout=self.patience, isolation_level=None, check_same_thread=False, cached_statements=256
        )
        connection.row_factory = _mapping
        try:
            self._use_log(connection)
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
        except BaseException:
            connection.close()
            raise
        return connection

    def _use_log(self, connection: sqlite3.Connection) -> None:
        """Turning the log on takes the whole file for a moment, and SQLite does not wait for that by itself."""
        deadline = time.monotonic() + self.patience
        while True:
            try:
                if connection.execute("PRAGMA journal_mode = WAL").fetchone()["journal_mode"] == "wal":
                    return
                raise Permanent(
                    f"the database {self.path} cannot keep a write-ahead log on this file system",
                    hint="put INTERLOCK_HOME on a local disk",
                    slug="database-no-log",
                )
            except sqlite3.OperationalError as error:
                if _code(error) not in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)

    def begin(self, *, write: bool) -> str:
        return "BEGIN IMMEDIATE" if write else "BEGIN"

    def wait_for_disk(self, connection: sqlite3.Connection, lasting: bool) -> None:
        connection.execute(f"PRAGMA synchronous = {'FULL' if lasting else 'NORMAL'}")

    def error(self, error: sqlite3.Error) -> BaseException:
        code = _code(error)
        made = _ERRORS.get(code)
        if made is None:
            return error
        kind, slug, what, hint = made
        return kind(f"the database {self.path} {what} ({error})", hint=hint, slug=slug)


def _code(error: sqlite3.Error) -> int:
    """SQLite's primary result code: the low byte of the extended one; 0 where Python itself found the mistake."""
    return int(getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


_ERRORS: dict[int, tuple[type[InterlockError], str, str, str]] = {
    sqlite3.SQLITE_BUSY: (Unavailable, "database-busy", "is held by another process", "try again in a moment"),
    sqlite3.SQLITE_LOCKED: (Unavailable, "database-busy", "is held by another thread", "try again in a moment"),
    sqlite3.SQLITE_FULL: (Unavailable, "disk-full", "has no space left", "free some disk space, then try again"),
    sqlite3.SQLITE_IOERR: (Unavailable, "database-io", "cannot be read or written", "check the disk, then try again"),
    sqlite3.SQLITE_READONLY: (Permanent, "database-unwritable", "is read-only", "check its owner and mode"),
    sqlite3.SQLITE_PERM: (Permanent, "database-unwritable", "may not be accessed", "check its owner and mode"),
    sqlite3.SQLITE_CANTOPEN: (
        Permanent,
        "database-unwritable",
        "cannot be opened",
        "check its folder's owner and mode",
    ),
    sqlite3.SQLITE_CORRUPT: (Corrupt, "database-corrupt", "is damaged", "restore it from a backup"),
    sqlite3.SQLITE_NOTADB: (Corrupt, "database-corrupt", "is not a database", "restore it from a backup"),
}


def _mapping(cursor: sqlite3.Cursor, values: tuple[Any, ...]) -> Row:
    return {column[0]: value for column, value in zip(cursor.description, values, strict=True)}
