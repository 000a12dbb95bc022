"""Telling people, off to the side: each event is sent from a thread of its own, and a dead channel delays and fails nothing but is shown."""

import threading
from collections.abc import Mapping
from typing import Any

from interlock.engine.run import Notify
from interlock.model.manifest import Manifest
from interlock.store import Store, notices
from interlock.world import Secrets
from interlock.world.notify import Notifier


def notifier(store: Store, manifest: Manifest, secrets: Secrets) -> Notify:
    return channel(store, manifest.notifications, secrets, manifest.deployment)


def channel(store: Store, channels: Mapping[str, Any], secrets: Secrets, deployment: str = "") -> Notify:
    """A function of (event, title, body) that returns at once."""
    if not channels:
        return _nobody

    def send(event: str, title: str, body: str) -> None:
        try:
            deliveries = Notifier(channels, secrets).send(event, title, body)
            with store.database.write() as tx:
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
            with store.database.write() as tx:
                notices.record(tx, "all", event, delivered=False, deployment=deployment, detail=type(error).__name__)

    def notify(event: str, title: str, body: str) -> None:
        thread = threading.Thread(target=send, args=(event, title, body), name=f"notify-{event}")
        thread.start()

    return notify


def _nobody(_event: str, _title: str, _body: str) -> None:
    """No channel is configured."""
