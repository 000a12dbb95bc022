"""Applying a stored plan: exactly once, under a lease, and told truthfully whatever happens.

Three transactions around the tool. `begin`: every gate again, the environment's slot, the lease, the plan consumed, "apply started" written.
`finish`: receipt, release *applied*, audit record, lease let go. `withdraw`: the kind refused before it wrote anything.

A process that dies in between leaves "apply started" without a receipt. Whoever comes next does not apply again: it plans again (`recover`). Where the world
equals the target that is recorded; otherwise the step is *interrupted*, with the difference as a plan that a person can read.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from interlock.engine import recording
from interlock.engine.artifacts import artifacts_in, with_paths
from interlock.engine.context import Context
from interlock.engine.gates import judge
from interlock.engine.inputs import load_inputs
from interlock.engine.leasing import SECONDS, Renewed
from interlock.engine.planning import Wanted, keep_plan, make_plan, workplace
from interlock.kind import ApplyRequest
from interlock.model.errors import InterlockError, StalePlan
from interlock.model.gate import Verdict, overall
from interlock.model.manifest import EnvironmentSpec, Manifest, Step
from interlock.model.plan import Plan
from interlock.model.receipt import Outcome, Receipt
from interlock.model.release import Release, ReleaseStatus
from interlock.store import deployments, leases, ledger, plans, slots, steps
from interlock.store.database import Tx
from interlock.store.leases import Lease
from interlock.world import Cancel

Log = Callable[[str], None]


@dataclass(frozen=True)
class Applied:
    """`receipt` None: nothing was written; `again` then says why the step should go back to its gates or its plan ("blocked", "stale")."""

    receipt: Receipt | None
    release: Release | None = None
    again: str = ""


@dataclass(frozen=True)
class Application:
    """One plan to apply. `gated` is False for what an approval of the forward plan covers already: its way back, which is `undo`.

    `cut_off` says that an earlier apply of the same step was cut off: though this plan may have nothing left to do, something was done.
    """

    manifest: Manifest
    step: Step
    environment: EnvironmentSpec
    plan: Plan
    gated: bool = True
    undo: bool = False
    cut_off: bool = False

    @property
    def place(self) -> tuple[str, str, str]:
        return self.manifest.deployment, self.step.pair.environment, self.step.pair.component

    @property
    def prefix(self) -> str:
        """Undoing within a deployment keeps its own columns, beside those of the way forward."""
        return "undo_" if self.undo else ""


def apply_plan(context: Context, application: Application, *, log: Log, cancel: Cancel) -> Applied:
    """Raises the kind's refusals (nothing was written, the lease is let go); a failure after the first write is a receipt."""
    try:
        lease = _begin(context, application)
    except StalePlan as error:
        return Applied(None, again=f"stale: {error.message}")
    if lease is None:
        return Applied(None, again="blocked")
    with Renewed(context.store, lease) as held:
        try:
            receipt = _run_kind(context, application, held, log, cancel)
        except StalePlan as error:
            _withdraw(context, application, lease, error)
            return Applied(None, again=f"stale: {error.message}")
        except InterlockError as error:
            _withdraw(context, application, lease, error)
            raise
        return _finish(context, application, lease, receipt)


def _begin(context: Context, application: Application) -> Lease | None:
    """None when a gate does not pass any more; raises LeaseHeld when somebody else applies there, StalePlan for a plan that was used up.

    A plan is used up without an apply when its kind refused before it wrote, and the process ended before the step went back to plan again.
    """
    deployment, environment, component = application.place
    with context.store.change(application.manifest.actor) as change:
        tx = change.tx
        if application.gated and _called_off(tx, deployment):
            change.nothing()
            return None
        if application.gated:
            gates = judge(tx, application.manifest, application.step, application.plan)
            if overall(gates) is not Verdict.PASS or not slots.try_take(tx, environment, deployment):
                change.nothing()  # `gates` will show it: the step goes back there
                return None
        lease = leases.take(tx, component, environment, deployment, SECONDS, again=True)
        if not plans.consume(tx, application.plan.id, lease.token):
            raise StalePlan(
                f"plan {application.plan.id} of {application.step.name} was applied before", hint="plan again"
            )
        now: dict[str, Any] = {
            f"{application.prefix}apply_started": context.clock.now().isoformat(),
            f"{application.prefix}fence": lease.token,
        }
        steps.update(tx, *application.place, **now)
        change.audit(
            "apply-started",
            application.step.name,
            before={"base": dict(application.plan.planned.base)},
            after={"fence": lease.token},
            deployment=deployment,
            plan=application.plan.id,
            intent=application.plan.intent,
        )
        return lease


def _called_off(tx: Tx, deployment: str) -> bool:
    """Cancelled, superseded or failing: nothing new may be written, however far it had come."""
    row = deployments.require(tx, deployment)
    return bool(row.cancel or row.superseded_by or row.stopping or row.finished)


def _run_kind(context: Context, application: Application, held: Renewed, log: Log, cancel: Cancel) -> Receipt:
    pair, plan = application.step.pair, application.plan
    opened = context.worlds.open(
        pair,
        application.environment,
        purpose="apply",
        log=log,
        cancel=cancel,
        fence=held.fence,
        deployment=application.place[0],
    )
    kind = context.kind(pair.kind)
    inputs = load_inputs(context, plan.inputs, context.worlds.secrets)
    with workplace(context, pair, plan.closure, artifacts_in(inputs)) as place:
        return kind.apply(
            ApplyRequest(
                plan=plan,
                settings=kind.settings.model_validate(pair.settings),
                zone=application.environment.zone,
                source=place.source,
                work=place.work,
                inputs=with_paths(inputs, place.artifacts),
                environ=opened.environ,
                held_back=opened.held_back,
                artifacts=place.artifacts,
            ),
            opened.world,
        )


def _finish(context: Context, application: Application, lease: Lease, receipt: Receipt) -> Applied:
    with context.store.change(application.manifest.actor) as change:
        release = None
        if receipt.ok:
            status = _status(change.tx, application)
            place = application.place[0]
            release = recording.release_of(
                context, change.tx, application.step, application.plan, receipt, place, status=status
            )
        recording.record_applied(
            change, application.manifest, application.step, application.plan, receipt, release, application.prefix
        )
        leases.release(change.tx, lease)
    return Applied(receipt, release)


def _status(tx: Tx, application: Application) -> ReleaseStatus:
    """Applied, not yet proven; but nothing has to be proven again where nothing changed under a verified release and the same checks."""
    pair = application.step.pair
    before = ledger.current(tx, pair.component, pair.environment)
    same = before is not None and before.status is ReleaseStatus.VERIFIED and before.pair.checks == pair.checks
    unchanged = application.plan.empty and not application.cut_off
    return ReleaseStatus.VERIFIED if unchanged and same else ReleaseStatus.APPLIED


def _withdraw(context: Context, application: Application, lease: Lease, error: InterlockError) -> None:
    """The kind refused before its first write: the world is as it was, and so is our record of it."""
    with context.store.change(application.manifest.actor) as change:
        steps.update(change.tx, *application.place, **{f"{application.prefix}apply_started": ""})
        leases.release(change.tx, lease)
        change.audit(
            "apply-refused",
            application.step.name,
            before={"plan": application.plan.id},
            after={"written": False},
            slug=error.slug,
            reason=context.worlds.secrets.redact(error.message),
        )


def recover(
    context: Context, application: Application, undoing: Plan | None, *, log: Log, cancel: Cancel
) -> tuple[Applied, Plan]:
    """An apply was cut off: plan again. Also returns the plan of what is left (empty: the world equals the target, and that is recorded)."""
    manifest, step = application.manifest, application.step
    wanted = Wanted(step, application.environment, deployment=manifest.deployment, undoing=undoing)
    again = make_plan(context, wanted, log=log, cancel=cancel)
    with context.store.change(manifest.actor) as change:
        again = keep_plan(context, change.tx, again, manifest.deployment)
        change.audit(
            "plan",
            step.name,
            before={"interrupted": application.plan.id},
            after={"plan": again.id, "empty": again.empty},
        )
    if not again.empty:
        return Applied(Receipt(Outcome.UNKNOWN, error="the apply was cut off", error_slug="interrupted")), again
    application = replace(application, plan=again, gated=False, cut_off=True)
    return apply_plan(context, application, log=log, cancel=cancel), again
