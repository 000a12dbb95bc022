"""Planning one component in one environment: the same way for a speculative plan, a deployment, a rollback, a correction and drift.

The plan is made from the source closure alone, materialised at a path fixed per (component, environment): what the closure lacks, the plan cannot see, and
what a plan saw, its apply sees again. One piece of work at a time uses that folder, across processes, by a file lock.
"""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from interlock.engine.artifacts import artifacts_in, with_paths
from interlock.engine.context import Context
from interlock.engine.inputs import inputs_digest, load_inputs, resolve_inputs, store_inputs, uses_commit
from interlock.kind import PlanRequest
from interlock.model.manifest import EnvironmentSpec, Pair, Step
from interlock.model.plan import Blob, Plan, intent_digest
from interlock.store import ids, ledger, plans
from interlock.store.database import Tx
from interlock.world import Cancel
from interlock.world.files import FileLock, materialise, unpack


@dataclass(frozen=True)
class Wanted:
    """`undoing` is the plan whose moves an undo moves back; `speculative` plans are never applied and take no lock."""

    step: Step
    environment: EnvironmentSpec
    undoing: Plan | None = None
    speculative: bool = False
    deployment: str = ""


def make_plan(context: Context, wanted: Wanted, *, log: Callable[[str], None], cancel: Cancel) -> Plan:
    """Reads only; stores blobs, no rows: the plan has no id until `keep_plan`. Raises whatever the kind's `plan` and resolving the inputs raise."""
    step, pair = wanted.step, wanted.step.pair
    opened = context.worlds.open(
        pair, wanted.environment, purpose="plan", log=log, cancel=cancel, deployment=wanted.deployment
    )
    kind = context.kind(pair.kind)
    inputs = _inputs(context, step, wanted.environment.zone)
    with workplace(context, pair, step.closure, artifacts_in(inputs)) as place:
        planned = kind.plan(
            PlanRequest(
                component=pair.component,
                environment=pair.environment,
                zone=wanted.environment.zone,
                direction=step.direction,
                settings=kind.settings.model_validate(pair.settings),
                source=place.source,
                work=place.work,
                inputs=with_paths(inputs, place.artifacts),
                environ=opened.environ,
                held_back=opened.held_back,
                speculative=wanted.speculative,
                undoing=wanted.undoing,
                undo_to_nothing=step.to_nothing,
                artifacts=place.artifacts,
            ),
            opened.world,
        )
    commit = step.commit if uses_commit(pair) else ""
    intent = intent_digest(
        context.store.keyed,
        component=pair.component,
        environment=pair.environment,
        direction=step.direction,
        planned=planned,
        inputs_digest=inputs_digest(context, inputs, commit, step.tree),
        commit=commit,
        tree=step.tree,
    )
    return Plan(
        id="",
        component=pair.component,
        environment=pair.environment,
        kind=pair.kind,
        direction=step.direction,
        commit=step.commit,
        tree=step.tree,
        planned=planned,
        closure=step.closure,
        inputs=store_inputs(context, inputs),
        intent=intent,
        speculative=wanted.speculative,
    )


def keep_plan(context: Context, tx: Tx, plan: Plan, deployment: str) -> Plan:
    """The plan's row, and with it its id."""
    plan = replace(plan, id=ids.new(tx, ids.PLAN))
    plans.put(tx, context.store.keyed, plan, deployment=deployment)
    return plan


def _inputs(context: Context, step: Step, zone: str) -> dict[str, Any]:
    if not step.release:
        return resolve_inputs(context, step.pair, zone, step.commit)
    with context.store.database.read() as tx:
        release = ledger.get(tx, step.release)
    return load_inputs(context, release.inputs, context.worlds.secrets)


@dataclass(frozen=True)
class Workplace:
    work: Path
    source: Path
    artifacts: Mapping[str, Path]


@contextmanager
def workplace(context: Context, pair: Pair, closure: Blob, artifacts: Mapping[str, Blob]) -> Iterator[Workplace]:
    """The pair's folder with its closure in it, ours alone until the block ends."""
    work = context.store.home.work(pair.environment, pair.component)
    work.mkdir(parents=True, exist_ok=True, mode=0o700)
    with FileLock(work / "lock", what=f"{pair.component} in {pair.environment}"):
        source = work / "source"
        materialise(unpack(context.store.blobs.get(closure)), source)
        paths: dict[str, Path] = {}
        for reference, blob in sorted(artifacts.items()):
            path = work / "artifacts" / blob.digest
            path.parent.mkdir(exist_ok=True, mode=0o700)
            path.write_bytes(context.store.blobs.get(blob))
            paths[reference] = path
        yield Workplace(work, source, paths)
