"""A person's yes or no to plans: it covers exactly the plans it lists, each by its intent digest."""

from dataclasses import dataclass

from interlock.app.build import Project
from interlock.model.errors import NotFound, UsageError
from interlock.model.plan import summary
from interlock.model.state import StepState
from interlock.store import approvals, deployments, plans, steps
from interlock.store.steps import StepRecord


@dataclass(frozen=True)
class Answered:
    """`covered` are (step name, plan id, summary of changes) in the deployment's order."""

    deployment: str
    approves: bool
    person: str
    covered: tuple[tuple[str, str, str], ...]


def answer(
    project: Project, deployment: str, *, approves: bool, environment: str = "", component: str = "", comment: str = ""
) -> Answered:
    """Records the answer for every plan that waits. Raises NotFound, UsageError where nothing waits for an answer."""
    person = project.actor
    with project.store.change(person) as change:
        row = deployments.get(change.tx, deployment)
        if row.finished:
            raise UsageError(f"{row.id} has ended ({row.state}); there is nothing to answer", slug="ended")
        found = [
            step
            for step in steps.of(change.tx, row.id, environment)
            if _waits(step) and (not component or step.component == component)
        ]
        if not found:
            where = " ".join(filter(None, (component, f"in {environment}" if environment else "")))
            known = ", ".join(f"{step.name} is {step.state}" for step in steps.of(change.tx, row.id))
            raise NotFound(
                f"nothing of {row.id} {where} waits for an answer".replace("  ", " "), hint=known, slug="nothing-waits"
            )
        covered = []
        for step in found:
            plan = plans.get(change.tx, project.store.keyed, step.plan or step.preview_plan).plan
            said, _ = approvals.record(
                change.tx,
                approves=approves,
                deployment=row.id,
                environment=step.environment,
                component=step.component,
                plan=plan.id,
                intent=plan.intent,
                person=person,
                comment=comment,
            )
            change.audit(
                "approve" if approves else "reject",
                step.name,
                before=None,
                after={"plan": plan.id, "intent": plan.intent},
                deployment=row.id,
                approval=said.id,
                verified=False,
            )
            covered.append((step.name, plan.id, summary(plan)))
    return Answered(row.id, approves, person, tuple(covered))


def _waits(step: StepRecord) -> bool:
    """A plan that is blocked, or a preview of one that will be made when what it needs is verified."""
    return bool(step.plan and step.state == StepState.BLOCKED) or bool(
        step.preview_plan and step.state == StepState.WAITING
    )
