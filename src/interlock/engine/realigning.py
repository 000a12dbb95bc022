"""An undone upstream may come back with other outputs than its dependants recorded (a replaced thing has a new id). Those are planned again with the new
ones, from their own released sources, and brought in line; what is verified again is recorded as a release of its own."""

from dataclasses import replace

from interlock.engine import applying, recording, verifying
from interlock.engine.applying import Application
from interlock.engine.context import Context
from interlock.engine.inputs import inputs_digest, load_inputs, resolve_inputs
from interlock.engine.planning import Wanted, keep_plan, make_plan
from interlock.engine.run import Run
from interlock.model.errors import InterlockError
from interlock.model.graph import order
from interlock.model.manifest import Step
from interlock.model.plan import Direction
from interlock.model.release import Release, ReleaseStatus
from interlock.model.template import references
from interlock.store import ledger


def misaligned(context: Context, environment: str, altered: set[str], zone: str) -> tuple[str, ...]:
    """Components that use outputs of an altered one and whose inputs would resolve differently now, in dependency order."""
    with context.store.database.read() as tx:
        standing = {release.component: release for release in ledger.all_current(tx, environment)}
    found = [
        name
        for name, release in standing.items()
        if dependencies_used(release) & altered and _differs(context, release, zone)
    ]
    return tuple(name for name in order({n: standing[n].pair.depends_on for n in standing}) if name in found)


def dependencies_used(release: Release) -> set[str]:
    """The components whose outputs or artifacts its variables refer to."""
    found = references(release.pair.variables)
    return {r.arguments[0] for r in found if r.form in ("component_output", "component_artifact")}


def _differs(context: Context, release: Release, zone: str) -> bool:
    try:
        now = resolve_inputs(context, release.pair, zone, release.commit)
    except InterlockError:
        return True  # what it uses is gone: planning it again tells why
    then = load_inputs(context, release.inputs, context.worlds.secrets)
    return inputs_digest(context, now, "", "") != inputs_digest(context, then, "", "")


def realign(run: Run, environment: str, component: str) -> str:
    """ "" when the component is in line; else why it is not. Raises the kind's refusals."""
    context, log = run.context, run.log(environment, component)
    with context.store.database.read() as tx:
        release = ledger.current(tx, component, environment)
    if release is None:
        return ""
    step = Step(
        pair=release.pair,
        direction=Direction.CORRECT,
        reasons=("a dependency was undone and has other outputs now",),
        closure=release.closure,
        commit=release.commit,
        tree=release.tree,
    )
    spec = run.environment(environment)
    plan = make_plan(context, Wanted(step, spec, deployment=run.id), log=log, cancel=run.cancel)
    with context.store.change(run.manifest.actor) as change:
        plan = keep_plan(context, change.tx, plan, run.id)
        change.audit(
            "plan",
            step.name,
            before={"release": release.id},
            after={"plan": plan.id},
            deployment=run.id,
            direction="correct",
        )
    application = Application(run.manifest, step, spec, plan, gated=False, undo=True)
    applied = applying.apply_plan(context, application, log=log, cancel=run.cancel)
    if applied.release is None:
        return f"{environment}/{component}: could not be brought in line: {applied.receipt.error if applied.receipt else applied.again}"
    if applied.release.status is ReleaseStatus.VERIFIED:
        return ""  # nothing had to be changed under what was verified before
    results = verifying.check_release(
        context, run.manifest, applied.release, spec, log=log, cancel=run.cancel, once=True
    )
    failed = [r.name for r in results if not r.passed]
    with context.store.change(run.manifest.actor) as change:
        if failed:
            recording.record_unverified(change, step, applied.release.id, ", ".join(failed))
            return f"{environment}/{component}: its checks fail after the undo: {', '.join(failed)}"
        recording.record_verified(change, replace(step), applied.release)
    return ""
