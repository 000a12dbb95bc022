"""Rolling back by hand: to the releases before, in reverse order of dependence, through the same gates and with the same exactness as going forward.

What is undone is given by components (each goes to its last verified release before the one that stands, or to `--to`) or by a deployment (everything it
applied and that is still the newest, half-applied steps included). A rollback is a deployment of its own.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, replace

from interlock.app.build import Project
from interlock.app.manifests import load_manifest
from interlock.app.planning import Progress, entry_for
from interlock.config.environments import governed
from interlock.engine.realigning import dependencies_used
from interlock.model import graph, undoing
from interlock.model.errors import ConfigurationError, NotFound, UsageError
from interlock.model.manifest import EnvironmentSpec, Manifest, Pair, Step
from interlock.model.plan import Direction, Plan
from interlock.model.receipt import Outcome
from interlock.model.release import Release, ReleaseStatus
from interlock.model.report import PlanReport
from interlock.store import deployments, holds, ledger, plans, steps
from interlock.store.database import Tx
from interlock.store.steps import StepRecord
from interlock.world import Cancel


@dataclass(frozen=True)
class Request:
    """Either `environment` (with components, and `to` for one component) or `deployment`."""

    environment: str = ""
    components: tuple[str, ...] = ()
    to: str = ""
    deployment: str = ""


def rollback_manifest(project: Project, request: Request) -> Manifest:
    """The rollback as a manifest without an id. Raises UsageError, NotFound where it cannot be done, saying why."""
    with project.store.database.read() as tx:
        found = (
            _of_deployment(project, tx, request.deployment)
            if request.deployment
            else _of_components(project, tx, request)
        )
        undone = {step.pair.environment for step in found}
        standing = {(r.environment, r.component): r for r in ledger.all_current(tx)}
        row = deployments.require(tx, _made_by(tx, found, request))
    _refuse_to_strand(found, standing)
    before = load_manifest(project, row)
    specs = _environments(project, before, undone)
    ordered = [
        step for spec in specs for step in _dependents_first([s for s in found if s.pair.environment == spec.name])
    ]
    return replace(
        before,
        deployment="",
        type="rollback",
        actor=project.actor,
        authors=(),  # who wrote the change may approve going back from it
        environments=tuple(replace(spec, after=()) for spec in specs),
        steps=tuple(ordered),
        left_out=(),
        message=f"roll back {request.deployment or ', '.join(sorted(step.name for step in found))}",
    )


def _refuse_to_strand(found: list[Step], standing: dict[tuple[str, str], Release]) -> None:
    """Going back to nothing must not take the outputs from under what stands on them."""
    leaving = {(step.pair.environment, step.pair.component) for step in found if step.to_nothing}
    going = {(step.pair.environment, step.pair.component) for step in found}
    for (environment, component), release in sorted(standing.items()):
        used = {(environment, name) for name in dependencies_used(release)} & leaving
        if used and (environment, component) not in going:
            name = min(used)[1]
            raise UsageError(
                f"{environment}/{name} would be removed, and {component} uses what it publishes",
                hint=f"go back with both: interlock rollback {component} {name} --env {environment}",
                slug="no-way-back",
            )


def _of_components(project: Project, tx: Tx, request: Request) -> list[Step]:
    environment = request.environment
    standing = {r.component: r for r in ledger.all_current(tx, environment)}
    gone = _removed(tx, environment, request.components)
    if not standing and not gone:
        raise NotFound(f"nothing is deployed in '{environment}'", hint="interlock status")
    names = request.components or _newest_deployment(standing)
    if request.to and len(names) != 1:
        raise UsageError("--to names one release, so name the one component that goes back to it")
    found = []
    for name in names:
        if name not in standing and name not in gone:
            raise NotFound(f"{name} is not deployed in {environment}", hint=f"there: {', '.join(sorted(standing))}")
        release = standing[name] if name in standing else gone[name]
        target = _target(tx, release, request.to)
        plan = plans.get(tx, project.store.keyed, release.plan).plan
        _refuse_irreversible(release.pair, _plans_since(project, tx, release, target), None)
        found.append(_step(release, target, plan, release.pair))
    return found


def _removed(tx: Tx, environment: str, names: Iterable[str]) -> dict[str, Release]:
    """Of the named components those that a deployment removed: going back from that makes them anew."""
    found = {name: ledger.top(tx, name, environment) for name in names}
    return {
        n: r
        for n, r in found.items()
        if r is not None and r.status is ReleaseStatus.REMOVED and r.direction is Direction.REMOVE
    }


def _plans_since(project: Project, tx: Tx, release: Release, target: Release | None) -> list[Plan]:
    """The plans of everything that stands on `target`, newest first: a way back over several releases takes all of them back."""
    found = []
    for one in ledger.history(tx, component=release.component, environment=release.environment, limit=1_000_000):
        if target is not None and one.id == target.id:
            break
        if one.status is not ReleaseStatus.UNDONE:
            found.append(plans.get(tx, project.store.keyed, one.plan).plan)
    return found


def _refuse_irreversible(pair: Pair, undone: Iterable[Plan], done: tuple[str, ...] | None) -> None:
    """What automation may not take back (DESIGN §7), a rollback by hand does not take back either: the plan said so before it was approved."""
    for plan in undone:
        if refusals := undoing.before_planning(plan, done):
            what = "; ".join(f"{refusal.address}: {refusal.reason}" for refusal in refusals)
            raise UsageError(
                f"{pair.name} cannot be rolled back: {what}",
                hint="mend it by hand or by a new commit, then look: interlock drift",
                slug="no-way-back",
            )


def _newest_deployment(standing: dict[str, Release]) -> tuple[str, ...]:
    """Without names: everything that the last deployment there brought, and that still stands."""
    newest = max(standing.values(), key=lambda release: release.at)
    return tuple(sorted(name for name, release in standing.items() if release.deployment == newest.deployment))


def _target(tx: Tx, release: Release, to: str) -> Release | None:
    if not to:
        return ledger.rollback_target(tx, release)
    target = ledger.get(tx, to)
    if (target.component, target.environment) != (release.component, release.environment):
        raise UsageError(
            f"{to} is a release of {target.component} in {target.environment}, not of {release.component} in {release.environment}"
        )
    if target.id == release.id:
        raise UsageError(f"{to} is what stands there now")
    if target.status in (ReleaseStatus.REMOVED, ReleaseStatus.FAILED):
        raise UsageError(
            f"{target.id} is {target.status}: it is nothing to go back to", hint=f"interlock history {target.component}"
        )
    found = holds.active(tx, environment=target.environment, component=target.component)
    # A hold of another deployment is a person's own going back, which they may take back; this one failed by itself.
    if failed := [hold for hold in found if hold.deployment == target.deployment]:
        raise UsageError(
            f"{target.id} is held: {failed[0].reason}",
            hint=f"interlock hold release {target.environment} {target.component} --reason TEXT",
            slug="held",
        )
    return target


def _of_deployment(project: Project, tx: Tx, prefix: str) -> list[Step]:
    row = deployments.get(tx, prefix)
    if not row.finished:
        raise UsageError(f"{row.id} is still under way", hint=f"interlock cancel {row.id} --rollback")
    found = []
    for step in steps.of(tx, row.id):
        if not step.apply_started or (step.undo_receipt is not None and step.undo_receipt.ok):
            continue
        if step.receipt is not None and step.receipt.outcome in (Outcome.FAILED, Outcome.UNCHANGED):
            continue
        plan = plans.get(tx, project.store.keyed, _applied_plan(tx, project, row.id, step)).plan
        if step.release:
            release, newest = ledger.get(tx, step.release), ledger.top(tx, step.component, step.environment)
            if newest is None or newest.id != release.id:
                raise UsageError(
                    f"{step.name}: release {release.id} is no longer the newest there",
                    hint=f"go back from what stands: interlock rollback {step.component} --env {step.environment}",
                )
            target = ledger.rollback_target(tx, release)
            _refuse_irreversible(release.pair, _plans_since(project, tx, release, target), None)
            found.append(_step(release, target, plan, release.pair))
        else:  # half-applied: what stood before still counts as the release
            pair = next(s.pair for s in load_manifest(project, row).steps if s.name == step.name)
            known = step.receipt is not None and step.receipt.outcome is not Outcome.UNKNOWN
            _refuse_irreversible(pair, [plan], step.receipt.done if known and step.receipt else None)
            found.append(_step(None, ledger.current(tx, step.component, step.environment), plan, pair))
    if not found:
        raise NotFound(f"{row.id} applied nothing that is not undone already", hint=f"interlock show {row.id}")
    return found


def _applied_plan(tx: Tx, project: Project, deployment: str, step: StepRecord) -> str:
    """The plan whose apply began: an interrupted step shows the plan of what was left."""
    for stored in plans.of_deployment(tx, project.store.keyed, deployment):
        if stored.consumed and (stored.plan.component, stored.plan.environment) == (step.component, step.environment):
            return stored.plan.id
    return step.plan


def _step(release: Release | None, target: Release | None, plan: Plan, pair: Pair) -> Step:
    reason = f"goes back from {release.id if release else plan.id} to {target.id if target else 'nothing'}"
    undoes = release.id if release else ""
    if target is not None:
        return Step(
            target.pair,
            Direction.UNDO,
            (reason,),
            target.closure,
            target.commit,
            target.tree,
            release=target.id,
            undoes=undoes,
            undoes_plan=plan.id,
        )
    refusals = undoing.to_nothing(plan.planned.base, imported=bool(release and release.imported))
    if refusals:
        raise UsageError(
            f"{pair.name} has no release before this one, and removing it is not safe: {refusals[0].reason}",
            hint="deploy a commit that is as you want it",
            slug="no-way-back",
        )
    return Step(
        pair,
        Direction.UNDO,
        (reason,),
        plan.closure,
        plan.commit,
        plan.tree,
        undoes=undoes,
        undoes_plan=plan.id,
        to_nothing=True,
    )


def _dependents_first(found: list[Step]) -> list[Step]:
    by_name = {step.name: step for step in found}
    depends = {
        step.name: {f"{step.pair.environment}/{need}" for need in step.pair.depends_on} & set(by_name) for step in found
    }
    needs = graph.reverse(depends)
    return [replace(by_name[name], needs=tuple(sorted(needs[name]))) for name in graph.order(needs)]


def _made_by(tx: Tx, found: list[Step], request: Request) -> str:
    """The deployment whose manifest tells environments, secrets and channels."""
    if request.deployment:
        return deployments.get(tx, request.deployment).id
    releases = [ledger.get(tx, step.undoes) for step in found]
    return max(releases, key=lambda release: release.at).deployment


def _environments(project: Project, before: Manifest, undone: set[str]) -> list[EnvironmentSpec]:
    """Backwards: the last environment first. Judged by the rules of then and of now; a configuration that cannot be read now adds none."""
    specs = before.environments
    with suppress(ConfigurationError):
        specs = governed(before, project.configuration("HEAD"))
    return [spec for spec in reversed(specs) if spec.name in undone]


def rollback_report(project: Project, manifest: Manifest, *, cancel: Cancel, progress: Progress) -> PlanReport:
    """What the rollback would do, step by step in its order, without doing it."""
    context = project.context(manifest.secrets)
    entries = []
    for step in manifest.steps:
        environment = next(spec for spec in manifest.environments if spec.name == step.pair.environment)
        with project.store.database.read() as tx:
            undone = plans.get(tx, project.store.keyed, step.undoes_plan).plan
        entries.append(entry_for(context, step, environment, cancel, progress, undone))
    return PlanReport(commit=manifest.commit, base="", dirty=False, entries=tuple(entries))
