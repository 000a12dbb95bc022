"""Starting a deployment, or finding the one that is under way for the same request; then running it here, or following who runs it.

Two processes that ask for the same at the same instant agree in one transaction: one writes the deployment's row, the other finds it. Who runs it is decided
by a file lock that the system frees when its holder dies. What was judged against a ledger that has moved since is judged again.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

from interlock.app.build import Project
from interlock.app.judging import Judged, Selection, clean_commit, judge, steps_for
from interlock.app.recalling import with_secrets_of
from interlock.model.codec import encode
from interlock.model.digest import canonical
from interlock.model.errors import ConfigurationError, Location, Problem
from interlock.model.manifest import EnvironmentSpec, Manifest, Step
from interlock.model.state import DeploymentState, StepState
from interlock.store import Change, deployments, ids
from interlock.store.deployments import Deployment

#: States in which a deployment waits without a lease: a newer one may take its place.
_WAITING = (DeploymentState.PLANNED, DeploymentState.BLOCKED, DeploymentState.RUNNING, DeploymentState.INTERRUPTED)


@dataclass(frozen=True)
class Started:
    """`deployment` is None when there is nothing to do; `judged` then says why each pair was left out."""

    deployment: Deployment | None
    judged: Judged | None
    found: bool = False  # it was there already


def start_deploy(project: Project, *, at: str | None, selection: Selection, base: str | None = None) -> Started:
    """Raises UsageError (dirty tree), ConfigurationError, NotFound; writes nothing in these cases."""
    require_lasting_home(project)
    commit = clean_commit(project, at)
    asked = [(e or "*", c or "*") for e in selection.environments or ("",) for c in selection.components or ("",)]
    with project.store.database.read() as tx:
        if (known := deployments.find_unfinished(tx, "deploy", commit, asked)) is not None:
            return Started(known, None, found=True)
    while True:
        judged = judge(project, at=commit, base=base)
        steps = steps_for(project, judged, selection)
        if not steps:
            return Started(None, judged)
        manifest = manifest_of(project, judged, steps, type_="deploy", commit=commit, tree=judged.tree.identity)
        deployment = create(project, manifest, asked, judged.generation)
        if deployment is not None:
            return Started(deployment[0], judged, found=deployment[1])


def require_lasting_home(project: Project) -> None:
    """In CI the default home dies with the job, and a ledger that vanishes is none (DESIGN §7)."""
    environ = project.environ
    if environ.get("CI", "") not in ("", "0", "false") and not environ.get("INTERLOCK_HOME"):
        raise ConfigurationError(
            (
                Problem(
                    Location("INTERLOCK_HOME"),
                    "home-in-ci",
                    "in CI a deployment needs a data folder that outlives the job",
                    hint="Set INTERLOCK_HOME to a folder on a persistent volume",
                ),
            )
        )


def manifest_of(
    project: Project, judged: Judged, steps: tuple[Step, ...], *, type_: str, commit: str, tree: str, message: str = ""
) -> Manifest:
    """Everything the engine needs, frozen. Its id is set when it is stored."""
    used = {step.pair.environment for step in steps}
    environments = tuple(_known_after(spec, judged) for spec in judged.environments if spec.name in used)
    configuration = judged.configuration
    standing = [release for (environment, _), release in judged.standing.items() if environment in used]
    return Manifest(
        deployment="",
        type=type_,
        commit=commit,
        tree=tree,
        base="",
        authors=_authors(project, judged, steps, commit),
        actor=project.actor,
        environments=environments,
        steps=steps,
        left_out=tuple((left.component, left.environment, left.reason) for left in judged.report.left_out),
        secrets=with_secrets_of(project, standing, configuration.secrets),
        notifications=configuration.notifications,
        runners=configuration.runners,
        message=message or project.repository.message(commit).strip().splitlines()[0][:200] if commit else message,
    )


def _known_after(spec: EnvironmentSpec, judged: Judged) -> EnvironmentSpec:
    names = {known.name for known in judged.environments}
    return replace(spec, after=tuple(name for name in spec.after if name in names))


def _authors(project: Project, judged: Judged, steps: tuple[Step, ...], commit: str) -> tuple[str, ...]:
    """Everyone who wrote a commit since what is deployed now; since the beginning where nothing is."""
    bases: set[str | None] = set()
    for step in steps:
        release = judged.standing.get((step.pair.environment, step.pair.component))
        bases.add(release.commit if release and release.commit else None)
    if None in bases:
        return project.repository.authors(None, commit)
    return tuple(sorted({person for base in bases for person in project.repository.authors(base, commit)}))


def create(
    project: Project, manifest: Manifest, asked: list[tuple[str, str]], generation: int | None
) -> tuple[Deployment, bool] | None:
    """The row and its steps, and older waiting deployments superseded, in one transaction. None: the ledger moved, judge again.

    The second value says that an equal request had been written a moment before.
    """
    from interlock.store import ledger

    store = project.store
    with store.database.write(lasting=False) as tx:
        manifest = replace(manifest, deployment=ids.new(tx, ids.DEPLOYMENT))
    blob = store.blobs.put(canonical(encode(manifest)))
    with store.change(manifest.actor) as change:
        if (known := deployments.find_unfinished(change.tx, manifest.type, manifest.commit, asked)) is not None:
            change.nothing()
            return known, True
        if generation is not None and ledger.generation(change.tx) != generation:
            change.nothing()
            return None
        deployment = deployments.create(
            change.tx, manifest, blob, state=DeploymentState.PLANNED, step_state=StepState.WAITING, asked=asked
        )
        change.audit(
            "deployment",
            deployment.id,
            before=None,
            after={"state": str(DeploymentState.PLANNED), "commit": manifest.commit, "manifest": blob.digest},
            type=manifest.type,
            steps=len(manifest.steps),
        )
        _supersede(change, deployment)
    return deployment, False


def _supersede(change: Change, newer: Deployment) -> None:
    """What waits and holds no environment makes way; whoever runs it sees it and ends."""
    from interlock.store import slots

    held = {slot.deployment for slot in slots.all_active(change.tx)}
    for older in deployments.older_unfinished(change.tx, newer, states=_WAITING):
        if older.id in held or older.superseded_by:
            continue
        deployments.update(change.tx, older.id, superseded_by=newer.id)
        if older.state in (DeploymentState.BLOCKED, DeploymentState.PLANNED):
            deployments.finish(
                change.tx,
                older.id,
                DeploymentState.SUPERSEDED,
                failure=f"{newer.id} took its place",
                failure_hint=f"interlock status {newer.id}",
                superseded_by=newer.id,
            )
        change.audit("superseded", older.id, before={"state": older.state}, after={"by": newer.id})


Progress = Callable[[Deployment], None]
