"""Planning: runs plan and show, and reads from the plan what it was made against. Writes nothing anywhere but into the blob store.

    deploy, correct   plan of the source
    undo              plan of the previous source, with `moved` blocks that take back the undone plan's moves
    undo to nothing   plan -destroy of the undone source; refused when it would destroy anything that the undone plan did not create
    remove            plan -destroy of the released source

The base (state lineage and serial) is read from the plan file itself: no second look at the state that could see another one.
"""

from collections.abc import Mapping
from typing import Any

from interlock.kind import PlanRequest
from interlock.kinds.opentofu import command, managed
from interlock.kinds.opentofu.artifact import LOCK_FILE, pack, read_plan_file, unpack
from interlock.kinds.opentofu.init import write_private
from interlock.kinds.opentofu.lock import digest_of, providers
from interlock.kinds.opentofu.messages import Messages
from interlock.kinds.opentofu.normalise import EMPTY, Shown, normalise
from interlock.kinds.opentofu.notes import notes
from interlock.kinds.opentofu.redact import redactor
from interlock.kinds.opentofu.session import Session, Work, load_json, session
from interlock.kinds.opentofu.spec import OpenTofuSettings
from interlock.kinds.opentofu.undo import with_undo
from interlock.model.change import Action
from interlock.model.errors import ArtifactMismatch, PartlyChanged
from interlock.model.plan import Direction, Plan, Planned, Tool
from interlock.world import World

_CHANGES = 2  # exit code of `plan -detailed-exitcode`; 0 says that there are none


def plan(request: PlanRequest, world: World) -> Planned:
    assert isinstance(request.settings, OpenTofuSettings)
    work = Work(
        what=f"{request.component} in {request.environment}",
        settings=request.settings,
        zone=request.zone,
        source=request.source,
        work=request.work,
        inputs=request.inputs,
        environ=request.environ,
        held_back=request.held_back,
    )
    undoing = request.undoing if request.direction is Direction.UNDO else None
    undone = undoing.changes if undoing and not request.undo_to_nothing else ()
    destroy = request.direction is Direction.REMOVE or request.undo_to_nothing
    with session(work, world, undone=undone, more_lock=_lock_of_undone(undoing, world)) as ready:
        data, document, said = _run(ready, destroy=destroy, lock=not request.speculative and not ready.managed)
        file = read_plan_file(data)
        shown = normalise(document, world.secrets)
        lock = file.lock or _lock_of(ready)
        if request.undo_to_nothing:
            _only_what_was_made(shown, undoing, work.what)
        found = Planned(
            changes=with_undo(shown.changes, ready.facts.protected),
            base={
                "lineage": file.lineage,
                "serial": file.serial,
                "empty": file.empty,
                "lock": digest_of(lock),
                "managed": ready.managed,
                **managed.backend_summary(ready.facts, request.settings),
            },
            tool=Tool(ready.program.name, str(ready.program.version), providers(lock)),
            artifact=None,
            outputs=shown.outputs,
            found=shown.found,
            notes=notes(ready, said, shown, redactor(world.secrets, shown.sensitive)),
        )
        if found.empty:
            return found
        blob = world.blobs.put(pack(data, shown.sensitive))
        return Planned(**{name: getattr(found, name) for name in found.__dataclass_fields__} | {"artifact": blob})


def _run(ready: Session, *, destroy: bool, lock: bool) -> tuple[bytes, Mapping[str, Any], Messages]:
    """The plan file's bytes, `show -json` of it, and what plan said. Raises ToolFailed."""
    world, work = ready.world, ready.work
    redact = redactor(world.secrets, ())
    out, shown = ready.scratch / "plan", ready.scratch / "show.json"
    inputs = ready.write_inputs()
    write_private(out, b"")  # the tool would make it readable for all; one that is there keeps its mode
    said = Messages(lambda line: world.log(redact(line)), folder=work.settings.path)
    done = world.proc.run(
        command.plan(
            ready.program.path,
            out=out,
            var_files=[*work.settings.var_files, *([inputs] if inputs else [])],
            destroy=destroy,
            lock=lock,
        ),
        what=f"plan of {work.what}",
        cwd=ready.stack,
        environ=ready.environ,
        accept=(0, 1, _CHANGES),
        on_line=said.take,
    )
    if done.exit_code not in (0, _CHANGES) or not out.stat().st_size:
        ready.init.forget()
        raise ready.failed("plan", said.explain(), done.exit_code, redact)
    if done.exit_code == 0 and not said.drifted:  # nothing to change and nothing found: there is nothing to read
        return out.read_bytes(), EMPTY, said
    world.proc.run(
        command.show(ready.program.path, out),
        what=f"reading the plan of {work.what}",
        cwd=ready.stack,
        environ=ready.environ,
        stdout_to=shown,
    )
    return out.read_bytes(), load_json(shown, f"the plan of {work.what}"), said


def _lock_of_undone(undoing: Plan | None, world: World) -> bytes:
    """The lock file that the undone plan went by; b"" when its stored plan is gone: then an undo without it is tried."""
    if undoing is None or undoing.planned.artifact is None:
        return b""
    try:
        return read_plan_file(unpack(world.blobs.get(undoing.planned.artifact))[0]).lock
    except ArtifactMismatch as error:
        world.log(f"the lock file of the undone plan is not known: {error.message}")
        return b""


def _only_what_was_made(shown: Shown, undoing: Plan | None, what: str) -> None:
    made = {c.address for c in undoing.changes if c.action is Action.CREATE} if undoing else set()
    others = [c.address for c in shown.changes if c.writes and c.address not in made]
    if others:
        raise PartlyChanged(
            f"undoing the first deployment of {what} would destroy what it did not create: {', '.join(others[:10])}",
            hint="nothing was undone; remove by hand what should go, and plan again",
        )


def _lock_of(ready: Session) -> bytes:
    path = ready.stack / LOCK_FILE
    return path.read_bytes() if path.exists() else b""
