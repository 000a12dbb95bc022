"""Which program runs, and whether it is one that may: found, asked its version once, compared before anything else is started.

Asking a binary its version costs a start of it, so the answer is kept, keyed by the binary's path, time of change and size: a replaced
binary is asked again.
"""

import json
import os
import shutil
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from interlock.kinds.opentofu.command import environment
from interlock.kinds.opentofu.version import Version, satisfies
from interlock.model.digest import sha256
from interlock.model.errors import ToolFailed, ToolMismatch, ToolMissing
from interlock.world import World

NAMES = ("tofu", "terraform")
EXPLICIT = "INTERLOCK_TOFU"


@dataclass(frozen=True)
class Program:
    path: Path
    name: str  # tofu | terraform
    version: Version


@dataclass(frozen=True)
class Requirement:
    """A constraint and where it stands: a setting's place, or file:line of a `required_version`."""

    constraint: str
    place: str


def find(tool: str | None, environ: Mapping[str, str], world: World, cwd: Path) -> Program:
    """The program for a stack: INTERLOCK_TOFU unless `tool` names the other one, else on PATH. Raises ToolMissing, ToolFailed."""
    explicit = environ.get(EXPLICIT) or os.environ.get(EXPLICIT)
    if explicit and (tool is None or _name(Path(explicit)) == tool):
        if not os.access(explicit, os.X_OK):
            raise ToolMissing(f"{EXPLICIT} names {explicit}, which is no program", hint=f"mend or unset {EXPLICIT}")
        return _asked(Path(explicit).resolve(), _name(Path(explicit)), environ, world, cwd)
    for name in (tool,) if tool else NAMES:
        found = shutil.which(name, path=environ.get("PATH", os.defpath))
        if found:
            return _asked(Path(found), name, environ, world, cwd)
    wanted = tool or " nor ".join(NAMES)
    raise ToolMissing(
        f"there is no {wanted} on PATH" if tool else f"there is neither {wanted} on PATH",
        hint=f"install OpenTofu (https://opentofu.org/docs/intro/install/) or name a binary in {EXPLICIT}",
    )


def require(program: Program, requirements: Sequence[Requirement]) -> None:
    """Raises ToolMismatch naming the first requirement, with its place, that `program` does not fulfil."""
    for one in requirements:
        try:
            fits = satisfies(program.version, one.constraint)
        except ValueError as error:
            raise ToolMismatch(f"{one.place}: {error}") from error
        if not fits:
            raise ToolMismatch(
                f"{one.place} asks for {program.name} {one.constraint}, but {program.path} is {program.version}",
                hint=f"put a fitting {program.name} on PATH, or name one in {EXPLICIT}",
            )


def _asked(path: Path, name: str, environ: Mapping[str, str], world: World, cwd: Path) -> Program:
    real = path.resolve()
    about = real.stat()
    key = sha256(json.dumps([str(real), about.st_mtime_ns, about.st_size]).encode())[:32]
    kept = world.cache / "tool-versions" / key
    try:
        return Program(path, name, Version.parse(kept.read_text(encoding="utf-8")))
    except (OSError, ValueError):
        pass  # never asked, or a half-written answer: ask
    done = world.proc.run(
        [path, "version", "-json"],
        what=f"version of {path}",
        cwd=cwd,
        environ=environment(environ, data=cwd / "no-data"),
        timeout=60,
    )
    try:
        version = Version.parse(json.loads(done.stdout)["terraform_version"])
    except (ValueError, KeyError, TypeError) as error:
        raise ToolFailed(f"{path} does not say its version", hint="is it OpenTofu or Terraform?") from error
    kept.parent.mkdir(parents=True, exist_ok=True)
    draft = kept.with_name(f"{key}.{os.getpid()}.{threading.get_ident()}")  # several steps may ask at once
    draft.write_text(str(version), encoding="utf-8")
    os.replace(draft, kept)
    return Program(path, name, version)


def _name(path: Path) -> str:
    return "terraform" if path.name.startswith("terraform") else "tofu"
