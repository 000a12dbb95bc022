"""`interlock plan`: what a revision would change, without changing anything. Speculative plans: no lock, no row, never applied.

Each pair is planned against what its dependencies published in their releases. Where a dependency is part of the same change and would alter an output that
the pair uses (or was never released), the pair is *deferred*: a plan made from guessed inputs would be a lie. Pairs are planned in parallel, each
after the dependencies whose plans decide whether it is deferred.
"""

import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace

from interlock.app.build import Project
from interlock.app.judging import Judged, Selection, judge, steps_for
from interlock.app.recalling import with_secrets_of
from interlock.app.turns import steps_at_once
from interlock.engine.context import Context
from interlock.engine.planning import Wanted, make_plan
from interlock.model.deferring import Dependency, waits_for
from interlock.model.errors import InterlockError
from interlock.model.manifest import EnvironmentSpec, Step
from interlock.model.plan import Direction, Plan
from interlock.model.report import LeftOut, PlanEntry, PlanReport
from interlock.world import Cancel

Progress = Callable[[str, str], None]  # "environment/component", what it is doing


def plan_report(
    project: Project, *, at: str | None, base: str | None, selection: Selection, cancel: Cancel, progress: Progress
) -> PlanReport:
    """Raises ConfigurationError, NotFound. A pair that cannot be planned is an entry with an error, not an exception."""
    judged = judge(project, at=at, base=base)
    steps = steps_for(project, judged, selection)
    removed = [judged.standing[s.pair.environment, s.pair.component] for s in steps if s.direction is Direction.REMOVE]
    context = project.context(with_secrets_of(project, removed, judged.configuration.secrets))
    environments = {spec.name: spec for spec in judged.environments}
    made: dict[str, Future[PlanEntry]] = {}
    with ThreadPoolExecutor(max_workers=steps_at_once(project.environ), thread_name_prefix="plan") as pool:
        for step in (
            steps
        ):  # in dependency order: what a task waits for was submitted before it, so the pool cannot starve itself
            needed = {name: made[name] for name in step.needs if name in made}
            task = _Task(context, judged, step, environments[step.pair.environment], needed, cancel, progress)
            made[step.name] = pool.submit(task.run)
        entries = tuple(made[step.name].result() for step in steps)
    return PlanReport(
        commit=judged.tree.commit,
        base=project.repository.resolve(base) if base else "",
        dirty=at is None and bool(project.repository.dirty()),
        entries=entries,
        left_out=tuple(_left_out(judged, selection)),
        warnings=judged.configuration.warnings,
    )


def _left_out(judged: Judged, selection: Selection) -> list[LeftOut]:
    out = [
        LeftOut(x.component, x.environment, x.reason)
        for x in judged.report.left_out
        if selection.takes(x.environment, x.component)
    ]
    for pair in judged.report.pairs:
        if not selection.takes(pair.environment, pair.component):
            out.append(LeftOut(pair.component, pair.environment, "affected, but not named on the command line"))
    return out


@dataclass(frozen=True)
class _Task:
    context: Context
    judged: Judged
    step: Step
    environment: EnvironmentSpec
    needed: Mapping[str, "Future[PlanEntry]"]
    cancel: Cancel
    progress: Progress

    def run(self) -> PlanEntry:
        if waits := self._deferred():
            return replace(_empty(self.step, self.environment), deferred=waits)
        return entry_for(self.context, self.step, self.environment, self.cancel, self.progress)

    def _deferred(self) -> tuple[str, ...]:
        """The references whose values are not known before a dependency is applied."""
        if self.step.direction is not Direction.DEPLOY:
            return ()
        return waits_for(self.step.pair.variables, self._dependency)

    def _dependency(self, component: str) -> Dependency:
        environment = self.step.pair.environment
        entry = self.needed.get(f"{environment}/{component}")
        released = (environment, component) in self.judged.standing
        return Dependency(released, changing=entry is not None, plan=entry.result().plan if entry else None)


def _empty(step: Step, environment: EnvironmentSpec) -> PlanEntry:
    return PlanEntry(
        component=step.pair.component,
        environment=step.pair.environment,
        kind=step.pair.kind,
        reasons=step.reasons,
        conditional=step.conditional,
        blocked=would_ask(environment),
    )


def entry_for(
    context: Context,
    step: Step,
    environment: EnvironmentSpec,
    cancel: Cancel,
    progress: Progress,
    undoing: Plan | None = None,
) -> PlanEntry:
    """A speculative plan of one step, or the redacted error that stood in its way."""
    start, entry = time.monotonic(), _empty(step, environment)
    progress(step.name, "planning")
    try:
        wanted = Wanted(step, environment, undoing=undoing, speculative=True)
        plan = make_plan(context, wanted, log=lambda line: progress(step.name, line), cancel=cancel)
    except InterlockError as error:
        redact = context.worlds.secrets.redact
        output = getattr(error, "output", "")
        message = f"{error.message}\n{output}".strip() if output else error.message
        return replace(
            entry, error=redact(message), error_hint=redact(error.hint or ""), seconds=time.monotonic() - start
        )
    finally:
        progress(step.name, "")
    return replace(entry, plan=plan, seconds=time.monotonic() - start)


def would_ask(environment: EnvironmentSpec) -> tuple[str, ...]:
    asked = [
        f"approval by {rule.count} of team {' or '.join(rule.teams)}" for rule in environment.approvals if rule.count
    ]
    return tuple(dict.fromkeys(asked))
