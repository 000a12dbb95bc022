"""`command`: a program that ends with 0 when all is well. `run` (or `argv`) is its argument list; never a shell string.

Secrets belong into `environ`, which is added to the environment of children; in an argument list they are refused.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import Field

from interlock.engine.checks.seen import BadSettings, Seen, Settings, read_settings, short
from interlock.model.errors import ToolFailed
from interlock.world import World


class CommandSettings(Settings):
    run: list[str] = Field(default_factory=list)
    argv: list[str] = Field(default_factory=list)
    environ: dict[str, str] = Field(default_factory=dict)


def attempt(settings: Mapping[str, Any], timeout: float, world: World, environ: Mapping[str, str], cwd: Path) -> Seen:
    """One run. Raises BadSettings, ToolMissing, TimedOut, Cancelled."""
    wanted = read_settings(CommandSettings, settings)
    argv = wanted.run or wanted.argv
    if not argv or not argv[0] or (wanted.run and wanted.argv):
        raise BadSettings("run: give one argument list, the program first")
    if any("\0" in argument for argument in argv):
        raise BadSettings("run: an argument holds a NUL character")
    try:
        done = world.proc.run(
            argv,
            what=f"check {argv[0]}",
            cwd=cwd,
            environ={**environ, **wanted.environ},
            timeout=timeout,
            keep=64_000,
            grace=2.0,
        )
    except ToolFailed as failed:
        code = "" if failed.exit_code is None else f"exit code {failed.exit_code}"
        return Seen(
            False, ": ".join(part for part in (code or short(failed.message), _first_line(failed.output)) if part)
        )
    return Seen(
        done.exit_code == 0, _first_line(done.stdout) or _first_line(done.stderr) or f"exit code {done.exit_code}"
    )


def _first_line(text: str) -> str:
    return next((short(line) for line in text.splitlines() if line.strip()), "")
