"""The durable engine behind a small port; the only module that knows its library (DBOS Transact).

What it gives: a workflow is a plain async function whose `step`s are recorded when they end, and after a crash it is run again from the top with
the recorded results, so that no finished step runs twice and at most the one that was under way is started again. So every step body must be
able to be started again: it looks at our own tables first.

Rules kept here (each measured, see docs/explanation/how-it-runs.md): JSON instead of pickle; a constant application version; on SQLite one engine file
per deployment in WAL mode with synchronous=FULL, its executor id is the deployment's, so that launching the file recovers exactly that deployment;
workflows are started under fixed ids and awaited in a fixed order. Leaving with work under way is done as a crash would do it (`leave`): a
polite shutdown would record the cancellation as the workflow's result.
"""

import contextlib
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, NoReturn, Protocol

import sqlalchemy
from dbos import DBOS, SetWorkflowID
from dbos._serialization import Serializer

_ABI = "interlock-1"  # changes only when running workflows can not be replayed by new code


class Durable(Protocol):
    """What workflow code sees of the engine."""

    async def step(self, name: str, body: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        """Run `body` once and record its JSON result; on replay return the recorded one."""
        ...

    async def child(self, name: str, identity: str, *args: Any) -> "Awaitable[Any]":
        """Start the workflow registered as `name` under `identity`; the returned value is awaited for its result."""
        ...


class _Json(Serializer):
    """JSON both ways. Errors become a small record: workflow bodies return values, so an error here is a bug worth reading."""

    def serialize(self, data: Any) -> str:
        return json.dumps(data, default=_encode)

    def deserialize(cls, serialized_data: str) -> Any:
        return json.loads(serialized_data, object_hook=_decode)

    def name(self) -> str:
        return "interlock_json"


class EngineError(Exception):
    """An error that a workflow raised, read back from its record."""


def _encode(value: Any) -> Any:
    if isinstance(value, BaseException):
        return {"$error": f"{type(value).__name__}: {value}"}
    raise TypeError(f"{type(value).__name__} may not cross a durable step: only plain JSON")


def _decode(value: dict[str, Any]) -> Any:
    return EngineError(value["$error"]) if len(value) == 1 and "$error" in value else value


class SqliteEngine:
    """One deployment's engine file. One per process at a time."""

    def __init__(self, file: Path, executor: str, threads: int = 32) -> None:
        self.file = file
        self._functions: dict[str, Any] = {}
        engine = sqlalchemy.create_engine(f"sqlite:///{file}", connect_args={"timeout": 30})
        sqlalchemy.event.listen(engine, "connect", _pragmas)
        DBOS(
            config={
                "name": "interlock",
                "system_database_engine": engine,
                "application_version": _ABI,
                "executor_id": executor,
                "serializer": _Json(),
                "max_executor_threads": threads,
                "notification_listener_polling_interval_sec": 1.0,
                "scheduler_polling_interval_sec": 30.0,
                "log_level": "CRITICAL",
                "console_log_level": "CRITICAL",
            }
        )

    def register(self, name: str, function: Callable[..., Awaitable[Any]]) -> None:
        """Before `launch`. `name` is part of what is recorded: it never changes for the same code."""
        self._functions[name] = DBOS.workflow(name=name)(function)

    def launch(self) -> None:
        """Opens the file, making it if needed, and goes on with what was under way in it."""
        DBOS.launch()

    def run(self, name: str, identity: str, *args: Any) -> Any:
        """Start, or after a crash rejoin, the workflow and wait for its result. For a thread of its own."""
        with SetWorkflowID(identity):
            handle = DBOS.start_workflow(self._functions[name], *args)
        return handle.get_result(polling_interval_sec=0.1)

    async def step(self, name: str, body: Callable[..., Awaitable[Any]], *args: Any) -> Any:
        return await DBOS.run_step_async({"name": name}, body, *args)

    async def child(self, name: str, identity: str, *args: Any) -> Awaitable[Any]:
        with SetWorkflowID(identity):
            handle = await DBOS.start_workflow_async(self._functions[name], *args)
        return handle.get_result(polling_interval_sec=0.2)

    def finish(self) -> None:
        """The deployment has its verdict: close, and delete the file; everything worth keeping is in our own tables."""
        DBOS.destroy(destroy_registry=True)
        for suffix in ("", "-wal", "-shm"):
            Path(f"{self.file}{suffix}").unlink(missing_ok=True)


def leave(code: int) -> NoReturn:
    """End the process with work waiting in the engine file, exactly as a crash would; the next launch goes on from there."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError):  # whoever read it may be gone
            stream.flush()
    os._exit(code)


def _pragmas(connection: Any, _record: Any) -> None:
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=30000", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()
