"""An error, as a person or a machine reads it: what happened, and what to do. Never a traceback, except for a bug of ours."""

import json
import os
import sys
import tempfile
import traceback
from pathlib import Path

from interlock.model.errors import ConfigurationError, Exit, InterlockError, ToolFailed

_MOST = 50  # problems shown to a person; --json has them all


def report(error: Exception, argv: list[str]) -> int:
    """Prints `error` and returns the exit code. With `--json` among `argv` also one document of type `error` on stdout."""
    if not isinstance(error, InterlockError):
        return _bug(error, argv)
    if "--json" in argv:
        print(json.dumps(document(error)))
    if isinstance(error, ConfigurationError):
        for problem in error.problems[:_MOST]:
            print(f"error: {problem}", file=sys.stderr)
            if problem.detail:
                print(problem.detail.rstrip(), file=sys.stderr)
        if (more := len(error.problems) - _MOST) > 0:
            print(f"... and {more} more (--json shows all)", file=sys.stderr)
    else:
        print(f"error: {error.message}", file=sys.stderr)
        if isinstance(error, ToolFailed) and error.output:
            print("\n".join(f"  │ {line}" for line in error.output.rstrip().splitlines()[-40:]), file=sys.stderr)
    if error.hint:
        print(f"hint:  {error.hint}", file=sys.stderr)
    return int(error.exit)


def document(error: InterlockError) -> dict[str, object]:
    """`{"type": "error", "version": 1, "slug", "message", "hint", "exit", "problems"?}`."""
    value: dict[str, object] = {
        "type": "error", "version": 1, "slug": error.slug, "message": error.message, "hint": error.hint, "exit": int(error.exit),
    }  # fmt: skip
    if isinstance(error, ConfigurationError):
        value["problems"] = [
            {
                "file": p.location.file, "line": p.location.line, "column": p.location.column, "slug": p.slug, "message": p.message,
                "value": p.value, "nearest": p.nearest, "hint": p.hint, "severity": p.severity,
            }
            for p in error.problems
        ]  # fmt: skip
    return value


def _bug(error: Exception, argv: list[str]) -> int:
    """A surprise is a bug of ours: the traceback goes to a file of the user's (it may hold values), its place is told."""
    handle, name = tempfile.mkstemp(prefix="interlock-error-", suffix=".txt")
    with os.fdopen(handle, "w") as file:
        traceback.print_exception(error, file=file)
    print(f"error: a bug in interlock: {type(error).__name__}", file=sys.stderr)
    print(f"hint:  its trace is in {Path(name)}; `interlock status` shows what was left how", file=sys.stderr)
    if "--json" in argv:
        print(
            json.dumps(
                {
                    "type": "error",
                    "version": 1,
                    "slug": "bug",
                    "message": type(error).__name__,
                    "exit": int(Exit.UNKNOWN),
                }
            )
        )
    return int(Exit.UNKNOWN)
