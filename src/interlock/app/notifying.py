"""Telling people, off to the side: each event is sent from a thread of its own, and a dead channel delays and fails nothing but is shown."""

import threading
from collections.abc import Mapping
from typing import Any

from interlock.engine.run import Notify, Run
from interlock.model.gate import Verdict
from interlock.model.manifest import Manifest
from interlock.model.state import StepState
from interlock.model.view import DeploymentView, StepView
from interlock.store import Store, notices, steps
from interlock.store.database import Tx
from interlock.world import Secrets
from interlock.world.notify import Notifier

_SENDING: list[threading.Thread] = []


def settle() -> None:
    """Before a process ends with work left behind, which cuts its threads off: lets what is being sent arrive. Each sending has its own deadline."""
    while _SENDING:
        _SENDING.pop().join()


class Blocked:
    """Tells people that a deployment waits: once for each plan, so that going on with it and waiting for the same again says nothing new."""

    def __init__(self, store: Store, run: Run) -> None:
        self._store, self._run = store, run
        self._told: set[tuple[str, str]] = set()

    def tell(self, view: DeploymentView) -> None:
        waiting = [
            step for step in view.steps if step.state is StepState.BLOCKED and (step.name, step.plan) not in self._told
        ]
        self._told.update((step.name, step.plan) for step in waiting)
        if not waiting or not self._run.manifest.notifications:
            return
        with self._store.database.write(lasting=False) as tx:
            new = [step for step in waiting if self._is_new(tx, step)]
        if new:
            where = ", ".join(sorted({step.environment for step in new}))
            lines = [
                f"{step.name}: {gate.reason}; {gate.unblock}"
                for step in new
                for gate in step.gates
                if gate.verdict is not Verdict.PASS
            ]
            self._run.notify("blocked", f"{self._run.id} is blocked in {where}", "\n".join(lines))

    def _is_new(self, tx: Tx, step: StepView) -> bool:
        """An earlier process may have told it; the step's row remembers."""
        details = steps.get(tx, self._run.id, step.environment, step.component).details
        if details.get("told") == step.plan:
            return False
        steps.update(tx, self._run.id, step.environment, step.component, details=dict(details) | {"told": step.plan})
        return True


def notifier(store: Store, manifest: Manifest, secrets: Secrets) -> Notify:
    return channel(store, manifest.notifications, secrets, manifest.deployment)


def channel(store: Store, channels: Mapping[str, Any], secrets: Secrets, deployment: str = "") -> Notify:
    """A function of (event, title, body) that returns at once."""
    if not channels:
        return _nobody

    def send(event: str, title: str, body: str) -> None:
        try:
            deliveries = Notifier(channels, secrets).send(event, title, body)
            with store.database.write(lasting=False) as tx:
                for delivery in deliveries:
                    notices.record(
                        tx,
                        delivery.channel,
                        event,
                        delivered=delivery.ok,
                        deployment=deployment,
                        detail=secrets.redact(delivery.detail),
                    )
        except (
            Exception
        ) as error:  # whatever a channel's library raises must not reach the deployment; it is shown, though
            with store.database.write(lasting=False) as tx:
                notices.record(tx, "all", event, delivered=False, deployment=deployment, detail=type(error).__name__)

    def notify(event: str, title: str, body: str) -> None:
        thread = threading.Thread(target=send, args=(event, title, body), name=f"notify-{event}")
        _SENDING.append(thread)
        thread.start()

    return notify


def _nobody(_event: str, _title: str, _body: str) -> None:
    """No channel is configured."""
