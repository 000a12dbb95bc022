"""What is written when something was done. One transaction each: release, step, lease and audit record stand or fall together."""

from typing import Any

from interlock.engine.context import Context
from interlock.model.change import Action
from interlock.model.manifest import Manifest, Step
from interlock.model.plan import Direction, Plan
from interlock.model.receipt import Receipt
from interlock.model.release import Release, ReleaseStatus
from interlock.store import Change, holds, ids, ledger, steps
from interlock.store.database import Tx


def release_of(
    context: Context, tx: Tx, step: Step, plan: Plan, receipt: Receipt, deployment: str, *, status: ReleaseStatus
) -> Release:
    """The ledger's row for what `receipt` says was done. A removal, and an undo to nothing, is a tombstone."""
    gone = step.direction is Direction.REMOVE or step.to_nothing
    return Release(
        id=ids.new(tx, ids.RELEASE),
        component=plan.component,
        environment=plan.environment,
        kind=plan.kind,
        status=ReleaseStatus.REMOVED if gone else status,
        direction=plan.direction,
        commit=step.commit,
        tree=step.tree,
        deployment=deployment,
        plan=plan.id,
        pair=step.pair,
        closure=plan.closure,
        inputs=plan.inputs,
        outputs=receipt.outputs,
        outputs_blob=receipt.outputs_blob or context.store.blobs.put(b"{}"),
        base=receipt.base,
        base_before=plan.planned.base,
        tool=plan.planned.tool,
        artifacts=receipt.artifacts,
        restores=step.release if step.direction is Direction.UNDO and not step.to_nothing else "",
        imported=any(c.action is Action.IMPORT or c.importing for c in plan.changes),
    )


def record_applied(
    change: Change,
    manifest: Manifest,
    step: Step,
    plan: Plan,
    receipt: Receipt,
    release: Release | None,
    prefix: str = "",
) -> None:
    """The transaction after an apply. `release` is None where the apply did not complete: then what stood before still stands."""
    tx, place = change.tx, (manifest.deployment, step.pair.environment, step.pair.component)
    before = ledger.current(tx, step.pair.component, step.pair.environment)
    columns: dict[str, Any] = {f"{prefix}receipt": receipt}
    if release is not None:
        ledger.record(tx, release)
        if step.undoes:
            ledger.set_status(tx, step.undoes, ReleaseStatus.UNDONE, undone_by=release.id)
        if not prefix:
            columns["release"] = release.id
    if not prefix:
        columns["completed_order"] = steps.next_completed_order(tx, manifest.deployment)
    steps.update(tx, *place, **columns)
    change.audit(
        "apply",
        step.name,
        before={"release": before.id if before else None, "base": dict(plan.planned.base)},
        after={"release": release.id if release else None, "base": dict(receipt.base), "outcome": str(receipt.outcome)},
        deployment=manifest.deployment,
        plan=plan.id,
        intent=plan.intent,
        artifact=plan.planned.artifact.digest if plan.planned.artifact else "",
        direction=str(plan.direction),
    )


def record_verified(change: Change, step: Step, release: Release) -> None:
    """The release has proven itself: it counts as verified, and holds on older revisions of the component here are over."""
    if ledger.set_status(change.tx, release.id, ReleaseStatus.VERIFIED, expect=ReleaseStatus.APPLIED):
        change.audit(
            "verify", step.name, before={"status": "applied"}, after={"status": "verified"}, release=release.id
        )
    if step.ends_holds:
        for revision in holds.end_by_newer(
            change.tx, step.pair.environment, step.pair.component, release.id, step.ends_holds
        ):
            change.audit("hold-ended", step.name, before={"held": revision}, after={"verified": release.id})


def record_unverified(change: Change, step: Step, release: str, reason: str) -> None:
    """Its checks failed: it stands there, and is known not to work."""
    if ledger.set_status(change.tx, release, ReleaseStatus.FAILED, expect=ReleaseStatus.APPLIED):
        after = {"status": "failed", "reason": reason}
        change.audit("verify", step.name, before={"status": "applied"}, after=after, release=release)
