"""Every side effect, in one bundle. Code that touches the outside takes a `World`; tests hand it another one.

This file holds the protocols only; each implementation is a module beside it (`blobs` is implemented by the store, `state` by the app).
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from interlock.model.plan import Blob


@dataclass(frozen=True)
class Finished:
    """A program that ended. `stdout` and `stderr` are whole up to the caller's `keep` bytes, then the tail; both redacted text."""

    argv: tuple[str, ...]
    exit_code: int
    stdout: str
    stderr: str
    seconds: float


class Proc(Protocol):
    """The one way to run a program: an argument list, an exact environment, its own process group that dies with us."""

    def run(
        self,
        argv: Sequence[str | Path],
        *,
        what: str,
        cwd: Path,
        environ: Mapping[str, str],
        timeout: float | None = None,
        stdin: bytes | None = None,
        accept: Collection[int] = (0,),
        on_line: Callable[[str], None] | None = None,
        stdout_to: Path | None = None,
        keep: int = 4_000_000,
        grace: float = 20.0,
    ) -> Finished:
        """Run to the end. `what` names the work in errors ("plan of network in staging").

        `on_line` gets each line of both streams, redacted, as it comes. `stdout_to` sends stdout's raw bytes to a file (0600) instead; `stdout` is then "".
        On cancel or timeout: SIGINT to the group, after `grace` seconds SIGTERM, then SIGKILL; a second cancel skips to SIGKILL.
        Raises ToolMissing (no such program), ToolFailed (exit code not in `accept`), TimedOut, Cancelled. A token that is cancelled
        before the start starts nothing. Secret values in argv are refused with an AssertionError-like ToolFailed: they belong in environ or stdin.
        """
        ...


class Clock(Protocol):
    def now(self) -> datetime:
        """UTC, aware."""
        ...

    def monotonic(self) -> float: ...

    def sleep(self, seconds: float) -> None: ...


class Cancel(Protocol):
    """Asked for by a person or a signal. `hard` means now, without asking the tool."""

    @property
    def requested(self) -> bool: ...

    @property
    def hard(self) -> bool: ...

    def wait(self, seconds: float) -> bool:
        """Sleep until requested; True when it was."""
        ...


class Secret(Protocol):
    """A value whose str, repr and JSON are redacted (world.secrets.SecretText is the implementation)."""

    def reveal(self) -> str: ...


class Secrets(Protocol):
    """Registered secret values: resolving, masking, redacting."""

    def resolve(self, name: str) -> Secret:
        """The value of `secrets.NAME` of organization.yaml, registered for redaction. Raises SecretUnresolved naming its source."""
        ...

    def register(self, value: str) -> None:
        """From now on `redact` hides it. Short or common values (fewer than 4 characters) are not registered."""
        ...

    def redact(self, text: str) -> str:
        """`text` with every registered value (also as JSON-, URL- and base64-encoded, and line by line) replaced by `(secret)`."""
        ...

    def mask(self, value: Any) -> dict[str, Any]:
        """The keyed stand-in of a sensitive value: `model.change.masked(digest)`."""
        ...

    def scrub(self, value: Any) -> Any:
        """JSON with every string that is, or holds, a registered value masked."""
        ...


class Blobs(Protocol):
    """Content-addressed, encrypted bytes."""

    def put(self, data: bytes) -> Blob: ...

    def put_file(self, path: Path) -> Blob: ...

    def get(self, blob: Blob) -> bytes:
        """Raises ArtifactMismatch when absent, altered or of another digest; Unavailable when the store does not answer."""
        ...


@dataclass(frozen=True)
class StateAddress:
    """Where a tool finds its managed state for this one run: the HTTP state protocol on loopback, with a one-run password."""

    url: str
    username: str
    password: str


class State(Protocol):
    """Managed state of the component and environment this World was made for."""

    def serve(self) -> AbstractContextManager[StateAddress]: ...

    def current(self) -> bytes | None:
        """The newest version's bytes, or None when there is no state yet."""
        ...


class Fence(Protocol):
    """The lease we hold. `check` raises LeaseLost when it is no longer ours; call it immediately before each write."""

    @property
    def token(self) -> int: ...

    def check(self) -> None: ...


class Http(Protocol):
    def request(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        timeout: float = 10.0,
        follow: bool = False,
        limit: int = 1_000_000,
    ) -> "Response":
        """Raises Unavailable (no connection, no answer) and TimedOut; any status is an answer. Reads at most `limit` bytes of the body."""
        ...


@dataclass(frozen=True)
class Response:
    status: int
    headers: Mapping[str, str]  # lower-case names
    body: bytes


@dataclass(frozen=True)
class World:
    """What one piece of work may touch. `log` takes one line of output (already redacted lines are fine; it redacts again).

    `fence` and `state` are None where the work has none (a speculative plan has no lease; a stack may keep its own backend).
    `cache` is a folder of the user's for things that can be made again.
    """

    proc: Proc
    clock: Clock
    cancel: Cancel
    secrets: Secrets
    blobs: Blobs
    http: Http
    log: Callable[[str], None]
    cache: Path
    fence: Fence | None = None
    state: State | None = None
