"""Environments in the order they are deployed, and the rules that govern a change (DESIGN §6, Governance).

A change of organization.yaml is judged by the file before *and* after it. For each environment, with its spec before B and after A:
- `approvals` holds B's rule and A's rule; a gate passes only when each of them passes, so neither a smaller count, nor another team, nor
  `self_approve: true` takes effect for the change that introduces it. Equal rules are held once. No rule in B or A adds nothing. Where a rule of B
  is not among A's, `lowers` says so.
- `after` is the union: an environment is not deployed earlier by removing its predecessor in the same change. Where the union would go round, A's edges hold.
- `zone`: the stricter of the two (production > staging > development). `soak`: the longer. `on_failure`, `credentials`: A's; they are no bar to pass.
- An environment that A no longer has keeps B's spec: what is removed there must pass B's rules. One that only A has is governed by A alone.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Protocol

from interlock.config.organization import CredentialSet, Environment, OrganizationFile
from interlock.model import graph
from interlock.model.manifest import ApprovalRule, Credentials, EnvironmentSpec

_STRICTNESS = ("development", "staging", "production")


class _HasEnvironments(Protocol):
    @property
    def environments(self) -> tuple[EnvironmentSpec, ...]: ...


def specs(file: OrganizationFile) -> tuple[EnvironmentSpec, ...]:
    """In `after` order, ties alphabetical. The references of `file` are checked already: no cycle, no unknown team."""
    names = graph.order({name: environment.after for name, environment in file.environments.items()})
    members = {name: team.members for name, team in file.teams.items()}
    return tuple(_spec(name, file.environments[name], members) for name in names)


def _spec(name: str, environment: Environment, members: dict[str, tuple[str, ...]]) -> EnvironmentSpec:
    rule = environment.approval
    approvals: tuple[ApprovalRule, ...] = ()
    if rule is not None:
        people = sorted({person for team in rule.teams for person in members[team]})
        approvals = (ApprovalRule(tuple(sorted(set(rule.teams))), tuple(people), rule.count, rule.self_approve),)
    return EnvironmentSpec(
        name=name,
        zone=environment.zone,
        after=tuple(sorted(set(environment.after))),
        approvals=approvals,
        on_failure=environment.on_failure,
        soak=environment.soak,
        plan_credentials=_credentials(environment.credentials.plan),
        apply_credentials=_credentials(environment.credentials.apply),
    )


def _credentials(given: CredentialSet) -> Credentials:
    return Credentials(
        dict(sorted(given.secrets.items())), tuple(sorted(set(given.inherit))), dict(sorted(given.expect.items()))
    )


def governed(before: _HasEnvironments | None, after: _HasEnvironments) -> tuple[EnvironmentSpec, ...]:
    """The environments as a change from `before` to `after` is judged; see the module docstring. In `after` order, ties alphabetical.

    Both are Configurations. `before` None (the first commit with a configuration) leaves `after` alone.
    """
    old = {spec.name: spec for spec in before.environments} if before is not None else {}
    new = {spec.name: spec for spec in after.environments}
    merged = {name: _stricter(old.get(name), new.get(name)) for name in sorted({*old, *new})}
    try:
        names = graph.order({name: spec.after for name, spec in merged.items()})
    except graph.CycleError:
        merged = {n: replace(spec, after=new[n].after) if n in new else spec for n, spec in merged.items()}
        # An environment that is gone keeps its edges, and nothing that stays points to it: no ring can be left.
        names = graph.order({name: spec.after for name, spec in merged.items()})
    return tuple(merged[name] for name in names)


def _stricter(old: EnvironmentSpec | None, new: EnvironmentSpec | None) -> EnvironmentSpec:
    if old is None or new is None:
        found = new or old
        assert found is not None
        return found
    return replace(
        new,
        zone=max(old.zone, new.zone, key=_STRICTNESS.index),
        after=tuple(sorted({*old.after, *new.after})),
        approvals=_both(old.approvals, new.approvals),
        lowers=old.lowers or new.lowers or not {*old.approvals} <= {*new.approvals},
        soak=max(old.soak, new.soak),
    )


def _both(old: Iterable[ApprovalRule], new: Iterable[ApprovalRule]) -> tuple[ApprovalRule, ...]:
    return tuple(dict.fromkeys((*old, *new)))
