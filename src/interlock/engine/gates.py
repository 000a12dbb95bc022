"""Gathering the facts that the gates decide on. Looked at while a step waits, and once more inside the transaction that takes the lease."""

from interlock.model import gating
from interlock.model.gate import Gate
from interlock.model.manifest import EnvironmentSpec, Manifest, Step
from interlock.model.plan import Direction, Plan
from interlock.model.release import Release, ReleaseStatus
from interlock.model.state import StepState
from interlock.store import approvals, gates, holds, ledger, slots, steps
from interlock.store.database import Tx

#: Going back and repairing are never held back by what they are for.
_EXEMPT = (Direction.UNDO, Direction.CORRECT)
_DONE = (StepState.VERIFIED, StepState.UNCHANGED, StepState.DROPPED)


def judge(tx: Tx, manifest: Manifest, step: Step, plan: Plan) -> tuple[Gate, ...]:
    """Every gate of the step, in a fixed order, each with the time since which its verdict stands.

    Where nothing would change nobody is asked, unless the revision changes who is to be asked: recording it here would make its rules those that the
    next one is judged by. But it is recorded only by the one deployment that is active here, or another's way back would find it in its way.
    """
    environment = spec_of(manifest, step.pair.environment)
    component, name = step.pair.component, environment.name
    active = gating.one_active(name, slots.holder(tx, name), manifest.deployment)
    if plan.empty and not environment.lowers:
        return gates.since(tx, manifest.deployment, name, component, (active,))
    said = tuple(
        gating.Said(a.person, a.approves, a.at, a.comment, a.verified)
        for a in approvals.valid_for(tx, plan.intent, component, name, manifest.deployment)
    )
    found = [
        gating.approval(environment.approvals, said, manifest.authors, deployment=manifest.deployment, environment=name)
    ]
    if step.direction not in _EXEMPT:
        found.append(gating.earlier(environment.after, _not_verified(tx, manifest, step, environment)))
        found.append(gating.hold(name, component, holds.is_held(tx, name, component, manifest.commit)))
    return gates.since(tx, manifest.deployment, name, component, (*found, active))


def spec_of(manifest: Manifest, environment: str) -> EnvironmentSpec:
    return next(spec for spec in manifest.environments if spec.name == environment)


def _not_verified(tx: Tx, manifest: Manifest, step: Step, environment: EnvironmentSpec) -> dict[str, str]:
    """Earlier environment → why this component is not verified there."""
    blocking: dict[str, str] = {}
    members = {s.name for s in manifest.steps}
    for earlier in environment.after:
        name = f"{earlier}/{step.pair.component}"
        if name in members:
            state = steps.get(tx, manifest.deployment, earlier, step.pair.component).state
            if state not in _DONE:
                blocking[earlier] = f"{step.pair.component} is {state} there"
            continue
        release = ledger.newest(tx, step.pair.component, earlier)
        if (reason := step.earlier.get(earlier, "")) and not _went_through(tx, manifest, step, earlier, release):
            blocking[earlier] = reason
            continue
        if release is not None and release.status not in (ReleaseStatus.VERIFIED, ReleaseStatus.REMOVED):
            blocking[earlier] = f"its release {release.id} is {release.status}, not verified"
    return blocking


def _went_through(tx: Tx, manifest: Manifest, step: Step, earlier: str, release: Release | None) -> bool:
    """Was this revision deployed there since the deployment was made, and does it still stand there?"""
    row = steps.newest_of_commit(tx, step.pair.component, earlier, manifest.commit)
    if row is None or row.state not in _DONE:
        return False
    return row.state == StepState.DROPPED or (release is not None and release.deployment == row.deployment)
