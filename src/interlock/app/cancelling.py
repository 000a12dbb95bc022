"""Ending a deployment: whoever runs it sees the request and stops its tools; where nobody runs it, it ends here and now."""

from interlock.app.build import Project
from interlock.model.errors import UsageError
from interlock.model.state import DeploymentState, StepState
from interlock.store import deployments, steps
from interlock.store.deployments import Deployment
from interlock.world.files import FileLock


def cancel(project: Project, prefix: str, *, rollback: bool) -> tuple[Deployment, bool]:
    """Returns the deployment and whether it has ended already. Raises UsageError where it ended before."""
    person = project.actor
    with project.store.change(person) as change:
        row = deployments.get(change.tx, prefix)
        if row.finished:
            raise UsageError(
                f"{row.id} has ended already ({row.state})",
                hint=f"to go back: interlock rollback --deployment {row.id}",
                slug="ended",
            )
        deployments.request_cancel(change.tx, row.id, "rollback" if rollback else "stop", person)
        change.audit(
            "cancel", row.id, before={"state": row.state}, after={"cancel": "rollback" if rollback else "stop"}
        )
    lock = FileLock(project.store.home.engine_lock(row.id), what=f"deployment {row.id}")
    if rollback or not lock.try_acquire():
        return row, False  # its process sees the request; a rollback needs one
    try:
        return row, _end_here(project, row, person)
    finally:
        lock.release()


def _end_here(project: Project, row: Deployment, person: str) -> bool:
    """Nobody runs it. Ends it, unless an apply was cut off: then the next `deploy --resume` has to find out what became of it."""
    with project.store.change(person) as change:
        found = steps.of(change.tx, row.id)
        if any(step.apply_started and step.receipt is None for step in found):
            change.nothing()
            return False
        for step in found:
            if not StepState(step.state).terminal:
                steps.update(change.tx, row.id, step.environment, step.component, state=StepState.CANCELLED)
        slot = any(step.receipt is not None and step.state != StepState.VERIFIED for step in found)
        state = DeploymentState.PARTLY_CHANGED if slot else DeploymentState.CANCELLED
        deployments.finish(
            change.tx,
            row.id,
            state,
            failure=f"cancelled by {person}; what it applied and verified stays",
            failure_hint=f"go back: interlock rollback --deployment {row.id}",
            failure_slug="cancelled",
        )
        change.audit("deployment", row.id, before={"state": row.state}, after={"state": str(state)})
    return True
