"""Applying a stored plan: exactly its bytes, or a refusal with nothing written.

Before the tool is started it is compared what may have moved: the stored bytes (by digest), the program's version, the lock file, the
workspace and backend, and the lineage and serial of the current state. The tool looks at most of that again by itself; looking first means
that a refusal is ours, with a name, and that nothing was begun.

After the start every end is a receipt. What was done is told from the tool's own progress messages and from the state after it: a
resource counts as done when its change ended well, or, where there is no progress to see (moved, imported, let go), when the state says so.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interlock.kind import ApplyRequest
from interlock.kinds.opentofu import command, managed, tool
from interlock.kinds.opentofu.artifact import LOCK_FILE, read_plan_file, unpack
from interlock.kinds.opentofu.artifact import managed as addresses
from interlock.kinds.opentofu.init import write_private
from interlock.kinds.opentofu.lock import digest_of
from interlock.kinds.opentofu.messages import Messages
from interlock.kinds.opentofu.outputs import published
from interlock.kinds.opentofu.redact import redactor
from interlock.kinds.opentofu.session import Session, Work, session
from interlock.kinds.opentofu.spec import OpenTofuSettings
from interlock.model.change import Action, Change
from interlock.model.errors import (
    ArtifactMismatch,
    Cancelled,
    InterlockError,
    StalePlan,
    TimedOut,
    ToolFailed,
    ToolMismatch,
)
from interlock.model.plan import Blob, Direction, Plan
from interlock.model.receipt import Outcome, Receipt
from interlock.world import World

ERRORED = "errored.tfstate"
_HOOKS: dict[Action, frozenset[str]] = {
    Action.CREATE: frozenset({"create"}),
    Action.UPDATE: frozenset({"update"}),
    Action.DELETE: frozenset({"delete"}),
    Action.REPLACE: frozenset({"create", "delete"}),
}


@dataclass(frozen=True)
class _Base:
    lineage: str
    serial: int


def apply(request: ApplyRequest, world: World) -> Receipt:
    assert isinstance(request.settings, OpenTofuSettings)
    plan = request.plan
    work = Work(
        what=f"{plan.component} in {plan.environment}",
        settings=request.settings,
        zone=request.zone,
        source=request.source,
        work=request.work,
        inputs=request.inputs,
        environ=request.environ,
        held_back=request.held_back,
    )
    data, sensitive = _stored(plan, world)
    program = tool.find(request.settings.tool, request.environ, world, request.work)
    _same_tool(plan, program)
    lock = read_plan_file(data).lock if data else b""
    # An undo may have added to the source's lock file; what it went by is in the plan, and the source cannot change: it is stored.
    undo = plan.direction is Direction.UNDO
    if not undo:
        _same_lock(plan, request.source / request.settings.path / LOCK_FILE, work.what)
    with session(work, world, lock=lock, force_lock=undo, program=program) as ready:
        before = ready.state()
        _same_base(plan, ready, before)
        redact = redactor(world.secrets, sensitive)
        if plan.empty:
            outputs, blob = published(ready, before)
            return Receipt(Outcome.UNCHANGED, outputs=outputs, outputs_blob=blob, base=_base_of(before, plan))
        return _apply(
            ready, plan, data, before, Messages(lambda line: world.log(redact(line)), work.settings.path), redact
        )


def _stored(plan: Plan, world: World) -> tuple[bytes, frozenset[str]]:
    if plan.speculative:
        raise StalePlan(f"plan {plan.id} is speculative and was never meant to be applied", hint="plan again")
    if plan.planned.artifact is None:
        if not plan.empty:
            raise ArtifactMismatch(f"plan {plan.id} has changes but no stored plan file", hint="plan again")
        return b"", frozenset()
    return unpack(world.blobs.get(plan.planned.artifact))


def _same_tool(plan: Plan, program: tool.Program) -> None:
    made_by = plan.planned.tool
    if (made_by.name, made_by.version) != (program.name, str(program.version)):
        raise ToolMismatch(
            f"plan {plan.id} was made by {made_by.name} {made_by.version}, but {program.path} is {program.name} {program.version}",
            hint="plan again, or put the version that made the plan on PATH",
        )


def _same_lock(plan: Plan, lock: Path, what: str) -> None:
    """Before init, which would fail on it in words of its own. A source without a lock file gets the plan's."""
    if lock.exists() and plan.planned.base["lock"] != digest_of(lock.read_bytes()):
        raise StalePlan(f"{what}: {LOCK_FILE} is not the one that the plan was made with", hint="plan again")


def _same_base(plan: Plan, ready: Session, state: Mapping[str, Any] | None) -> None:
    base, what = plan.planned.base, ready.work.what
    for key, value in {"managed": ready.managed, **managed.backend_summary(ready.facts, ready.work.settings)}.items():
        if base[key] != value:
            raise StalePlan(
                f"{what}: the plan was made for {key} {base[key]}, and it is {value} now", hint="plan again"
            )
    now = _read_base(state)
    # A plan made before there was any state has no lineage to compare, only serial 0.
    if now.serial != base["serial"] or (base["lineage"] and now.lineage != base["lineage"]):
        raise StalePlan(
            f"{what}: the state changed since the plan was made: it was made at serial {base['serial']}"
            f"{_of(base['lineage'])}, and the state is at serial {now.serial}{_of(now.lineage)}",
            hint="nothing was written; plan again",
        )


def _apply(
    ready: Session, plan: Plan, data: bytes, before: Mapping[str, Any] | None, said: Messages, redact: Any
) -> Receipt:
    world = ready.world
    file = ready.scratch / "plan"
    write_private(file, data)
    (ready.stack / ERRORED).unlink(missing_ok=True)
    ephemeral = ready.write_inputs(only=ready.facts.ephemeral)
    argv = command.apply(ready.program.path, file, var_files=[ephemeral] if ephemeral else [])
    cut: InterlockError | None = None
    if world.fence:
        world.fence.check()
    try:
        done = world.proc.run(
            argv,
            what=f"apply of {ready.work.what}",
            cwd=ready.stack,
            environ=ready.environ,
            accept=(0, 1),
            on_line=said.take,
        )
        if done.exit_code != 0:
            cut = ready.failed("apply", said.explain(), done.exit_code, redact)
    except (Cancelled, TimedOut, ToolFailed) as error:
        cut = error
    if cut is None:
        state = ready.state()
        outputs, blob = published(ready, state)
        return Receipt(
            Outcome.COMPLETE,
            done=tuple(c.address for c in plan.changes if c.writes),
            outputs=outputs,
            outputs_blob=blob,
            base=_base_of(state, plan),
        )
    return _account(ready, plan, before, said, cut, redact)


def _account(
    ready: Session, plan: Plan, before: Mapping[str, Any] | None, said: Messages, cut: InterlockError, redact: Any
) -> Receipt:
    """What a bad end left behind. Raises nothing: when the state cannot be read either, the outcome is unknown."""
    kept = _kept(ready)
    known = True
    state: Mapping[str, Any] | None = None
    try:
        state = ready.state()
    except (InterlockError, ValueError):
        known = False
    moved = known and _read_base(state) != _read_base(before)
    there = addresses(state or {})
    readable = known and "encrypted_data" not in (state or {})
    # A tool may save a state that says nothing new under a new serial.
    altered = moved and not (readable and (_content(state) or [[], {}]) == (_content(before) or [[], {}]))
    done = tuple(c.address for c in plan.changes if c.writes and _done(c, said, there if readable and moved else None))
    left = tuple(c.address for c in plan.changes if c.writes and c.address not in done)
    unfinished = sorted({address for address, _ in said.unfinished})
    by_itself = isinstance(cut, ToolFailed) and cut.exit_code == 1
    if not known or (unfinished and not by_itself):
        outcome = Outcome.UNKNOWN
    elif said.begun or altered or kept:
        outcome = Outcome.PARTIAL
    else:
        outcome = Outcome.FAILED
    error = redact(cut.message)
    if isinstance(cut, ToolFailed) and cut.output:
        error = (
            redact(cut.output) if cut.output.startswith(error.split(": ", 1)[-1]) else f"{error}\n{redact(cut.output)}"
        )
    if cut.hint:
        error += f"\n{cut.hint}"
    if unfinished:
        error += f"\nbegun and not ended: {', '.join(unfinished)}"
    if kept:
        error += f"\nthe state could not be saved; {ERRORED} is kept with this receipt"
    outputs, blob = published(ready, state) if readable and moved and state else ({}, None)
    return Receipt(
        outcome,
        done=done,
        left=left,
        outputs=outputs,
        outputs_blob=blob,
        base=_base_of(state, plan) if known else {},
        error=error,
        error_slug=cut.slug,
        kept=kept,
    )


def _done(change: Change, said: Messages, there: frozenset[str] | None) -> bool:
    """`there` are the addresses in the state after, None when it cannot tell (unchanged or unreadable)."""
    hooks = _HOOKS.get(change.action)
    if hooks is not None:
        return {(change.address, hook) for hook in hooks} <= set(said.ended)
    if there is None:
        return False
    match change.action:
        case Action.MOVE:
            return change.address in there and change.previous_address not in there
        case Action.IMPORT:
            return change.address in there
        case Action.FORGET:
            return change.address not in there
    return False


def _kept(ready: Session) -> dict[str, Blob]:
    path: Path = ready.stack / ERRORED
    if not path.exists():
        return {}
    blob = ready.world.blobs.put(path.read_bytes())
    path.unlink()
    return {ERRORED: blob}


def _content(value: Any) -> Any:
    """Resources and outputs of a state in a form that can be compared: some lists of marks come in another order each time."""
    if isinstance(value, dict):
        if "lineage" in value:
            return [_content(value.get("resources") or []), _content(value.get("outputs") or {})]
        return {
            key: sorted(map(json.dumps, item)) if key == "sensitive_attributes" else _content(item)
            for key, item in value.items()
        }
    return [_content(item) for item in value] if isinstance(value, list) else value


def _read_base(state: Mapping[str, Any] | None) -> _Base:
    return _Base(str(state.get("lineage", "")), int(state.get("serial", 0))) if state else _Base("", 0)


def _base_of(state: Mapping[str, Any] | None, plan: Plan) -> dict[str, Any]:
    now = _read_base(state)
    rest = {key: value for key, value in plan.planned.base.items() if key not in ("lineage", "serial", "empty")}
    return {"lineage": now.lineage, "serial": now.serial, "empty": not addresses(state or {}), **rest}


def _of(lineage: str) -> str:
    return f" of lineage {lineage}" if lineage else ""
