"""Rolling back what a deployment applied in an environment: newest first, a half-applied step before all others, one at a time.

Each is planned against the world as it is now, towards the release before it (or towards nothing), and that plan is applied under the same exactness. What
automation may do by itself is decided by `model.undoing`. An inverse that fails, or that nobody may do by itself, stops everything: it never skips.
"""

import traceback
from dataclasses import replace

from interlock.engine import applying, recording, verifying
from interlock.engine.applying import Application
from interlock.engine.durable import Durable
from interlock.engine.planning import Wanted, keep_plan, make_plan
from interlock.engine.run import Run
from interlock.model import undoing
from interlock.model.errors import InterlockError
from interlock.model.manifest import Step
from interlock.model.plan import Direction, Plan
from interlock.model.receipt import Outcome
from interlock.model.release import Release, ReleaseStatus
from interlock.model.state import StepState
from interlock.store import holds, ledger, plans, steps
from interlock.store.steps import StepRecord


class Escalation(Exception):
    """Automation stops here and a person goes on."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(message)
        self.message, self.hint = message, hint


async def undo_environment(durable: Durable, run: Run, environment: str) -> str:
    """ "undone" when everything that was applied is undone, else why it stopped."""
    order = await durable.step("undo-order", run.work, _order, run, environment)
    for name in order:  # first: also where going back stops half-way, nothing may bring the revision back by itself
        await durable.step("hold", run.work, _hold, run, name)
    for name in order:
        problem = await durable.step("undo", run.work, _undo, run, name)
        if problem:
            return str(problem)
    return await realign_dependants(durable, run, environment) or "undone"


async def realign_dependants(durable: Durable, run: Run, environment: str) -> str:
    """ "" when everything that uses what was undone is in line with it again, else why it is not."""
    aligned: tuple[str, ...] = ()
    while name := await durable.step("realign-next", run.work, _dependant, run, environment, aligned):
        problem = await durable.step("realign", run.work, _realign, run, environment, str(name))
        if problem:
            return str(problem)
        aligned += (str(name),)
    return ""


def _order(run: Run, environment: str) -> list[str]:
    """Steps that wrote, or may have written: without a known end first, then by the rank in which their applies ended, from the highest."""
    with run.context.store.database.read() as tx:
        rows = steps.of(tx, run.id, environment)
    wrote = [row for row in rows if row.apply_started and not _nothing_written(row)]
    return [row.name for row in sorted(wrote, key=lambda row: (_complete(row), -(row.completed_order or 0), row.name))]


def _nothing_written(row: StepRecord) -> bool:
    return row.receipt is not None and row.receipt.outcome in (Outcome.FAILED, Outcome.UNCHANGED)


def _complete(row: StepRecord) -> bool:
    return row.receipt is not None and row.receipt.ok


def _undo(run: Run, name: str) -> str:
    environment, component = name.split("/", 1)
    with run.context.store.database.read() as tx:
        row = steps.get(tx, run.id, environment, component)
    if row.state == StepState.UNDONE:
        return ""
    _set(run, name, StepState.UNDOING)
    try:
        _undo_one(run, name, row)
    except (Escalation, InterlockError) as stop:
        if run.leaving.is_set():
            return ""  # never recorded: the process leaves, the next one goes on from what it finds
        return _stopped(run, name, stop.message, stop.hint or "the tool's own words are in `interlock logs`")
    except Exception as error:
        run.log(environment, component)(traceback.format_exc())
        return _stopped(run, name, f"a bug in interlock: {type(error).__name__}", "its trace is in the step's log")
    _set(run, name, StepState.UNDONE)
    return ""


def _undo_one(run: Run, name: str, row: StepRecord) -> None:
    context, log = run.context, run.log(*name.split("/", 1))
    environment = run.environment(row.environment)
    with context.store.database.read() as tx:
        forward = plans.get(tx, context.store.keyed, row.plan).plan
        release = ledger.get(tx, row.release) if row.release else None
        newest = ledger.top(tx, row.component, row.environment)
        before = ledger.previous(tx, release) if release else ledger.current(tx, row.component, row.environment)
    if row.undo_receipt is not None and row.undo_receipt.ok:  # applied by a process that ended before it had said so
        if newest is not None and newest.status is ReleaseStatus.APPLIED and newest.direction is Direction.UNDO:
            restored = replace(run.step(name), pair=newest.pair, release=newest.restores, ends_holds=())
            _verify_undone(run, name, restored, newest)
        return
    if release is not None and (newest is None or newest.id != release.id):
        raise Escalation(
            f"{name}: release {release.id} is no longer the newest there", f"interlock history {row.component}"
        )
    done = row.receipt.done if row.receipt is not None and row.receipt.outcome is Outcome.PARTIAL else None
    _refuse(name, undoing.before_planning(forward, done), run.id)
    if before is None:
        _refuse(name, undoing.to_nothing(forward.planned.base, imported=bool(release and release.imported)), run.id)
    step = undo_step(run.step(name), release, before, forward)
    plan = make_plan(context, Wanted(step, environment, undoing=forward, deployment=run.id), log=log, cancel=run.cancel)
    _refuse(name, undoing.allowed(forward, plan.planned), run.id)
    with context.store.change(run.manifest.actor) as change:
        plan = keep_plan(context, change.tx, plan, run.id)
        steps.update(change.tx, run.id, row.environment, row.component, undo_plan=plan.id)
        change.audit(
            "plan", name, before={"undoing": forward.id}, after={"plan": plan.id}, deployment=run.id, direction="undo"
        )
    again = bool(row.undo_apply_started)  # by a process that ended in the middle of it
    application = Application(run.manifest, step, environment, plan, gated=False, undo=True, cut_off=again)
    applied = applying.apply_plan(context, application, log=log, cancel=run.cancel)
    if applied.receipt is None or not applied.receipt.ok:
        reason = applied.receipt.error if applied.receipt else applied.again
        raise Escalation(
            f"{name}: undoing did not complete: {reason}",
            f"interlock show {plan.id}; interlock rollback --deployment {run.id}",
        )
    if before is not None and applied.release is not None:
        _verify_undone(run, name, step, applied.release)


def undo_step(forward_step: Step, release: Release | None, before: Release | None, forward: Plan) -> Step:
    """The way back as a step: towards `before`, or towards nothing with what the forward plan was made from."""
    undoes = release.id if release else ""
    forward_step = replace(forward_step, ends_holds=())  # it proves nothing newer
    if before is None:
        return replace(
            forward_step,
            direction=Direction.UNDO,
            to_nothing=True,
            undoes=undoes,
            undoes_plan=forward.id,
            closure=forward.closure,
            commit=forward.commit,
        )
    return replace(
        forward_step,
        pair=before.pair,
        direction=Direction.UNDO,
        closure=before.closure,
        commit=before.commit,
        tree=before.tree,
        release=before.id,
        undoes=undoes,
        undoes_plan=forward.id,
    )


def _verify_undone(run: Run, name: str, step: Step, release: Release) -> None:
    if release.status is ReleaseStatus.VERIFIED:
        return  # nothing had to be changed under what was verified before
    environment = run.environment(step.pair.environment)
    results = verifying.check_release(
        run.context, run.manifest, release, environment, log=run.log(*name.split("/", 1)), cancel=run.cancel, once=True
    )
    if failed := [result for result in results if not result.passed]:
        reason = "; ".join(f"check {result.name}: {result.detail}" for result in failed)
        with run.context.store.change(run.manifest.actor) as change:
            recording.record_unverified(change, step, release.id, reason)
        raise Escalation(
            f"{name}: went back to {step.release}, and its checks fail there too: {reason}", f"interlock logs {run.id}"
        )
    with run.context.store.change(run.manifest.actor) as change:
        recording.record_verified(change, step, release)


def _refuse(name: str, refusals: tuple[undoing.Refusal, ...], deployment: str) -> None:
    if refusals:
        what = "; ".join(f"{r.address}: {r.reason}" if r.address else r.reason for r in refusals)
        raise Escalation(
            f"{name} cannot be undone by itself: {what}",
            f"mend it by hand or by a new commit, then look: interlock drift; what was done: interlock show {deployment}",
        )


def _stopped(run: Run, name: str, message: str, hint: str) -> str:
    redact = run.context.worlds.secrets.redact
    _set(run, name, StepState.UNDO_FAILED, error=redact(message), error_hint=redact(hint), error_slug="undo-failed")
    return redact(message)


def _set(run: Run, name: str, state: StepState, **columns: str) -> None:
    with run.context.store.change(run.manifest.actor) as change:
        steps.update(change.tx, run.id, *name.split("/", 1), state=state, **columns)
        change.audit("undo", name, before={}, after={"state": str(state), **columns}, deployment=run.id)


def _hold(run: Run, name: str) -> str:
    """The failed revision may not come back by itself."""
    step, revision = (
        run.step(name),
        run.manifest.commit,
    )  # a removal's own sources are those of the release that it removed
    if step.direction in (Direction.DEPLOY, Direction.REMOVE):
        with run.context.store.change(run.manifest.actor) as change:
            reason = f"it failed in {run.id} and was to be rolled back"
            holds.hold(
                change.tx, step.pair.environment, step.pair.component, revision, reason=reason, deployment=run.id
            )
            change.audit("hold", name, before={}, after={"revision": revision, "reason": reason}, deployment=run.id)
    return ""


def _dependant(run: Run, environment: str, aligned: tuple[str, ...]) -> str:
    """The first standing release, in dependency order, whose recorded inputs differ from what its dependencies publish now; "" when none does.

    What was undone itself counts too: newest first, it went back to the outputs of an upstream that was undone after it. Looked for anew after
    each: what was brought in line may publish something else, too.
    """
    from interlock.engine.realigning import misaligned

    undone = {name.split("/", 1)[1] for name in _order(run, environment)}
    found = misaligned(run.context, environment, undone | set(aligned), run.environment(environment).zone)
    return next((name for name in found if name not in aligned), "")


def _realign(run: Run, environment: str, component: str) -> str:
    from interlock.engine.realigning import realign

    try:
        return realign(run, environment, component)
    except InterlockError as error:
        return f"{environment}/{component}: could not be brought in line with what was undone: {error.message}"
