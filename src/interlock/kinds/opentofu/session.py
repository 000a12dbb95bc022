"""One stack made ready for the tool: program chosen and allowed, files added, values written for it alone, init done or kept.

Used by plan and apply alike, so that both see the stack in the same way. Everything that holds a value lies in a scratch folder (0700)
that is removed at the end; one left by a process that died is removed by the next.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interlock.kinds.opentofu import command, init, managed, tool
from interlock.kinds.opentofu.artifact import LOCK_FILE
from interlock.kinds.opentofu.lock import with_missing
from interlock.kinds.opentofu.moves import moves_back
from interlock.kinds.opentofu.spec import OpenTofuSettings
from interlock.kinds.opentofu.stack import Stack, read_stack
from interlock.model.change import Change
from interlock.model.digest import canonical, sha256
from interlock.model.errors import InterlockError, ToolFailed
from interlock.world import World


@dataclass(frozen=True)
class Work:
    """What plan and apply requests have in common. `what` names it in errors: "network in staging"."""

    what: str
    settings: OpenTofuSettings
    zone: str
    source: Path
    work: Path
    inputs: Mapping[str, Any]
    environ: Mapping[str, str]
    held_back: tuple[str, ...]


@dataclass(frozen=True)
class Session:
    """`inputs` are plain values by declared variable; `undeclared` names those that the stack has no variable for."""

    work: Work
    program: tool.Program
    facts: Stack
    stack: Path
    scratch: Path
    environ: Mapping[str, str]
    inputs: Mapping[str, Any]
    undeclared: tuple[str, ...]
    init: init.Initialised
    world: World

    @property
    def managed(self) -> bool:
        return managed.is_managed(self.facts)

    def write_inputs(self, *, only: frozenset[str] | None = None) -> Path | None:
        """A variables file with the inputs (`only` those named), None when there are none."""
        values = {name: value for name, value in self.inputs.items() if only is None or name in only}
        if not values:
            return None
        path = self.scratch / "inputs.tfvars.json"
        init.write_private(path, json.dumps(values).encode())
        return path

    def state(self) -> Mapping[str, Any] | None:
        """The current state as JSON, None when there is none. For managed state without a start of the tool."""
        if self.managed:
            assert self.world.state is not None
            data = self.world.state.current()
        else:
            file = self.scratch / "state.json"
            self.world.proc.run(
                command.state_pull(self.program.path),
                what=f"state of {self.work.what}",
                cwd=self.stack,
                environ=self.environ,
                stdout_to=file,
            )
            data = file.read_bytes()
            file.unlink()
        return json.loads(data) if data and data.strip() else None

    def failed(self, verb: str, said: str, exit_code: int, redact: Callable[[str], str]) -> ToolFailed:
        """The error of a command that ended badly, with the variables that it did not get: perhaps its credentials."""
        said = redact(said).strip()
        first = said.splitlines()[0] if said else f"{self.program.name} ended with exit code {exit_code}"
        held = self.work.held_back
        hint = f"held back from {self.program.name}: {', '.join(held)}" if held else None
        return ToolFailed(
            f"{verb} of {self.work.what} failed: {first}",
            hint=hint,
            exit_code=exit_code,
            output=said[-8000:],
            slug=f"{verb}-failed",
        )


@contextmanager
def session(
    work: Work,
    world: World,
    *,
    undone: tuple[Change, ...] = (),
    lock: bytes = b"",
    force_lock: bool = False,
    more_lock: bytes = b"",
    program: tool.Program | None = None,
) -> Iterator[Session]:
    """`undone` are changes whose moves are to be taken back. `lock` is the lock file to go by where the source has none, or, with `force_lock`,
    in any case; `more_lock` one whose further providers are needed, too; `program` one that was chosen already.

    Raises ToolMissing, ToolMismatch, ConfigurationError, ToolFailed, Cancelled; nothing is left behind but the kept init.
    """
    stack = work.source / work.settings.path
    if not stack.is_dir():
        raise ToolFailed(f"{work.what}: there is no folder {work.settings.path} in its source", slug="no-stack")
    program = program or tool.find(work.settings.tool, work.environ, world, work.work)
    facts = read_stack(work.source, work.settings.path, opentofu=program.name == "tofu")
    pinned = [tool.Requirement(work.settings.version, f"`version` of {work.what}")] if work.settings.version else []
    tool.require(program, [*pinned, *facts.requirements])
    managed.permit(facts, work.settings, work.zone)
    managed.write_files(stack, facts, moves_back(undone, facts.moves))
    here = stack / LOCK_FILE
    if lock and (force_lock or not here.exists()):
        init.write_private(here, lock)
    elif more_lock and here.exists():
        init.write_private(here, with_missing(here.read_bytes(), more_lock))
    plain = _revealed(work.inputs)
    declared = {name: value for name, value in plain.items() if facts.variables is None or name in facts.variables}
    keep = work.work / "tool"
    keep.mkdir(parents=True, exist_ok=True, mode=0o700)
    _sweep(keep)
    with ExitStack() as stack_of:
        scratch = Path(tempfile.mkdtemp(prefix=f"run-{os.getpid()}-", dir=keep))
        stack_of.callback(shutil.rmtree, scratch, ignore_errors=True)
        address = None
        if managed.is_managed(facts):
            if world.state is None:
                raise InterlockError(f"{work.what} has managed state, but none was given to this run", slug="no-state")
            address = stack_of.enter_context(world.state.serve())

        def environ(data: Path) -> dict[str, str]:
            return command.environment(work.environ, data=data, workspace=work.settings.workspace, state=address)

        fingerprint = facts.fingerprint
        if facts.dynamic:
            fingerprint = sha256(
                canonical([fingerprint, sha256(canonical(declared)), _files_digest(stack, work.settings)])
            )
        initialised = init.ensure(
            what=work.what,
            program=program,
            stack=stack,
            keep=keep,
            scratch=scratch,
            fingerprint=f"{fingerprint} {work.settings.workspace}",
            backend_config=work.settings.backend_config,
            environ=environ,
            world=world,
            variables=(declared, work.settings.var_files) if facts.dynamic else None,
        )
        yield Session(
            work=work,
            program=program,
            facts=facts,
            stack=stack,
            scratch=scratch,
            environ=environ(initialised.data),
            inputs=declared,
            undeclared=tuple(sorted(set(plain) - set(declared))),
            init=initialised,
            world=world,
        )


def load_json(path: Path, what: str) -> Mapping[str, Any]:
    """Raises ToolFailed when the tool did not write one JSON document."""
    try:
        value = json.loads(path.read_bytes())
    except (OSError, ValueError):
        value = None
    if not isinstance(value, dict):
        raise ToolFailed(f"the tool gave no JSON for {what}", slug="plan-format")
    return value


def _revealed(value: Any) -> Any:
    if hasattr(value, "reveal"):
        return value.reveal()
    if isinstance(value, Mapping):
        return {key: _revealed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_revealed(item) for item in value]
    return value


def _files_digest(stack: Path, settings: OpenTofuSettings) -> str:
    return sha256(b"\0".join((stack / name).read_bytes() for name in settings.var_files if (stack / name).is_file()))


def _sweep(keep: Path) -> None:
    """Scratch folders of processes that are no more: they hold values."""
    for left in keep.glob("run-*-*"):
        pid = int(left.name.split("-")[1])
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            shutil.rmtree(left, ignore_errors=True)
        except PermissionError:
            pass  # alive, another user's
