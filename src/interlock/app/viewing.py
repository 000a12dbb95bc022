"""A deployment as people look at it, read from its rows in one snapshot."""

import json
from datetime import UTC, datetime
from typing import Any

from interlock.model.check import CheckResult
from interlock.model.state import DeploymentState, StepState
from interlock.model.view import DeploymentView, EnvironmentView, StepView
from interlock.store import Store, deployments, holds, notices, steps
from interlock.store.database import Tx
from interlock.store.steps import StepRecord


def view_of(store: Store, deployment: str) -> DeploymentView:
    """Raises NotFound. `deployment` may be an unambiguous prefix."""
    now = datetime.now(UTC)
    with store.database.read() as tx:
        row = deployments.get(tx, deployment)
        found = steps.of(tx, row.id)
        environments = tuple(dict.fromkeys(step.environment for step in found))
        return DeploymentView(
            id=row.id,
            state=_state(row.state, found),
            commit=row.commit,
            environments=tuple(
                EnvironmentView(name, tuple(_step(step, now) for step in found if step.environment == name))
                for name in environments
            ),
            type=row.type,
            actor=row.actor,
            message=row.message,
            created=row.created,
            started=row.started,
            finished=row.finished,
            failure=row.failure,
            failure_hint=row.failure_hint,
            superseded_by=row.superseded_by,
            held=_held(tx, row.id, row.commit, found),
            notices=tuple(
                f"notification to {notice.channel} failed: {notice.detail}"
                for notice in notices.newest(tx, deployment=row.id)
                if not notice.delivered
            ),
        )


def _state(stored: str, found: tuple[StepRecord, ...]) -> DeploymentState:
    """A running deployment in which only gates are waited for is blocked, whether or not its process is still there."""
    state = DeploymentState(stored)
    states = {StepState(step.state) for step in found}
    if state is DeploymentState.RUNNING and StepState.BLOCKED in states and not any(s.active for s in states):
        return DeploymentState.BLOCKED
    return state


def _held(tx: Tx, deployment: str, commit: str, found: tuple[StepRecord, ...]) -> str:
    return commit if found and any(hold.deployment == deployment for hold in holds.active(tx)) else ""


def _step(step: StepRecord, now: datetime) -> StepView:
    receipt, chosen = step.receipt, step.plan or step.preview_plan
    return StepView(
        component=step.component,
        environment=step.environment,
        state=StepState(step.state),
        since=step.since,
        seconds=_seconds(step.started, step.finished, now),
        last_line=step.last_line,
        gates=step.gates,
        checks=tuple(CheckResult(**result) for result in step.details.get("checks", ())),
        deferred=tuple(step.details.get("preview", ())) if not step.plan else (),
        changes=str(step.details.get("changes", "")) if chosen else "",
        plan=chosen,
        error=step.error,
        error_hint=step.error_hint,
        done=len(receipt.done) if receipt and not receipt.ok else 0,
        left=len(receipt.left) if receipt and not receipt.ok else 0,
        undo=step.undo_plan,
    )


def _seconds(started: str, finished: str, now: datetime) -> float:
    if not started:
        return 0.0
    end = datetime.fromisoformat(finished) if finished else now
    return max(0.0, (end - datetime.fromisoformat(started)).total_seconds())


def view_json(view: DeploymentView) -> dict[str, Any]:
    """The document of type `deployment`; whether it deploys, rolls back or corrects is its `purpose`."""
    from interlock.model.codec import encode

    value = json.loads(json.dumps(encode(view)))
    return {**value, "type": "deployment", "version": 1, "purpose": view.type}
