"""Who said yes or no to which plan. Rows are only added; of each person the newest answer to one intent counts.

A yes is to an intent digest in a (component, environment), so it carries over to any plan that means the same. A no is to the plans of one
deployment: it takes that person's earlier yes away everywhere, but fails only the deployment it was said to.
"""

from dataclasses import dataclass

from interlock.store import ids, times
from interlock.store.database import Row, Tx


@dataclass(frozen=True)
class Approval:
    """`person` is an e-mail address in lower case; `verified` that a server, not `--as` or Git, says who it is."""

    id: str
    approves: bool
    deployment: str
    environment: str
    component: str
    plan: str
    intent: str
    person: str
    verified: bool
    comment: str
    at: str


def record(
    tx: Tx,
    *,
    approves: bool,
    deployment: str,
    environment: str,
    component: str,
    plan: str,
    intent: str,
    person: str,
    verified: bool = False,
    comment: str = "",
) -> tuple[Approval, bool]:
    """The answer, and whether it is new: saying the same again adds nothing, unless it is now verified or a no to another deployment."""
    person = person.strip().casefold()
    last = _newest(tx, intent, component, environment).get(person)
    same = last is not None and last.approves == approves and (last.verified or not verified)
    if last is not None and same and (approves or last.deployment == deployment):
        return last, False
    approval = Approval(
        ids.new(tx, ids.APPROVAL),
        approves,
        deployment,
        environment,
        component,
        plan,
        intent,
        person,
        verified,
        comment,
        times.now(tx),
    )
    tx.execute(
        """INSERT INTO approvals (id, number, verdict, deployment, environment, component, plan, intent, person, verified, comment, at)
        VALUES (:id, :number, :verdict, :deployment, :environment, :component, :plan, :intent, :person, :verified, :comment, :at)""",
        id=approval.id,
        number=tx.next("approvals"),
        verdict="approve" if approves else "reject",
        deployment=deployment,
        environment=environment,
        component=component,
        plan=plan,
        intent=intent,
        person=person,
        verified=int(verified),
        comment=comment,
        at=approval.at,
    )
    return approval, True


def valid_for(tx: Tx, intent: str, component: str, environment: str, deployment: str = "") -> tuple[Approval, ...]:
    """The answers that count for a plan of `deployment` with this intent: one a person, sorted by person. A no to another deployment is left out."""
    newest = _newest(tx, intent, component, environment)
    return tuple(newest[p] for p in sorted(newest) if newest[p].approves or newest[p].deployment == deployment)


def of_deployment(tx: Tx, deployment: str) -> tuple[Approval, ...]:
    """Every answer given to it, oldest first."""
    rows = tx.all("SELECT * FROM approvals WHERE deployment = :deployment ORDER BY number", deployment=deployment)
    return tuple(map(_approval, rows))


def _newest(tx: Tx, intent: str, component: str, environment: str) -> dict[str, Approval]:
    rows = tx.all(
        "SELECT * FROM approvals WHERE intent = :intent AND component = :component AND environment = :environment ORDER BY number",
        intent=intent,
        component=component,
        environment=environment,
    )
    return {row["person"]: _approval(row) for row in rows}


def _approval(row: Row) -> Approval:
    values = dict(row)
    del values["number"]
    return Approval(approves=values.pop("verdict") == "approve", **(values | {"verified": bool(values["verified"])}))
