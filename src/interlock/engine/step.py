"""One step's way: wait for its turn, plan, gates, apply, verify. Each part is a durable step; each body looks at our tables first.

    ready ─► plan ─► gates ─► apply ─► verify
               ▲        ▲       │
               └─ stale ┴ blocked

Results are words: "go", "done" (nothing to do), "stop" (something else ended the deployment), "failed", "interrupted".
"""

from typing import Any

from interlock.engine import applying, verifying
from interlock.engine.applying import Application
from interlock.engine.durable import Durable
from interlock.engine.failing import fail, guarded
from interlock.engine.gates import judge
from interlock.engine.inputs import inputs_unchanged
from interlock.engine.planning import Wanted, keep_plan, make_plan
from interlock.engine.previewing import preview, ready_to_preview, wants_preview
from interlock.engine.run import Run
from interlock.model.gate import Gate, Verdict, overall
from interlock.model.manifest import Step
from interlock.model.plan import Plan, summary
from interlock.model.state import StepState
from interlock.store import plans, steps
from interlock.store.steps import StepRecord

#: States after which a step that needs this one may start.
DONE = (StepState.VERIFIED, StepState.UNCHANGED, StepState.DROPPED)
ENDED = (*DONE, StepState.FAILED, StepState.INTERRUPTED, StepState.CANCELLED, StepState.SKIPPED)


async def step_workflow(durable: Durable, run: Run, name: str) -> str:
    """The durable workflow of one step; returns its last word."""
    if wants_preview(run, name):
        run.previewing.add(name)
        await durable.step("preview-ready", run.until, lambda: ready_to_preview(run, name))
        await durable.step("preview", run.work, preview, run, name)
        run.previewing.discard(name)
    if run.step(name).needs:  # without any, its turn is now; `_plan` looks at what else may stop it
        word = await durable.step("ready", run.until, guarded(run, name, _ready))
        if word != "go":
            return str(word)
    while True:
        word = await durable.step("plan", run.work, guarded(run, name, _plan))
        if word == "go":
            word = await durable.step("gates", run.until, guarded(run, name, _gates))
        if word == "go":
            word = await durable.step("apply", run.work, guarded(run, name, _apply))
        if word == "again":
            continue
        if word != "go":
            return str(word)
        return str(await durable.step("verify", run.work, guarded(run, name, verifying.verify_step)))


def _row(run: Run, name: str) -> StepRecord:
    with run.context.store.database.read() as tx:
        return steps.get(tx, run.id, *name.split("/", 1))


def set_state(run: Run, name: str, state: StepState, **columns: Any) -> None:
    """Shown progress, not a fact anyone relies on: no audit record."""
    with run.context.store.database.write(lasting=False) as tx:
        steps.update(tx, run.id, *name.split("/", 1), state=state, **columns)


def _ready(run: Run, name: str) -> str | None:
    """None while something it needs is under way."""
    step = run.step(name)
    if _row(run, name).state in ENDED:
        return "done"
    needed = {need: _row(run, need).state for need in step.needs}
    broken = sorted(need for need, state in needed.items() if state in ENDED and state not in DONE)
    reason = f"{broken[0]} is {needed[broken[0]]}" if broken else run.stop_reason()
    if reason:
        set_state(run, name, StepState.SKIPPED, error=reason, finished=run.context.clock.now().isoformat())
        return "stop"
    if any(state not in DONE for state in needed.values()):
        return None
    if step.conditional and inputs_unchanged(run.context, step, run.environment(step.pair.environment).zone):
        set_state(run, name, StepState.DROPPED, error="the outputs that it uses did not change")
        return "done"
    return "go"


def _plan(run: Run, name: str) -> str:
    step, row = run.step(name), _row(run, name)
    if row.state in ENDED:
        return "done"
    if row.apply_started:  # a crash between begin and receipt: `_apply` finds out what became of it
        return "go"
    if reason := run.stop_reason():
        set_state(run, name, StepState.SKIPPED, error=reason)
        return "stop"
    set_state(run, name, StepState.PLANNING, started=row.started or run.context.clock.now().isoformat())
    environment = run.environment(step.pair.environment)
    wanted = Wanted(step, environment, undoing=_undoing(run, step), deployment=run.id)
    plan = make_plan(run.context, wanted, log=run.log(*name.split("/", 1)), cancel=run.cancel)
    with run.context.store.change(run.manifest.actor) as change:
        plan = keep_plan(run.context, change.tx, plan, run.id)
        details = row.details | {"unchanged": plan.empty, "changes": summary(plan)}
        steps.update(change.tx, run.id, step.pair.environment, step.pair.component, plan=plan.id, details=details)
        change.audit(
            "plan",
            name,
            before={"plan": row.plan},
            after={"plan": plan.id, "intent": plan.intent, "empty": plan.empty},
            deployment=run.id,
            direction=str(plan.direction),
        )
    if run.manifest.type == "adopt" and not plan.empty:
        fail(
            run,
            name,
            "what is there is not as this revision says",
            hint=f"interlock show {plan.id}",
            slug="not-as-released",
        )
        return "failed"
    return "go"


def _undoing(run: Run, step: Step) -> Plan | None:
    """For a rollback by hand: the plan of the release that it goes back from."""
    if not step.undoes_plan:
        return None
    with run.context.store.database.read() as tx:
        return plans.get(tx, run.context.store.keyed, step.undoes_plan).plan


def plan_of(run: Run, name: str) -> Plan:
    with run.context.store.database.read() as tx:
        row = steps.get(tx, run.id, *name.split("/", 1))
        return plans.require(tx, run.context.store.keyed, row.plan, row)


def _gates(run: Run, name: str) -> str | None:
    """None while a gate does not pass. Gates that fail wait too: a hold can be released; a rejection ends the step."""
    step, row = run.step(name), _row(run, name)
    if row.apply_started or row.state in ENDED:
        return "go" if row.apply_started else "done"
    if reason := run.stop_reason():
        set_state(run, name, StepState.SKIPPED, error=reason)
        return "stop"
    plan = plan_of(run, name)
    with run.context.store.database.write(lasting=False) as tx:
        gates = judge(tx, run.manifest, step, plan)
        verdict, rejected = overall(gates), _rejected(gates)
        # Not blocked where it was rejected: who sees that may leave before it is said that the step failed.
        waits = verdict is not Verdict.PASS and not rejected
        if gates != row.gates or (waits and row.state != StepState.BLOCKED):
            state = {"state": StepState.BLOCKED} if waits else {}
            steps.update(tx, run.id, step.pair.environment, step.pair.component, gates=gates, **state)
    if rejected:
        fail(run, name, rejected.reason, hint=rejected.unblock, slug="rejected")
        return "failed"
    return "go" if verdict is Verdict.PASS else None


def _rejected(gates: tuple[Gate, ...]) -> Gate | None:
    return next((gate for gate in gates if gate.name == "approval" and gate.verdict is Verdict.FAIL), None)


def _apply(run: Run, name: str) -> str:
    step, row = run.step(name), _row(run, name)
    environment, log = run.environment(step.pair.environment), run.log(*name.split("/", 1))
    if row.state in ENDED:  # its verdict was written, only the engine's own record was not
        return "done"
    if row.release:  # the receipt was written, only the engine's own record was not
        return "go"
    plan = plan_of(run, name)
    application = Application(run.manifest, step, environment, plan)
    if row.apply_started:
        return _recover(run, name, application)
    if reason := run.stop_reason():
        set_state(run, name, StepState.SKIPPED, error=reason)
        return "stop"
    set_state(run, name, StepState.APPLYING)
    applied = applying.apply_plan(run.context, application, log=log, cancel=run.cancel)
    if applied.again:
        log(f"interlock: {applied.again}")
        return "again"
    assert applied.receipt is not None
    if applied.receipt.ok:
        return "go"
    if run.leaving.is_set():
        return "interrupted"  # never recorded: the process leaves, the next one finds the receipt's truth by planning again
    receipt = applied.receipt
    done = f"{len(receipt.done)} of {len(receipt.done) + len(receipt.left)} changes were made before it stopped"
    fail(run, name, receipt.error or "the apply did not complete", hint=done, slug=receipt.error_slug or "apply-failed")
    return "failed"


def _recover(run: Run, name: str, application: Application) -> str:
    set_state(run, name, StepState.PLANNING)
    undoing, log = _undoing(run, application.step), run.log(*name.split("/", 1))
    applied, left = applying.recover(run.context, application, undoing, log=log, cancel=run.cancel)
    if applied.receipt is not None and applied.receipt.ok:
        return "go"
    count = sum(1 for change in left.changes if change.writes)
    set_state(
        run,
        name,
        StepState.INTERRUPTED,
        error=f"the apply was cut off; {count} of {sum(1 for c in application.plan.changes if c.writes)} changes are still to do",
        error_hint=f"see them: interlock show {left.id}; go on: interlock deploy; go back: interlock rollback --deployment {run.id}",
        error_slug="interrupted",
        plan=left.id,
    )
    return "interrupted"
