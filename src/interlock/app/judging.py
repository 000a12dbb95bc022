"""What a revision asks for, against what is deployed: configuration, affected pairs, and the steps that would deploy them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from interlock.app.build import Project
from interlock.config.affected import AffectedRequest, affected
from interlock.config.difference import Configured
from interlock.config.environments import governed
from interlock.config.load import ORGANIZATION, Configuration, load
from interlock.kind import Source
from interlock.model import graph
from interlock.model.affected import AffectedPair, AffectedReport, Released
from interlock.model.errors import NotFound, UsageError
from interlock.model.manifest import EnvironmentSpec, Pair, Step
from interlock.model.plan import Blob, Direction
from interlock.model.release import Release, ReleaseStatus
from interlock.model.units import nearest
from interlock.store import holds, ledger
from interlock.world.files import pack
from interlock.world.tree import Tree

Key = tuple[str, str]  # environment, component


@dataclass(frozen=True)
class Selection:
    """What the user named; empty means everything that is affected."""

    components: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()

    def takes(self, environment: str, component: str) -> bool:
        return (not self.components or component in self.components) and (
            not self.environments or environment in self.environments
        )

    def check(self, configuration: Configuration, released: Iterable[Key]) -> None:
        """Raises NotFound for a name that neither the configuration nor the ledger has, with the nearest one."""
        released = list(released)
        environments = {spec.name for spec in configuration.environments} | {environment for environment, _ in released}
        components = set(configuration.components) | {component for _, component in released}
        for what, names, known in (
            ("environment", self.environments, environments),
            ("component", self.components, components),
        ):
            for name in names:
                if name not in known:
                    near = nearest(name, known)
                    hint = f"did you mean '{near}'?" if near else f"there is {', '.join(sorted(known)) or 'none'}"
                    raise NotFound(f"there is no {what} '{name}'", hint=hint)


@dataclass(frozen=True)
class Judged:
    """`standing` are the current releases; `environments` are governed by the configuration before and after; `generation` tells whether
    the ledger moved since it was read."""

    configuration: Configuration
    tree: Tree
    report: AffectedReport
    standing: Mapping[Key, Release]
    environments: tuple[EnvironmentSpec, ...]
    generation: int


def judge(project: Project, *, at: str | None, base: str | None) -> Judged:
    """`at` None is the working tree as it stands. Raises ConfigurationError; NotFound for a commit that is not here."""
    repository = project.repository
    tree: Tree = repository.tree(at) if at else repository.folder_tree()
    configuration = load(tree, project.kinds)
    standing: dict[Key, Release] = {}
    generation = 0
    if (store := project.kept) is not None:
        with store.database.read() as tx:
            standing = {(r.environment, r.component): r for r in ledger.all_current(tx)}
            generation = ledger.generation(tx)
    cache: dict[str, Configuration] = {}

    def configured_at(other: Tree) -> Configured:
        if other.identity not in cache:
            cache[other.identity] = load(other, project.kinds)
        return _configured(cache[other.identity])

    report = affected(
        AffectedRequest(
            head=tree,
            configured=_configured(configuration),
            kinds=project.kinds,
            released={key: _released(release) for key, release in standing.items()},
            tree_of=lambda commit: repository.tree(commit),
            configured_at=configured_at,
            base=repository.resolve(base) if base else None,
            changed=lambda old, new: [c.path for c in repository.changed(old, new)],  # type: ignore[arg-type]
            configuration_files=frozenset(configuration.files),
        )
    )
    environments = _govern(project, configuration, standing, base)
    return Judged(configuration, tree, report, standing, environments, generation)


def _configured(configuration: Configuration) -> Configured:
    return Configured(
        {(pair.environment, pair.component): pair for pair in configuration.pairs},
        {spec.name: spec for spec in configuration.environments},
        configuration.secrets,
    )


def _released(release: Release) -> Released:
    doubt = (
        ""
        if release.status is ReleaseStatus.VERIFIED
        else f"its release {release.id} is {release.status}, not verified"
    )
    return Released(release.commit, release.pair, release.id, doubt)


@dataclass(frozen=True)
class _Before:
    environments: tuple[EnvironmentSpec, ...]


def _govern(
    project: Project, configuration: Configuration, standing: Mapping[Key, Release], base: str | None
) -> tuple[EnvironmentSpec, ...]:
    """The bar before and after: before are the organization files of every commit that is deployed now (and of an explicit base)."""
    from interlock.config.load import environments_of

    specs = configuration.environments
    commits = {release.commit for release in standing.values() if release.commit}
    if base:
        commits.add(project.repository.resolve(base))
    seen: set[str] = set()
    for commit in sorted(commits):
        tree = project.repository.tree(commit)
        entry = tree.entry(ORGANIZATION)
        if entry is None or entry.identity in seen:
            continue
        seen.add(entry.identity)
        specs = governed(_Before(environments_of(tree)), _Before(specs))
    return specs


def steps_for(project: Project, judged: Judged, selection: Selection) -> tuple[Step, ...]:
    """The affected, selected pairs as steps, in the order they are deployed. Packs and keeps their source closures."""
    selection.check(judged.configuration, judged.standing)
    chosen = [pair for pair in judged.report.pairs if selection.takes(pair.environment, pair.component)]
    steps = {pair.name: _step(project, judged, pair) for pair in chosen if _can(judged, pair)}
    names = [spec.name for spec in judged.environments]
    ordered: list[Step] = []
    for environment in names:
        here = {name: step for name, step in steps.items() if step.pair.environment == environment}
        needs = _needs(here, judged)
        for name in graph.order(needs):
            ordered.append(
                replace(here[name], needs=tuple(sorted(needs[name])), earlier=_earlier(judged, here[name], steps))
            )
    return tuple(ordered)


def _can(judged: Judged, pair: AffectedPair) -> bool:
    """A removal of what was never released here has nothing to start from."""
    return not pair.removal or (pair.environment, pair.component) in judged.standing


def _step(project: Project, judged: Judged, pair: AffectedPair) -> Step:
    reasons = tuple(reason.text for reason in pair.reasons)
    if pair.removal:
        release = judged.standing[pair.environment, pair.component]
        return Step(
            release.pair,
            Direction.REMOVE,
            reasons,
            release.closure,
            release.commit,
            release.tree,
            release=release.id,
            ends_holds=_older_holds(project, pair, judged.tree.commit),
        )
    configured = judged.configuration.pair(pair.environment, pair.component)
    closure = closure_of(project, configured, judged.tree)
    return Step(
        configured,
        Direction.DEPLOY,
        reasons,
        closure,
        judged.tree.commit,
        judged.tree.identity,
        conditional=pair.conditional,
        ends_holds=_older_holds(project, pair, judged.tree.commit),
    )


def _older_holds(project: Project, pair: AffectedPair, commit: str) -> tuple[str, ...]:
    """Held revisions of the pair that `commit` descends from: once it is verified, they are history."""
    with project.store.database.read() as tx:
        held = [hold.revision for hold in holds.active(tx, environment=pair.environment, component=pair.component)]
    return tuple(
        revision for revision in held if revision != commit and project.repository.is_ancestor(revision, commit)
    )


def closure_of(project: Project, pair: Pair, tree: Tree) -> Blob:
    """Everything the pair reads, packed and kept. The same files give the same blob."""
    kind = project.kinds[pair.kind]
    sources = kind.sources(kind.settings.model_validate(dict(pair.settings)), tree)
    return project.store.blobs.put(pack(tree, sorted(_paths(sources, tree))))


def _paths(sources: Iterable[Source], tree: Tree) -> set[str]:
    paths: set[str] = set()
    for source in sources:
        paths.update(_links(source.path, tree))
        if source.path and not source.path.endswith("/"):
            paths.add(source.path)
        else:
            paths.update(entry.path for entry in tree.walk(source.path.rstrip("/")))
    return paths


def _links(path: str, tree: Tree) -> Iterable[str]:
    """The links that a path goes through: without them the closure would not have the path."""
    parts = path.rstrip("/").split("/")
    for at in range(1, len(parts) + 1):
        entry = tree.entry("/".join(parts[:at]))
        if entry is not None and entry.is_link:
            yield "/".join(parts[:at])


def _needs(here: Mapping[str, Step], judged: Judged) -> dict[str, set[str]]:
    """Dependencies first; a removal comes after everything that depends, or depended, on it."""
    needs: dict[str, set[str]] = {name: set() for name in here}
    for name, step in here.items():
        before = judged.standing.get((step.pair.environment, step.pair.component))
        for needed in {*step.pair.depends_on, *(before.pair.depends_on if before else ())}:
            other = f"{step.pair.environment}/{needed}"
            if other not in here:
                continue
            if here[other].direction is Direction.REMOVE:
                needs[other].add(name)
            elif step.direction is not Direction.REMOVE and needed in step.pair.depends_on:
                needs[name].add(other)
    return needs


def _earlier(judged: Judged, step: Step, steps: Mapping[str, Step]) -> dict[str, str]:
    """Earlier environments in which this component is configured, changed by this revision, and not part of the deployment."""
    spec = next(spec for spec in judged.environments if spec.name == step.pair.environment)
    reasons: dict[str, str] = {}
    for earlier in spec.after:
        if f"{earlier}/{step.pair.component}" in steps:
            continue
        if judged.report.get(earlier, step.pair.component) is not None:
            reasons[earlier] = "this revision of it is not deployed there"
    return reasons


def clean_commit(project: Project, at: str | None) -> str:
    """The commit to deploy. Raises UsageError listing the files when HEAD is asked for and the working tree differs from it."""
    if at is None and (dirty := project.repository.dirty()):
        shown = "\n  ".join(dirty[:20]) + (f"\n  ... and {len(dirty) - 20} more" if len(dirty) > 20 else "")
        raise UsageError(
            f"the working tree differs from HEAD:\n  {shown}",
            hint="commit or stash it, or name what to deploy with --at REV",
            slug="dirty-tree",
        )
    return project.repository.resolve(at or "HEAD")
