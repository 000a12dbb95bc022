"""A deployment, as a runbook: environment after environment; in each, all steps at once as their needs allow; on a failure, the way back.

Deterministic on replay: children are started and awaited in the manifest's order under fixed ids, and every decision rests on a recorded step's result.
"""

from dataclasses import dataclass

from interlock.engine.durable import Durable
from interlock.engine.run import Run
from interlock.engine.step import DONE, step_workflow
from interlock.engine.undoing import realign_dependants, undo_environment
from interlock.model.state import DeploymentState, StepState
from interlock.store import deployments, slots, steps


@dataclass(frozen=True)
class Names:
    """Registered names of the workflows: recorded in engine files, so they never change for the same code."""

    deployment: str = "deployment.v1"
    step: str = "step.v1"


NAMES = Names()


async def deployment_workflow(durable: Durable, run: Run) -> str:
    """The durable workflow of a whole deployment; returns its final state."""
    await durable.step("begin", run.work, _begin, run)
    for environment in [spec.name for spec in run.manifest.environments]:
        waiting = [
            await durable.child(NAMES.step, f"{run.id}:{step.name}", step.name)
            for step in run.manifest.steps
            if step.pair.environment == environment
        ]
        for result in waiting:
            await result
        by_hand = run.manifest.type == "rollback" and await durable.step(
            "gone-back", run.work, _all_done, run, environment
        )
        if by_hand and (problem := await realign_dependants(durable, run, environment)):
            return str(await durable.step("end", run.work, _end, run, environment, problem))
        verdict = await durable.step("verdict", run.work, _verdict, run, environment)
        if verdict == "verified":
            continue
        if verdict == "rollback":
            await durable.step("rolling-back", run.work, _rolling_back, run, environment)
            run.go_back()  # here, so that it holds for every process that goes on with it
            verdict = await undo_environment(durable, run, environment)
        return str(await durable.step("end", run.work, _end, run, environment, verdict))
    return str(await durable.step("end", run.work, _end, run, "", "verified"))


def _all_done(run: Run, environment: str) -> bool:
    with run.context.store.database.read() as tx:
        return {step.state for step in steps.of(tx, run.id, environment)} <= set(DONE)


async def child_workflow(durable: Durable, run: Run, name: str) -> str:
    return await step_workflow(durable, run, name)


def _begin(run: Run) -> str:
    with run.context.store.change(run.manifest.actor) as change:
        before = deployments.require(change.tx, run.id).state
        deployments.set_state(change.tx, run.id, DeploymentState.RUNNING, started=run.context.clock.now().isoformat())
        change.audit("deployment", run.id, before={"state": before}, after={"state": str(DeploymentState.RUNNING)})
    return "begun"


def _verdict(run: Run, environment: str) -> str:
    """What became of an environment: "verified", "rollback", or why it ends here: "stop", "interrupted", "superseded", "cancelled"."""
    with run.context.store.change(run.manifest.actor) as change:
        row = deployments.require(change.tx, run.id)
        rows = steps.of(change.tx, run.id, environment)
        states = {step.state for step in rows}
        wrote = any(step.apply_started for step in rows)
        if states <= set(DONE):
            slots.release(change.tx, environment, run.id)
            change.audit("environment", f"{run.id}/{environment}", before={}, after={"verdict": "verified"})
            return "verified"
        if StepState.INTERRUPTED in states:
            verdict = "interrupted"
        elif row.cancel == "rollback":
            verdict = "rollback"
        elif row.cancel:
            verdict = "cancelled"
        elif row.superseded_by:
            verdict = "superseded"
        elif wrote and run.environment(environment).on_failure == "rollback" and run.manifest.type == "deploy":
            verdict = "rollback"
        else:
            verdict = "stop"
        change.audit("environment", f"{run.id}/{environment}", before={}, after={"verdict": verdict})
        return verdict


def _rolling_back(run: Run, environment: str) -> str:
    with run.context.store.change(run.manifest.actor) as change:
        before = deployments.require(change.tx, run.id)
        deployments.set_state(change.tx, run.id, DeploymentState.ROLLING_BACK)
        after = {"state": str(DeploymentState.ROLLING_BACK), "environment": environment}
        change.audit("deployment", run.id, before={"state": before.state}, after=after)
    run.notify("failed", f"{run.id} failed in {environment}", f"{before.stopping or 'cancelled'}; rolling back")
    return "rolling back"


def _end(run: Run, environment: str, verdict: str) -> str:
    """The verdict, once: state, reason and the way on, and every environment that was held is given back."""
    with run.context.store.change(run.manifest.actor) as change:
        row = deployments.require(change.tx, run.id)
        if row.finished:
            change.nothing()
            return row.state
        rows = steps.of(change.tx, run.id, environment) if environment else ()
        wrote = any(step.apply_started and (step.receipt is None or step.receipt.outcome != "failed") for step in rows)
        state, failure, hint = _words(run, environment, verdict, row.stopping, wrote)
        superseded = row.superseded_by
        deployments.finish(
            change.tx,
            run.id,
            state,
            failure=failure,
            failure_hint=hint,
            failure_slug=str(state),
            superseded_by=superseded,
        )
        change.audit("deployment", run.id, before={"state": row.state}, after={"state": str(state), "failure": failure})
    if state is DeploymentState.ROLLED_BACK:
        run.notify("rolled_back", f"{run.id} was rolled back in {environment}", failure)
    elif state in (DeploymentState.FAILED, DeploymentState.PARTLY_CHANGED):
        run.notify("failed", f"{run.id} failed in {environment}", failure)
    return str(state)


def _words(run: Run, environment: str, verdict: str, stopping: str, wrote: bool) -> tuple[DeploymentState, str, str]:
    """State, what happened, and the next command."""
    again = f"mend it in a new commit, then: interlock deploy; what happened: interlock logs {run.id}"
    match verdict:
        case "verified":
            return DeploymentState.VERIFIED, "", ""
        case "undone":
            reason = stopping or "it was cancelled"
            return DeploymentState.ROLLED_BACK, f"{reason}; {environment} is as it was before", again
        case "interrupted":
            hint = f"see what is left: interlock show {run.id}; go on: interlock deploy; go back: interlock rollback --deployment {run.id}"
            return DeploymentState.PARTLY_CHANGED, f"an apply in {environment} was cut off and is partly done", hint
        case "superseded":
            return DeploymentState.SUPERSEDED, "a newer deployment took its place", "interlock status"
        case "cancelled":
            if wrote:
                hint = f"go back: interlock rollback --deployment {run.id}; go on: interlock deploy"
                return (
                    DeploymentState.PARTLY_CHANGED,
                    f"it was cancelled, and what it applied in {environment} was left",
                    hint,
                )
            return (
                DeploymentState.CANCELLED,
                f"it was cancelled; nothing was applied in {environment}",
                "interlock deploy",
            )
        case "stop":
            if wrote:
                hint = f"go back: interlock rollback --deployment {run.id}; {again}"
                return DeploymentState.PARTLY_CHANGED, f"{stopping}; what was applied in {environment} was left", hint
            return DeploymentState.FAILED, f"{stopping or 'a step failed'}; nothing was changed in {environment}", again
        case _:
            return (
                DeploymentState.PARTLY_CHANGED,
                f"{stopping or run.manifest.message}; rolling back stopped: {verdict}",
                f"interlock show {run.id}",
            )
