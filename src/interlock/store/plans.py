"""Stored plans. A plan is kept whole, with an HMAC over it and its names, and can be used up once.

The HMAC makes an edited row, or one copied over another component's, an ArtifactMismatch; the bytes that apply will use are a blob, found by the
digest inside the plan. `consume` is the one gate to applying: a compare-and-set that only one caller ever wins, for ever.
"""

import hmac
from dataclasses import dataclass

from interlock.model.digest import Keyed
from interlock.model.errors import ArtifactMismatch, Corrupt
from interlock.model.plan import Plan
from interlock.store import ids, times
from interlock.store.database import Row, Tx
from interlock.store.encoding import dump, load
from interlock.store.steps import StepRecord


@dataclass(frozen=True)
class StoredPlan:
    """`consumed` is when its apply began, or ""; `consumed_fence` the token of the lease it was applied under."""

    plan: Plan
    deployment: str
    created: str
    consumed: str
    consumed_fence: int


def put(tx: Tx, keyed: Keyed, plan: Plan, *, deployment: str = "") -> None:
    """Stores a plan whose id is from `ids.new(tx, ids.PLAN)`. `deployment` is "" for one that belongs to none."""
    document = dump(plan)
    artifact = plan.planned.artifact
    tx.execute(
        """INSERT INTO plans (id, number, component, environment, deployment, kind, direction, commit_id, intent, artifact_digest,
            speculative, created, consumed, consumed_fence, document, mac)
        VALUES (:id, :number, :component, :environment, :deployment, :kind, :direction, :commit, :intent, :artifact,
            :speculative, :created, '', 0, :document, :mac)""",
        id=plan.id,
        number=tx.next("plans"),
        component=plan.component,
        environment=plan.environment,
        deployment=deployment,
        kind=plan.kind,
        direction=str(plan.direction),
        commit=plan.commit,
        intent=plan.intent,
        artifact=artifact.digest if artifact else "",
        speculative=int(plan.speculative),
        created=times.now(tx),
        document=document,
        mac=_mac(keyed, plan.id, deployment, document),
    )


def get(tx: Tx, keyed: Keyed, id_: str) -> StoredPlan:
    """By id or unambiguous prefix. Raises NotFound, UsageError, ArtifactMismatch when the row is not what was stored."""
    row = tx.one("SELECT * FROM plans WHERE id = :id", id=id_)
    if row is None:
        row = tx.one("SELECT * FROM plans WHERE id = :id", id=ids.resolve(tx, ids.PLAN, id_))
    assert row is not None
    return _stored(keyed, row)


def require(tx: Tx, keyed: Keyed, id_: str, step: StepRecord) -> Plan:
    """The plan that a step's row names, which must be that step's own. Raises ArtifactMismatch when it is gone, altered or another's."""
    mend = "`interlock audit verify` tells what else was altered; restore the database from a backup, or cancel and deploy again"
    where = f"{step.component} in {step.environment}"
    row = tx.one("SELECT * FROM plans WHERE id = :id", id=id_)
    if row is None:
        raise ArtifactMismatch(f"the stored plan {id_} of {where} is gone", hint=mend, slug="plan-absent")
    stored = _stored(keyed, row)
    plan = stored.plan
    if (plan.component, plan.environment, stored.deployment) != (step.component, step.environment, step.deployment):
        raise ArtifactMismatch(
            f"the stored plan {id_} is of {plan.component} in {plan.environment} ({stored.deployment}), not of {where}",
            hint=mend,
            slug="plan-of-another",
        )
    return stored.plan


def of_deployment(tx: Tx, keyed: Keyed, deployment: str) -> tuple[StoredPlan, ...]:
    """Oldest first."""
    rows = tx.all("SELECT * FROM plans WHERE deployment = :deployment ORDER BY number", deployment=deployment)
    return tuple(_stored(keyed, row) for row in rows)


def consume(tx: Tx, id_: str, fence_token: int) -> bool:
    """Uses the plan up, directly before its apply. False when that was done before, when it is speculative, or when there is none."""
    return (
        tx.execute(
            "UPDATE plans SET consumed = :now, consumed_fence = :fence WHERE id = :id AND consumed = '' AND speculative = 0",
            id=id_,
            fence=fence_token,
            now=times.now(tx),
        )
        == 1
    )


def _mac(keyed: Keyed, id_: str, deployment: str, document: str) -> str:
    return keyed.digest("plan-row", [id_, deployment, document])


def _stored(keyed: Keyed, row: Row) -> StoredPlan:
    altered = ArtifactMismatch(
        f"the stored plan {row['id']} of {row['component']} in {row['environment']} is not what was stored",
        hint="plan again; `interlock audit verify` tells what else was altered",
        slug="plan-altered",
    )
    if not hmac.compare_digest(_mac(keyed, row["id"], row["deployment"], row["document"]), row["mac"]):
        raise altered
    try:
        plan = load(Plan, row["document"])
    except Corrupt as error:
        raise altered from error
    artifact = plan.planned.artifact
    columns = (
        row["id"],
        row["component"],
        row["environment"],
        row["intent"],
        row["artifact_digest"],
        bool(row["speculative"]),
    )
    if columns != (
        plan.id,
        plan.component,
        plan.environment,
        plan.intent,
        artifact.digest if artifact else "",
        plan.speculative,
    ):
        raise altered
    return StoredPlan(plan, row["deployment"], row["created"], row["consumed"], row["consumed_fence"])
