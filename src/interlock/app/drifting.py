"""Drift: the plan of what is already released, with its released source and inputs. Not empty means that the world was changed from outside.

Code that is not deployed yet is not looked at, so it cannot be drift. Causes are told apart by what the tool found outside while it refreshed; an `ignore:`
rule of the configuration lets a known difference pass until its date, and an expired one is an error. Each pair is one of three: clean, drifted, or
unchecked, which is never clean.
"""

import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from interlock.app.build import Project
from interlock.app.judging import Selection
from interlock.app.manifests import load_manifest
from interlock.app.recalling import with_secrets_of
from interlock.app.turns import steps_at_once
from interlock.config.environments import governed
from interlock.engine.context import Context
from interlock.engine.planning import Wanted, make_plan
from interlock.model.change import Action, Change
from interlock.model.digest import canonical, sha256
from interlock.model.drift import DriftCause, DriftEntry, DriftReport, DriftVerdict
from interlock.model.errors import ConfigurationError, InterlockError, NotFound, Permanent
from interlock.model.ignoring import split
from interlock.model.manifest import EnvironmentSpec, Manifest, Step
from interlock.model.plan import Direction, Plan
from interlock.model.release import Release
from interlock.store import deployments, drift, ledger
from interlock.world import Cancel

Progress = Callable[[str, str], None]


@dataclass(frozen=True)
class Found:
    """A release with its drift; `plan` None where it could not be planned."""

    release: Release
    manifest: Manifest
    entry: DriftEntry
    plan: Plan | None


def drift_report(
    project: Project, selection: Selection, *, cancel: Cancel, progress: Progress
) -> tuple[DriftReport, tuple[Found, ...]]:
    """Looks at every selected release. Records what was found, and tells people when the set of drift is another than last time."""
    with project.store.database.read() as tx:
        releases = [r for r in ledger.all_current(tx) if selection.takes(r.environment, r.component)]
        known = {(r.environment, r.component) for r in ledger.all_current(tx)}
    _check_names(selection, known)
    looker = _Looker(project, cancel, progress, _rules(project))
    with ThreadPoolExecutor(max_workers=steps_at_once(project.environ), thread_name_prefix="drift") as pool:
        found = tuple(pool.map(looker.look, releases))
    from interlock.store import times

    return DriftReport(tuple(f.entry for f in found), times.now()), found


def _check_names(selection: Selection, known: set[tuple[str, str]]) -> None:
    for name in selection.components:
        if name not in {component for _, component in known}:
            raise NotFound(f"{name} is not deployed anywhere", hint="interlock status")
    for name in selection.environments:
        if name not in {environment for environment, _ in known}:
            raise NotFound(f"nothing is deployed in '{name}'", hint="interlock status")


def _rules(project: Project) -> dict[tuple[str, str], tuple[Any, ...]]:
    """The `ignore:` rules as they are configured now: a rule helps from the moment it is written, not from the next deployment on."""
    try:
        pairs = project.configuration().pairs
    except ConfigurationError as error:
        raise Permanent(
            f"the configuration cannot be read, so it is not known which drift to ignore: {error.problems[0]}",
            hint="interlock validate",
        ) from error
    return {(pair.environment, pair.component): pair.ignore for pair in pairs}


class _Looker:
    def __init__(
        self, project: Project, cancel: Cancel, progress: Progress, rules: dict[tuple[str, str], tuple[Any, ...]]
    ) -> None:
        self._project, self._cancel, self._progress, self._rules = project, cancel, progress, rules
        self._contexts: dict[str, tuple[Context, Manifest]] = {}

    def _context(self, release: Release) -> tuple[Context, Manifest]:
        """Secrets and environments as they were when it was released."""
        if release.deployment not in self._contexts:
            with self._project.store.database.read() as tx:
                row = deployments.require(tx, release.deployment)
            manifest = load_manifest(self._project, row)
            self._contexts[release.deployment] = (self._project.context(manifest.secrets), manifest)
        return self._contexts[release.deployment]

    def look(self, release: Release) -> Found:
        name, start = f"{release.environment}/{release.component}", time.monotonic()
        entry = DriftEntry(
            release.component, release.environment, DriftVerdict.UNCHECKED, release=release.id, commit=release.commit
        )
        context, manifest = self._context(release)
        self._progress(name, "looking")
        try:
            plan = self._plan(context, manifest, release, name)
            entry = self._judge(entry, release, plan)
        except InterlockError as error:
            redact, output = context.worlds.secrets.redact, getattr(error, "output", "")
            said = f"{error.message}\n{output}".strip() if output else error.message
            entry = replace(entry, error=redact(said), error_hint=redact(error.hint or ""))
            plan = None
        finally:
            self._progress(name, "")
        entry = replace(entry, seconds=time.monotonic() - start)
        return Found(release, manifest, self._record(context, manifest, entry), plan)

    def _plan(self, context: Context, manifest: Manifest, release: Release, name: str) -> Plan:
        step, environment = correction(release), _environment(manifest, release.environment)
        wanted = Wanted(step, environment, speculative=True, deployment="")
        return make_plan(context, wanted, log=lambda line: self._progress(name, line), cancel=self._cancel)

    def _judge(self, entry: DriftEntry, release: Release, plan: Plan) -> DriftEntry:
        rules = self._rules.get((release.environment, release.component), release.pair.ignore)
        today = date.fromisoformat(self._today())
        changes = tuple(change for change in plan.changes if change.writes)
        left, ignored = split(changes, rules, today)
        outputs = tuple(o for o in plan.planned.outputs if o.action is not Action.NONE)
        hidden = tuple(note for note in plan.planned.notes if note.slug == "ignored-attributes")
        if not left and not (outputs and not ignored):
            return replace(entry, verdict=DriftVerdict.CLEAN, hidden=hidden, ignored=ignored)
        return replace(
            entry,
            verdict=DriftVerdict.DRIFTED,
            causes=_causes(left, plan.planned.found),
            changes=left,
            outputs=outputs,
            hidden=hidden,
            ignored=ignored,
        )

    def _today(self) -> str:
        from interlock.store import times

        return times.now()[:10]

    def _record(self, context: Context, manifest: Manifest, entry: DriftEntry) -> DriftEntry:
        """Remembers the set; `since` is when this same set was first seen. A changed set is told to people."""
        from interlock.app.notifying import channel

        database = self._project.store.database
        with database.write() as tx:
            if entry.verdict is DriftVerdict.UNCHECKED:
                changed = drift.record_error(tx, entry.component, entry.environment, entry.error)
            else:
                changed = drift.record(
                    tx, entry.component, entry.environment, release=entry.release, digest=_digest(entry)
                )
            record = drift.get(tx, entry.component, entry.environment)
        if changed and entry.verdict is not DriftVerdict.CLEAN:
            what = entry.error or ", ".join(change.address for change in entry.changes) or "outputs"
            send = channel(self._project.store, manifest.notifications, context.worlds.secrets)
            send("drift", f"{entry.name} {entry.verdict}", what)
        since = record.since if record is not None and not changed and entry.verdict is DriftVerdict.DRIFTED else ""
        return replace(entry, since=since)


def _digest(entry: DriftEntry) -> str:
    """Which things differ and how, not since when: "" for none."""
    if entry.verdict is DriftVerdict.CLEAN:
        return ""
    from interlock.model.codec import encode

    return sha256(canonical(encode([list(entry.changes), [o.name for o in entry.outputs]])))


def _causes(changes: Iterable[Change], found: Iterable[Change]) -> tuple[DriftCause, ...]:
    gone = {change.address for change in found if change.action is Action.DELETE}
    causes = set()
    for change in changes:
        causes.add(
            DriftCause.DELETED if change.address in gone or change.action is Action.CREATE else DriftCause.CHANGED
        )
    return tuple(sorted(causes, key=list(DriftCause).index)) or (DriftCause.OUTPUTS,)


def correction(release: Release) -> Step:
    """The step that would bring the world back to a release."""
    return Step(
        release.pair,
        Direction.CORRECT,
        ("the world differs from the release",),
        release.closure,
        release.commit,
        release.tree,
        release=release.id,
    )


def _environment(manifest: Manifest, name: str) -> EnvironmentSpec:
    return next(spec for spec in manifest.environments if spec.name == name)


def correction_manifest(project: Project, found: Iterable[Found]) -> Manifest | None:
    """A deployment that corrects everything that drifted, through the same gates. None when nothing did."""
    drifted = [f for f in found if f.entry.verdict is DriftVerdict.DRIFTED]
    if not drifted:
        return None
    newest = max(drifted, key=lambda f: f.release.at).manifest
    specs = _specs(project, drifted)
    steps = tuple(correction(one.release) for one in drifted)
    return replace(
        newest,
        deployment="",
        type="correct",
        actor=project.actor,
        authors=(),
        environments=tuple(specs.values()),
        steps=tuple(step for name in specs for step in steps if step.pair.environment == name),
        left_out=(),
        secrets=with_secrets_of(project, [one.release for one in drifted], newest.secrets),
        message="correct drift",
    )


@dataclass(frozen=True)
class _Rules:
    environments: tuple[EnvironmentSpec, ...]


def _specs(project: Project, drifted: Iterable[Found]) -> dict[str, EnvironmentSpec]:
    """The environments of what drifted, by the rules of every release that is corrected and by those of now. Raises ConfigurationError."""
    now = {spec.name: spec for spec in project.configuration("HEAD").environments}
    specs: dict[str, EnvironmentSpec] = {}
    for one in drifted:
        name = one.release.environment
        then = replace(_environment(one.manifest, name), after=())
        known = specs.get(name) or (replace(now[name], after=()) if name in now else then)
        (specs[name],) = governed(_Rules((then,)), _Rules((known,)))
    return specs
