"""One deployment being run by this process: its manifest, its threads, what its tools said last, and how it is asked to stop.

Bodies of steps are sync and run in `slots`, a pool of long-lived threads (a child process dies with the thread that started it). Waiting costs no slot.
"""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from interlock.engine.context import Context
from interlock.model.manifest import EnvironmentSpec, Manifest, Step
from interlock.store import deployments, logs
from interlock.world.cancel import CancelToken

Notify = Callable[[str, str, str], None]  # event, title, body; never raises, never waits


@dataclass
class Run:
    """`leaving` is set when this process is to end with work left for the next one (Ctrl-C): no body starts any more, none reports back."""

    context: Context
    manifest: Manifest
    slots: ThreadPoolExecutor
    notify: Notify
    cancel: CancelToken = field(default_factory=CancelToken)
    leaving: threading.Event = field(default_factory=threading.Event)
    going_back: bool = False
    previewing: set[str] = field(default_factory=set)
    last_lines: dict[str, str] = field(default_factory=dict)
    _active: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def id(self) -> str:
        return self.manifest.deployment

    def step(self, name: str) -> Step:
        return next(step for step in self.manifest.steps if step.name == name)

    def environment(self, name: str) -> EnvironmentSpec:
        return next(spec for spec in self.manifest.environments if spec.name == name)

    def go_back(self) -> None:
        """From now on it is undone: the request that ended the way forward must not stop the way back. A new one (Ctrl-C) does."""
        self.going_back = True
        if not self.leaving.is_set():
            self.cancel = CancelToken()

    def log(self, environment: str, component: str) -> Callable[[str], None]:
        """Where a step's tools write: its log file, and the line shown beside it."""
        write = logs.writer(self.context.store.home.log(self.id, environment, component))
        name = f"{environment}/{component}"

        def line(text: str) -> None:
            text = self.context.worlds.secrets.redact(text)
            write(text)
            if text.strip():
                self.last_lines[name] = text.strip()[:200]

        return line

    @property
    def busy(self) -> int:
        """How many bodies are under way, or about to be without anybody's help."""
        return self._active + len(self.previewing)

    @property
    def working(self) -> int:
        """How many bodies are under way at this moment: what a process that leaves has to wait for."""
        return self._active

    def leave_if_idle(self) -> bool:
        """Leave, unless a body is under way or about to be: one that begins at this moment would be cut off."""
        with self._lock:
            if not self.busy:
                self.leaving.set()
        return self.leaving.is_set()

    async def work(self, body: Callable[..., Any], *args: Any) -> Any:
        """Run a sync body in a slot. When the process is leaving, never come back: the engine must not record a result for it."""
        with self._lock:  # counted from here on, so that nobody takes us for idle while it waits for its slot
            going = not self.leaving.is_set()
            self._active += going
        if not going:
            await asyncio.Event().wait()
        result = await asyncio.get_running_loop().run_in_executor(self.slots, self._counted, body, args)
        if self.leaving.is_set():
            await asyncio.Event().wait()
        return result

    def _counted(self, body: Callable[..., Any], args: tuple[Any, ...]) -> Any:
        try:
            return None if self.leaving.is_set() else body(*args)
        finally:
            with self._lock:
                self._active -= 1

    async def until(self, look: Callable[[], Any], *, every: float = 0.4) -> Any:
        """Wait without a slot until `look` (a short read of our tables) gives something other than None."""
        while True:
            if self.leaving.is_set():
                await asyncio.Event().wait()
            if (found := await asyncio.to_thread(look)) is not None:
                return found
            await asyncio.sleep(every)

    def stop_reason(self) -> str:
        """Why nothing more may start: cancelled, superseded, or a step failed; "" when nothing stands in the way."""
        with self.context.store.database.read() as tx:
            row = deployments.get(tx, self.id)
        if row.superseded_by:
            return f"superseded by {row.superseded_by}"
        if row.cancel:
            return f"cancelled by {row.cancelled_by}"
        return row.stopping


Body = Callable[..., Awaitable[Any]]
