"""One deployment, plan or release, found by its id or the beginning of one, with everything that is kept of it."""

from dataclasses import dataclass
from typing import Any

from interlock.app.viewing import view_of
from interlock.model.errors import NotFound, UsageError
from interlock.model.plan import Plan
from interlock.model.release import Release
from interlock.model.report import PlanEntry, PlanReport
from interlock.model.view import DeploymentView
from interlock.store import Store, deployments, ids, ledger, plans, steps
from interlock.store.database import Tx
from interlock.store.plans import StoredPlan


@dataclass(frozen=True)
class ShownDeployment:
    """`plans` are all that were made in it, oldest first; `report` holds those that its steps stand by, in the order of the deployment."""

    view: DeploymentView
    plans: tuple[StoredPlan, ...]
    report: PlanReport


@dataclass(frozen=True)
class ShownPlan:
    """`report` holds this plan alone."""

    stored: StoredPlan
    report: PlanReport


Shown = ShownDeployment | ShownPlan | Release


def show(store: Store, text: str) -> Shown:
    """Raises NotFound, UsageError where `text` begins several, ArtifactMismatch where a stored plan was altered."""
    with store.database.read() as tx:
        prefix, id_ = _resolve(tx, text)
        if prefix == ids.DEPLOYMENT:
            return _deployment(store, tx, id_)
        if prefix == ids.PLAN:
            return _plan(store, tx, id_)
        return ledger.get(tx, id_)


def _resolve(tx: Tx, text: str) -> tuple[str, str]:
    """With `d-`, `p-` or `r-` one of these; a bare beginning is looked for among all three."""
    kinds = (ids.DEPLOYMENT, ids.PLAN, ids.RELEASE)
    start = text.strip().lower()
    for prefix in kinds:
        if start.startswith(f"{prefix}-"):
            return prefix, ids.resolve(tx, prefix, text)
    found: list[tuple[str, str]] = []
    for prefix in kinds:
        try:
            found.append((prefix, ids.resolve(tx, prefix, text)))
        except NotFound:
            continue
    if not found:
        raise NotFound(
            f"there is no deployment, plan or release {text}",
            hint="ids look like d-3f9k; `interlock history` lists releases",
        )
    if len(found) > 1:
        raise UsageError(
            f"'{text}' begins several: {', '.join(id_ for _, id_ in found)}", hint="type which, such as d-3f9k"
        )
    return found[0]


def _deployment(store: Store, tx: Tx, id_: str) -> ShownDeployment:
    made = plans.of_deployment(tx, store.keyed, id_)
    by_id = {stored.plan.id: stored.plan for stored in made}
    entries = []
    for step in steps.of(tx, id_):
        # A plan that is not this deployment's own (carried over) is read by its id: what is named must be there.
        plan = (by_id.get(step.plan) or plans.get(tx, store.keyed, step.plan).plan) if step.plan else None
        if plan is not None:
            entries.append(_entry(plan, tuple(step.reasons)))
    row = deployments.require(tx, id_)
    return ShownDeployment(view_of(store, id_), made, PlanReport(row.commit, row.base, False, tuple(entries)))


def _plan(store: Store, tx: Tx, id_: str) -> ShownPlan:
    stored = plans.get(tx, store.keyed, id_)
    plan = stored.plan
    reasons: tuple[str, ...] = ()
    if stored.deployment:
        own = [s for s in steps.of(tx, stored.deployment, plan.environment) if s.component == plan.component]
        reasons = tuple(reason for step in own for reason in step.reasons)
    return ShownPlan(stored, PlanReport(plan.commit, "", False, (_entry(plan, reasons),)))


def _entry(plan: Plan, reasons: tuple[str, ...]) -> PlanEntry:
    return PlanEntry(plan.component, plan.environment, plan.kind, reasons, plan=plan)


def shown_json(shown: Shown) -> dict[str, Any]:
    """A document of type `deployment` (with its plans), `stored-plan` or `release`. Sensitive values are masks."""
    from interlock.app.viewing import view_json
    from interlock.model.codec import encode

    match shown:
        case ShownDeployment():
            return {**view_json(shown.view), "plans": [_plan_json(stored) for stored in shown.plans]}
        case ShownPlan():
            return {"type": "stored-plan", "version": 1, **_plan_json(shown.stored), **_contents(shown)}
    return {"type": "release", "version": 1, **encode(shown)}


def _plan_json(stored: StoredPlan) -> dict[str, Any]:
    from interlock.model.codec import encode

    plan = stored.plan
    return {
        "id": plan.id,
        "component": plan.component,
        "environment": plan.environment,
        "kind": plan.kind,
        "direction": str(plan.direction),
        "commit": plan.commit,
        "tree": plan.tree,
        "deployment": stored.deployment,
        "created": stored.created,
        "consumed": stored.consumed,
        "consumed_fence": stored.consumed_fence,
        "speculative": plan.speculative,
        "intent": plan.intent,
        "artifact": encode(plan.planned.artifact),
        "closure": encode(plan.closure),
        "inputs": encode(plan.inputs),
        "base": encode(plan.planned.base),
        "tool": encode(plan.planned.tool),
    }


def _contents(shown: ShownPlan) -> dict[str, Any]:
    from interlock.render.plan_json import plan_json

    document = plan_json(shown.report)
    return {"step": document["steps"][0], "no_way_back": document["no_way_back"]}
