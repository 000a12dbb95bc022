"""Taking what exists already into the ledger: when the plan of a revision is empty, what stands there is that revision. Otherwise it shows what differs."""

from dataclasses import replace

from interlock.app.build import Project
from interlock.app.deploying import create, manifest_of, require_lasting_home
from interlock.app.judging import Selection, closure_of, judge
from interlock.app.planning import Progress, entry_for
from interlock.model.affected import AffectedPair, Reason, ReasonType
from interlock.model.errors import UsageError
from interlock.model.manifest import Step
from interlock.model.plan import Direction
from interlock.model.report import PlanReport
from interlock.store.deployments import Deployment
from interlock.world import Cancel


def adopt(
    project: Project, component: str, environment: str, *, at: str | None, cancel: Cancel, progress: Progress
) -> tuple[Deployment | None, PlanReport]:
    """The deployment that records it, to be run; None where the plan is not empty or failed. Raises NotFound, UsageError."""
    require_lasting_home(project)
    commit = project.repository.resolve(at or "HEAD")
    judged = judge(project, at=commit, base=None)
    Selection((component,), (environment,)).check(judged.configuration, judged.standing)
    pair = judged.configuration.pair(environment, component)
    if (standing := judged.standing.get((environment, component))) is not None:
        raise UsageError(
            f"{component} in {environment} is in the ledger already: release {standing.id} of commit {standing.commit[:12]}",
            hint="a change of it is deployed: interlock deploy",
            slug="released-already",
        )
    reason = Reason(ReasonType.NEVER_RELEASED, f"adopted from commit {commit[:12]}")
    found = AffectedPair(component, environment, pair.kind, (reason,))
    step = Step(
        pair, Direction.DEPLOY, (reason.text,), closure_of(project, pair, judged.tree), commit, judged.tree.identity
    )
    spec = next(spec for spec in judged.environments if spec.name == environment)
    context = project.context(judged.configuration.secrets)
    entry = entry_for(context, step, spec, cancel, progress)
    report = PlanReport(commit, "", False, (entry,))
    if entry.plan is None or not entry.plan.empty:
        return None, report
    narrowed = replace(judged, report=replace(judged.report, pairs=(found,), left_out=()))
    manifest = manifest_of(
        project,
        narrowed,
        (step,),
        type_="adopt",
        commit=commit,
        tree=judged.tree.identity,
        message=f"adopt {pair.name}",
    )
    created = create(project, manifest, [(environment, component)], None)
    assert created is not None
    return created[0], report
