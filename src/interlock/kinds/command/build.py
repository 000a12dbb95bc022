"""Builds: components without a plan program, whose whole world is their record (see memory) and their files.

Planning compares what would be built, by the digests of everything that goes in, with what is recorded; a recorded file whose stored bytes are
gone is drift. A build that was made before and is still kept is put back, byte for byte, without running anything: that is how it is undone.
Applying runs the program, stores the declared files, then writes the record: the only write, so a build that fails before has changed nothing.
"""

from collections.abc import Mapping
from typing import Any

from interlock.kinds.command import diff, fingerprint
from interlock.kinds.command.call import Call
from interlock.kinds.command.draft import Observed
from interlock.kinds.command.memory import Build, Memory, recall, record
from interlock.kinds.command.protocol import ApplyResult, BadResult, ResultOutput, parse_apply
from interlock.kinds.command.run import bad_result, collect, run_program, workspace
from interlock.kinds.command.secret import masking, published, told
from interlock.model.change import Note, OutputChange, unknown
from interlock.model.digest import canonical, sha256
from interlock.model.errors import ArtifactMismatch, InterlockError, StalePlan, ToolFailed
from interlock.model.plan import Blob
from interlock.model.receipt import Outcome, Receipt
from interlock.world import World
from interlock.world.secret_values import sensitive


def observe_build(call: Call, head: Mapping[str, Any], world: World) -> Observed:
    memory = recall(world)
    current = memory.find(memory.current)
    wanted = None if call.target == "nothing" else _wanted(call, head, world)
    kept = memory.find(wanted["key"]) if wanted else None
    lost = _lost(current, world) if current and kept is current else []
    reuse = kept if kept and kept is not current and not _lost(kept, world) else None
    standing = reuse or (kept if kept is current and not lost else None)
    if wanted is None:
        after = None
    elif standing:
        after = standing.described()
    else:
        after = {**wanted["described"], "artifacts": {name: unknown() for name in sorted(call.settings.artifacts)}}
    changes = diff.build_changes(current.described() if current else None, after, lost)
    return Observed(
        draft={
            **head,
            "build": None if wanted is None else wanted["key"],
            "reuse": bool(reuse),
            "lost": lost,
            "lineage": memory.lineage,
            "serial": memory.serial,
        },
        changes=changes,
        outputs=_outputs(call, current, reuse, bool(changes), world),
        base=base_of(memory),
        notes=(Note("kept-build", "these files were built before and are put back; nothing is built", diff.BUILD),)
        if reuse
        else (),
    )


def _wanted(call: Call, head: Mapping[str, Any], world: World) -> dict[str, Any]:
    """What a build of these sources and inputs would be called, and how it is shown."""
    inputs = world.secrets.mask(fingerprint.inputs_value(call.variables, call.artifacts))
    described = {"source": head["source"], "inputs": inputs, "program": list(call.settings.apply)}
    names = {"artifacts": dict(call.settings.artifacts), "outputs": sorted(call.settings.outputs)}
    return {"key": sha256(canonical({**described, **names})), "described": described}


def build_of(
    call: Call,
    draft: Mapping[str, Any],
    artifacts: Mapping[str, Blob],
    outputs: Mapping[str, Mapping[str, Any]],
    world: World,
) -> Build:
    described = _wanted(call, draft, world)["described"]
    return Build(
        draft["build"], described["source"], described["inputs"], tuple(described["program"]), artifacts, outputs
    )


def _lost(build: Build, world: World) -> list[str]:
    """Artifacts whose bytes are not there any more as they were. Reading them is the only proof. Raises Unavailable."""
    lost = []
    for name, blob in sorted(build.artifacts.items()):
        try:
            world.blobs.get(blob)
        except ArtifactMismatch:
            lost.append(name)
    return lost


def _outputs(
    call: Call, current: Build | None, reuse: Build | None, changing: bool, world: World
) -> tuple[OutputChange, ...]:
    """Outputs of a build are known once it is built, or was."""
    before = current.outputs if current else {}
    found: dict[str, ResultOutput] = {}
    for name in sorted({*before, *call.settings.outputs}):
        old = before.get(name, {})
        if call.target == "nothing":
            new: Mapping[str, Any] = {}
        elif reuse:
            new = reuse.outputs.get(name, {})
        else:
            new = {"value": unknown()} if changing and name in call.settings.outputs else old
        sensitive = bool(old.get("sensitive") or new.get("sensitive"))
        found[name] = ResultOutput(before=old.get("value"), after=new.get("value"), sensitive=sensitive)
    return diff.outputs(found, masking(world))


def apply_build(call: Call, planned: Observed, world: World) -> Receipt:
    draft, memory = planned.draft, recall(world)
    done = tuple(change.address for change in planned.changes)
    following, build = memory, None
    try:
        if call.target == "nothing":
            pass
        elif draft["reuse"]:
            build = memory.find(draft["build"])
        else:
            artifacts, outputs = _built(call, world)
            build = build_of(call, draft, artifacts, outputs, world)
        following = memory.with_current(build)
        record(following, memory, world)
    except StalePlan:
        raise  # the record moved under us: nothing of ours was written
    except InterlockError as error:
        # The record is the one thing written, so the record says whether it was.
        if failed := _not_recorded(error, done, memory, following, world):
            return failed
    outputs_shown, outputs_blob = published(build.outputs if build else {}, world)
    return Receipt(
        Outcome.COMPLETE,
        done=done,
        outputs=outputs_shown,
        outputs_blob=outputs_blob,
        base=base_of(following),
        artifacts=dict(build.artifacts) if build else {},
    )


def _not_recorded(
    error: InterlockError, done: tuple[str, ...], memory: Memory, following: Memory, world: World
) -> Receipt | None:
    """How it failed; None when the record was written after all and only the answer was lost."""
    words = told(error, world)
    try:
        now = recall(world)
    except InterlockError:
        return Receipt(Outcome.UNKNOWN, left=done, base=base_of(memory), error=words, error_slug=error.slug)
    if now == following and following is not memory:
        return None
    outcome = Outcome.FAILED if now == memory else Outcome.UNKNOWN
    return Receipt(outcome, left=done, base=base_of(now), error=words, error_slug=error.slug)


def base_of(memory: Memory) -> dict[str, Any]:
    return {"empty": memory.find(memory.current) is None, "lineage": memory.lineage, "serial": memory.serial}


def _built(call: Call, world: World) -> tuple[dict[str, Blob], dict[str, dict[str, Any]]]:
    """Run the build: its files and outputs. Raises ToolFailed and what `run_program` raises."""
    with workspace(call.source, call.work) as root:
        for name, path in call.settings.artifacts.items():
            if (root / call.settings.folder / path).exists():
                raise ToolFailed(
                    f"apply of {call.where}: artifact '{name}' is a file of the sources; a build must make it",
                    slug="bad-artifact",
                )
        raw = run_program(
            call, call.settings.apply, call.document("apply"), root, world, required=bool(call.settings.outputs)
        )
        try:
            result = (
                ApplyResult(protocol=1)
                if raw is None
                else parse_apply(raw, ("build",), call.settings.outputs, publishes=True)
            )
            outputs = {name: one.model_dump() for name, one in sorted(result.outputs.items())}
            for one in result.outputs.values():
                if one.sensitive:
                    sensitive(one.value, world.secrets)
            return collect(call, root, world), outputs
        except BadResult as bad:
            raise bad_result(call, "apply", bad) from None


def current_outputs(world: World) -> Mapping[str, Mapping[str, Any]]:
    """Outputs, in clear, of what stands there already."""
    memory = recall(world)
    build = memory.find(memory.current)
    return build.outputs if build else {}
