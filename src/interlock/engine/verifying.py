"""Did it work? The kind's own checks and the user's, then continuous health for the soak; then the release counts as verified, or as failed."""

from collections.abc import Callable
from typing import Any

from interlock.engine.checks import Outside, run_checks, soak
from interlock.engine.context import Context
from interlock.engine.inputs import output_of, value_of
from interlock.engine.recording import record_unverified, record_verified
from interlock.engine.run import Run
from interlock.model.check import Check, CheckResult
from interlock.model.errors import NotFound
from interlock.model.manifest import EnvironmentSpec, Manifest, Pair, Step
from interlock.model.plan import Direction
from interlock.model.receipt import Outcome, Receipt
from interlock.model.release import Release, ReleaseStatus
from interlock.model.state import StepState
from interlock.model.template import Reference
from interlock.store import Change, deployments, holds, ledger, steps
from interlock.world import Cancel


def verify_step(run: Run, name: str) -> str:
    """The body of the durable step "verify"."""
    step = run.step(name)
    environment = run.environment(step.pair.environment)
    with run.context.store.database.read() as tx:
        row = steps.get(tx, run.id, step.pair.environment, step.pair.component)
        if StepState(row.state).terminal:  # its verdict was written, only the engine's own record was not
            return "done" if StepState(row.state).done else "failed"
        release = ledger.get(tx, row.release)
    if release.status is ReleaseStatus.REMOVED:
        return _passed(run, step, release, ())
    proven = release.status is ReleaseStatus.VERIFIED
    log = run.log(*name.split("/", 1))

    def show(state: StepState) -> None:
        with run.context.store.database.write(lasting=False) as tx:
            steps.update(tx, run.id, step.pair.environment, step.pair.component, state=state)

    results: tuple[CheckResult, ...] = ()
    if not proven:
        results = check_release(run.context, run.manifest, release, environment, log=log, cancel=run.cancel, show=show)
    failed = [result for result in results if not result.passed]
    if not failed:
        return _passed(run, step, release, results)
    reason = "; ".join(f"check {result.name}: {result.detail}" for result in failed)
    with run.context.store.change(run.manifest.actor) as change:
        record_unverified(change, step, release.id, reason)
        deployments.set_stopping(change.tx, run.id, f"{name} did not pass its checks")
        steps.update(
            change.tx,
            run.id,
            step.pair.environment,
            step.pair.component,
            state=StepState.FAILED,
            error=reason,
            error_hint=f"interlock logs {run.id} {step.pair.component}",
            error_slug="check-failed",
            details={"checks": [vars(result) for result in results]},
        )
        change.audit("step-failed", name, before={}, after={"error": reason}, deployment=run.id)
    return "failed"


def _passed(run: Run, step: Step, release: Release, results: tuple[CheckResult, ...]) -> str:
    with run.context.store.change(run.manifest.actor) as change:
        record_verified(change, step, release)
        row = steps.get(change.tx, run.id, step.pair.environment, step.pair.component)
        unchanged = bool(row.details.get("unchanged"))
        steps.update(
            change.tx,
            run.id,
            step.pair.environment,
            step.pair.component,
            state=StepState.UNCHANGED if unchanged else StepState.VERIFIED,
            finished=run.context.clock.now().isoformat(),
            details=row.details | {"checks": [vars(result) for result in results]},
        )
        if run.manifest.type == "rollback" and step.undoes:
            _hold_undone(run, change, step)
        change.audit(
            "step-done", step.name, before={"state": str(row.state)}, after={"release": release.id}, deployment=run.id
        )
    return "done"


def _hold_undone(run: Run, change: Change, step: Step) -> None:
    """A person went back from this revision: it may not come back by itself."""
    undone = ledger.get(change.tx, step.undoes)
    removal = undone.direction is Direction.REMOVE  # its own commit is that of what it removed
    revision = deployments.require(change.tx, undone.deployment).commit if removal else undone.commit
    if revision != step.commit:
        reason = f"{run.manifest.actor} rolled it back in {run.id}"
        holds.hold(change.tx, undone.environment, undone.component, revision, reason=reason, deployment=run.id)
        change.audit("hold", step.name, before=None, after={"revision": revision, "reason": reason}, deployment=run.id)


def check_release(
    context: Context,
    manifest: Manifest,
    release: Release,
    environment: EnvironmentSpec,
    *,
    log: Callable[[str], None],
    cancel: Cancel,
    show: Callable[[StepState], None] = lambda _: None,
    once: bool = False,
) -> tuple[CheckResult, ...]:
    """Runs every check of a release, and the soak unless `once`. Also what `interlock status --check` does. Raises Cancelled."""
    pair = release.pair
    checks = checks_of(context, pair, release)
    opened = context.worlds.open(
        pair, environment, purpose="plan", log=log, cancel=cancel, deployment=manifest.deployment
    )
    outside = Outside(
        environ=opened.environ,
        cwd=context.store.home.work(pair.environment, pair.component),
        runners=manifest.runners,
    )
    look_up = _look_up(context, release, environment)

    def told(result: CheckResult) -> None:
        log(f"check {result.name}: {'ok' if result.passed else 'FAILED'}: {result.detail}")

    if checks:
        show(StepState.VERIFYING)
    results = run_checks(checks, look_up, opened.world, outside, told)
    seconds = max(pair.soak, environment.soak)
    if once or not seconds or not all(result.passed for result in results):
        return results
    show(StepState.SOAKING)
    log(f"interlock: soaking for {seconds:.0f}s")
    return soak(checks, seconds, look_up, opened.world, outside) or results


def checks_of(context: Context, pair: Pair, release: Release) -> tuple[Check, ...]:
    kind = context.kind(pair.kind)
    settings = kind.settings.model_validate(pair.settings)
    receipt = Receipt(outcome=Outcome.COMPLETE, outputs=release.outputs, base=release.base, artifacts=release.artifacts)
    return (*kind.verify(settings, receipt), *pair.checks)


def _look_up(context: Context, release: Release, environment: EnvironmentSpec) -> Callable[[Reference], Any]:
    def look_up(reference: Reference) -> Any:
        match reference.form:
            case "output":
                return _own_output(context, release, reference.arguments[0])
            case "component_output":
                return output_of(context, release.environment, *reference.arguments)
            case "environment":
                return environment.name if reference.arguments[0] == "name" else environment.zone
            case "commit":
                return release.commit
            case "secret":
                return context.worlds.secrets.resolve(reference.arguments[0])
            case _:
                raise NotFound(f"'${{{reference}}}' has no value in a check")

    return look_up


def _own_output(context: Context, release: Release, name: str) -> Any:
    if name not in release.outputs:
        known = ", ".join(sorted(release.outputs)) or "none"
        raise NotFound(f"{release.component} published no output '{name}'", hint=f"it has: {known}", slug="no-output")
    return value_of(context, release, name)
