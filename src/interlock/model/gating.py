"""The decisions of the gates: facts in, verdict out. Whoever gathers the facts is elsewhere (engine); a fact that is missing is never a pass."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from interlock.model.gate import Gate, Verdict
from interlock.model.manifest import ApprovalRule


@dataclass(frozen=True)
class Said:
    """One person's answer to one plan's intent. `person` is an e-mail address; `verified` that a server, not `--as` or Git, said who it is."""

    person: str
    approves: bool
    at: str = ""
    comment: str = ""
    verified: bool = False


def _same(person: str) -> str:
    return person.strip().casefold()


def approval(
    rules: Sequence[ApprovalRule],
    said: Sequence[Said] | None,
    authors: Sequence[str],
    *,
    deployment: str,
    environment: str,
) -> Gate:
    """Every rule (organization.yaml before and after the change) must pass: `count` distinct people of its teams said yes, authors left out
    unless `self_approve`. One rejection by a member of a rule's teams fails. `said` None means that nobody could be asked: pending."""
    asked = [rule for rule in rules if rule.count > 0]
    if not asked:
        return Gate("approval", Verdict.PASS, "no approval is asked for")
    command = f"interlock approve {deployment} --env {environment}"
    if said is None:
        return Gate("approval", Verdict.PENDING, "the approvals could not be read", "interlock doctor")
    members = {_same(member) for rule in asked for member in rule.members}
    for answer in sorted(said, key=lambda s: s.at):
        if not answer.approves and _same(answer.person) in members:
            comment = f": {answer.comment}" if answer.comment else ""
            return Gate(
                "approval", Verdict.FAIL, f"rejected by {answer.person}{comment}", "commit a change, then deploy again"
            )
    writers = {_same(author) for author in authors}
    yes = {_same(answer.person) for answer in said if answer.approves}
    counted: set[str] = set()
    for rule in asked:
        allowed = {_same(member) for member in rule.members}
        if not rule.self_approve:
            allowed -= writers
        have = yes & allowed
        counted |= have
        if len(have) < rule.count:
            who = f"of team {' or '.join(rule.teams)}" if rule.teams else ""
            reason = f"{len(have)} of {rule.count} approvals {who}".rstrip()
            ignored = sorted(yes - allowed)
            if own := [person for person in ignored if person in writers and not rule.self_approve]:
                reason += f"; {', '.join(own)} wrote a commit of this change and may not approve it"
            if strangers := [person for person in ignored if person not in writers]:
                reason += f"; {', '.join(strangers)} is not {who or 'a member'}"
            if len(allowed) < rule.count:
                unblock = (
                    f"only {len(allowed)} people may approve: add members to the team, or let others write the commit"
                )
            else:
                unblock = f"{command}  ({', '.join(sorted(allowed - yes))})"
            return Gate("approval", Verdict.PENDING, reason, unblock)
    return Gate("approval", Verdict.PASS, f"approved by {', '.join(sorted(counted))}")


def earlier(environments: Sequence[str], blocking: Mapping[str, str] | None) -> Gate:
    """`blocking` maps an earlier environment to why this component is not verified there; None means that it could not be found out."""
    if not environments:
        return Gate("earlier-environment", Verdict.PASS, "no environment comes before this one")
    if blocking is None:
        return Gate("earlier-environment", Verdict.PENDING, "the ledger could not be read", "interlock doctor")
    if blocking:
        name = min(blocking)
        return Gate(
            "earlier-environment",
            Verdict.PENDING,
            f"{name}: {blocking[name]}",
            f"deploy and verify it there first: interlock deploy --env {name}",
        )
    return Gate("earlier-environment", Verdict.PASS, f"verified in {', '.join(environments)}")


def one_active(environment: str, holder: str | None, deployment: str, *, known: bool = True) -> Gate:
    """`holder` is the deployment that is active in the environment, from its first lease to its verdict; None when there is none."""
    if not known:
        return Gate("one-deployment", Verdict.PENDING, "the ledger could not be read", "interlock doctor")
    if holder is None or holder == deployment:
        return Gate("one-deployment", Verdict.PASS, f"no other deployment is active in {environment}")
    return Gate(
        "one-deployment",
        Verdict.PENDING,
        f"{holder} is active in {environment}",
        f"it goes on by itself when {holder} ends: interlock status {holder}",
    )


def hold(environment: str, component: str, reason: str | None, *, known: bool = True) -> Gate:
    """`reason` is why this revision is held here; None when it is not."""
    if not known:
        return Gate("hold", Verdict.PENDING, "the holds could not be read", "interlock doctor")
    if reason is None:
        return Gate("hold", Verdict.PASS, "this revision is not held")
    return Gate(
        "hold",
        Verdict.FAIL,
        f"this revision is held: {reason}",
        f"deploy a newer revision, or: interlock hold release {environment} {component} --reason TEXT",
    )
