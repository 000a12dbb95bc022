"""The one place that starts programs: an argument list, an exact environment, a process group of its own.

`world.child` watches a program, `world.output` holds what it says, `world.guard` ends it should we be killed.
"""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

from interlock.model.errors import Cancelled, InterlockError, Permanent, TimedOut, ToolFailed, ToolMissing
from interlock.model.units import format_duration
from interlock.world import Cancel, Finished, Secrets
from interlock.world.child import Child
from interlock.world.output import Lines, Raw

_TAIL = 8000  # characters of output in an error


class Programs:
    """Implements `world.Proc`."""

    def __init__(self, secrets: Secrets, cancel: Cancel) -> None:
        self._secrets = secrets
        self._cancel = cancel

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
        out, err = (Lines(self._secrets.redact, on_line, keep) for _ in range(2))
        return self._run(argv, what, cwd, environ, timeout, stdin, accept, out, err, stdout_to, grace)

    def capture(
        self, argv: Sequence[str], *, what: str, cwd: Path, environ: Mapping[str, str], timeout: float
    ) -> bytes:
        """Standard output as it is (its first 2 MB), kept from every log and error: for programs that print a secret. Raises as `run` does."""
        out, err = Raw(2_000_000), Lines(self._secrets.redact, None, _TAIL)
        self._run(argv, what, cwd, environ, timeout, None, (0,), out, err, None, 2.0)
        return bytes(out.data)

    def _run(
        self,
        argv: Sequence[str | Path],
        what: str,
        cwd: Path,
        environ: Mapping[str, str],
        timeout: float | None,
        stdin: bytes | None,
        accept: Collection[int],
        out: Lines | Raw,
        err: Lines,
        stdout_to: Path | None,
        grace: float,
    ) -> Finished:
        arguments = [str(part) for part in argv]
        self._refuse_secrets(arguments, what)
        if self._cancel.requested:
            raise Cancelled(f"{what} was cancelled before it began")
        begun = time.monotonic()
        child = _child(arguments, what, cwd, environ, stdin, stdout_to, out, err)
        try:
            reason = child.watch(self._cancel, begun + timeout if timeout is not None else None, grace)
        finally:
            child.end()
        seconds = time.monotonic() - begun
        said, complained = out.text() if isinstance(out, Lines) else "", err.text()
        if reason == "cancelled":
            raise Cancelled(f"{what} was cancelled while {_name(arguments)} ran")
        if reason == "timed out":
            raise TimedOut(
                f"{what}: {_name(arguments)} did not end within {format_duration(timeout or 0)} and was stopped"
            )
        if child.exit_code not in accept:
            raise ToolFailed(
                f"{what}: {_name(arguments)} {ended(child.exit_code)}",
                exit_code=child.exit_code,
                output=(complained.strip() or said.strip())[-_TAIL:],
            )
        return Finished(tuple(arguments), child.exit_code, said, complained, seconds)

    def _refuse_secrets(self, arguments: Sequence[str], what: str) -> None:
        for position, argument in enumerate(arguments):
            if self._secrets.redact(argument) != argument:
                raise ToolFailed(
                    f"{what}: argument {position} of {_name(arguments)} holds a secret, and every user of this machine could read it",
                    hint="Hand it over in the environment, a file or standard input",
                    slug="secret-in-arguments",
                )


def _child(
    arguments: list[str],
    what: str,
    cwd: Path,
    environ: Mapping[str, str],
    stdin: bytes | None,
    stdout_to: Path | None,
    out: Lines | Raw,
    err: Lines,
) -> Child:
    pipe, theirs = os.pipe(), -1
    sinks: dict[int, Lines | Raw] = {pipe[0]: err}
    handed = False
    try:
        if stdout_to is None:
            reading, theirs = os.pipe()
            sinks[reading] = out
        else:
            theirs = _private_file(stdout_to, what)
        handed = True
        return Child(
            lambda error: _start(arguments, what, cwd, environ, stdin is not None, theirs, error), pipe, sinks, stdin
        )
    finally:
        for descriptor in [pipe[1], theirs, *([] if handed else sinks)]:
            if descriptor >= 0:
                os.close(descriptor)


def ended(exit_code: int) -> str:
    """`ended with exit code 3` or `was ended by SIGKILL`."""
    if exit_code >= 0:
        return f"ended with exit code {exit_code}"
    try:
        return f"was ended by {signal.Signals(-exit_code).name}"
    except ValueError:
        return f"was ended by signal {-exit_code}"


def _start(
    arguments: list[str], what: str, cwd: Path, environ: Mapping[str, str], wants_input: bool, out: int, err: int
) -> "subprocess.Popen[bytes]":
    try:
        return subprocess.Popen(
            arguments,
            cwd=cwd,
            env=dict(environ),
            stdin=subprocess.PIPE if wants_input else subprocess.DEVNULL,
            stdout=out,
            stderr=err,
            bufsize=0,
            start_new_session=True,
        )
    except (OSError, ValueError) as error:
        raise _not_started(error, arguments, what, cwd) from None


def _not_started(error: OSError | ValueError, arguments: list[str], what: str, cwd: Path) -> InterlockError:
    name = _name(arguments)
    if not isinstance(error, OSError):
        return ToolFailed(f"{what}: {name} cannot be given a NUL character", slug="bad-argument")
    if not cwd.is_dir():
        return Permanent(f"{what}: there is no folder {cwd} to run {name} in", slug="no-folder")
    if isinstance(error, FileNotFoundError):
        return ToolMissing(f"{what}: there is no program '{name}'", hint=f"Install {name}, or put its folder on PATH")
    if isinstance(error, PermissionError):
        return ToolMissing(f"{what}: '{name}' may not be executed", hint="Make it executable: `chmod +x`")
    return ToolFailed(f"{what}: {name} cannot be started: {error.strerror}", slug="not-started")


def _private_file(path: Path, what: str) -> int:
    try:
        path.unlink(missing_ok=True)
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    except OSError as error:
        raise Permanent(f"{what}: {path} cannot be written: {error.strerror}", slug="cannot-write") from None


def _name(arguments: Sequence[str]) -> str:
    return Path(arguments[0]).name if arguments else "nothing"
