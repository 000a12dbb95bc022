"""Which state a stack has, and the files that we add to its materialised copy.

A stack without a backend gets managed state: an override file names the `http` backend, and its address and one-run password come by
the environment of each command, so nothing of them is ever in a file. A stack with a backend keeps it. A `local` backend with a relative path
would lie in a folder that is made anew for each run, so outside development it is refused.
"""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

from interlock.kinds.opentofu.spec import OpenTofuSettings
from interlock.kinds.opentofu.stack import GENERATED, Stack
from interlock.model.errors import ConfigurationError, Problem

OVERRIDE, UNDO_MOVES = GENERATED


def is_managed(facts: Stack) -> bool:
    return facts.backend is None


def permit(facts: Stack, settings: OpenTofuSettings, zone: str) -> None:
    """Raises ConfigurationError for a state that would not outlive the run, or a workspace that managed state does not have."""
    backend = facts.backend
    if backend is None:
        if settings.workspace != "default":
            raise _refused(
                facts,
                "workspace-without-backend",
                f"workspace '{settings.workspace}' needs a backend; managed state has one state for each environment already",
            )
        return
    if backend.type == "local" and zone != "development":
        path = str(settings.backend_config.get("path") or backend.config.get("path") or "terraform.tfstate")
        if not PurePosixPath(path).is_absolute():
            raise _refused(
                facts,
                "relative-local-backend",
                f"a local backend with the relative path '{path}' is allowed in the development zone only",
                hint="remove the backend block to get managed state, or name a shared backend",
            )


def write_files(stack: Path, facts: Stack, moves: Iterable[tuple[str, str]] = ()) -> None:
    """Adds the backend override (managed state) and `moved` blocks (from, to); removes what an earlier run left of either."""
    for name in GENERATED:
        (stack / name).unlink(missing_ok=True)
    if is_managed(facts):
        (stack / OVERRIDE).write_text(json.dumps({"terraform": {"backend": {"http": {}}}}), encoding="utf-8")
    blocks = [{"from": old, "to": new} for old, new in sorted(moves)]
    if blocks:  # in a file of its own: both tools refuse `moved` blocks in override files
        (stack / UNDO_MOVES).write_text(json.dumps({"moved": blocks}), encoding="utf-8")


def backend_summary(facts: Stack, settings: OpenTofuSettings) -> Mapping[str, str]:
    return {"backend": facts.backend.type if facts.backend else "http", "workspace": settings.workspace}


def _refused(facts: Stack, slug: str, message: str, hint: str | None = None) -> ConfigurationError:
    return ConfigurationError((Problem(facts.backend_place, slug, message, hint=hint),))
