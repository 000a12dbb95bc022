"""Showing an approver the whole environment at once, as far as it can be known before its first apply.

A step that needs others is planned when they are verified. Where people are asked for approvals that would mean to ask again for every level of the graph.
So, in environments that ask, such a step gets a *preview* as soon as what it needs is planned and leaves the outputs that it uses alone: a
speculative plan, never applied. An approval covers its intent digest; the plan made later goes on without asking only if it has the same one.
"""

from interlock.engine.inputs import inputs_unchanged
from interlock.engine.planning import Wanted, keep_plan, make_plan
from interlock.engine.run import Run
from interlock.model.deferring import Dependency, waits_for
from interlock.model.errors import InterlockError
from interlock.model.manifest import Step
from interlock.model.plan import Direction, Plan, summary
from interlock.model.state import StepState
from interlock.store import ledger, plans, steps
from interlock.store.database import Tx


def wants_preview(run: Run, name: str) -> bool:
    """Decided by the manifest alone, so that a replay decides the same."""
    step = run.step(name)
    asks = any(rule.count for rule in run.environment(step.pair.environment).approvals)
    return asks and bool(step.needs) and step.direction is Direction.DEPLOY


def ready_to_preview(run: Run, name: str) -> str | None:
    """None until every step that this one needs has a plan, a preview, or an end."""
    with run.context.store.database.read() as tx:
        for need in run.step(name).needs:
            row = steps.get(tx, run.id, *need.split("/", 1))
            if not (row.plan or row.preview_plan or "preview" in row.details or StepState(row.state).terminal):
                return None
    return "go"


def preview(run: Run, name: str) -> str:
    """Makes it, or notes which outputs have to be there first. A preview that fails is no failure: the real plan will tell."""
    step = run.step(name)
    place = (run.id, step.pair.environment, step.pair.component)
    with run.context.store.database.read() as tx:
        row = steps.get(tx, *place)
        waits = waits_for(step.pair.variables, lambda component: _dependency(run, tx, step, component))
    if "preview" in row.details or run.stop_reason():
        return "done"
    plan: Plan | None = None
    environment, drops = run.environment(step.pair.environment), False
    try:
        drops = step.conditional and not waits and inputs_unchanged(run.context, step, environment.zone)
        if not waits and not drops:
            wanted = Wanted(step, environment, speculative=True, deployment=run.id)
            plan = make_plan(run.context, wanted, log=run.log(*name.split("/", 1)), cancel=run.cancel)
    except InterlockError as error:
        run.log(*name.split("/", 1))(f"interlock: no preview: {error.message}")
    with run.context.store.change(run.manifest.actor) as change:
        columns = {}
        if plan is not None:
            plan = keep_plan(run.context, change.tx, plan, run.id)
            columns["preview_plan"] = plan.id
        steps.update(
            change.tx,
            *place,
            details=row.details | {"preview": list(waits), "drops": drops, "changes": summary(plan) if plan else ""},
            **columns,
        )
        change.audit("preview", name, after={"plan": plan.id if plan else "", "waits": list(waits)}, deployment=run.id)
    return "done"


def _dependency(run: Run, tx: Tx, step: Step, component: str) -> Dependency:
    environment = step.pair.environment
    released = ledger.current(tx, component, environment) is not None
    name = f"{environment}/{component}"
    if name not in {other.name for other in run.manifest.steps}:
        return Dependency(released, changing=False)
    row = steps.get(tx, run.id, environment, component)
    if StepState(row.state).done or row.details.get("drops"):
        return Dependency(released, changing=False)
    chosen = row.plan or row.preview_plan
    return Dependency(
        released, changing=True, plan=plans.get(tx, run.context.store.keyed, chosen).plan if chosen else None
    )
