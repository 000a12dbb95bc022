"""Telling people through their channels, with apprise.

Each channel is sent to from a thread of its own and has a deadline: one that is dead or slow delays no other and fails nothing. That it did not get
the message is a value which is shown. A thread past its deadline is left behind; it ends with its own socket's timeout, or with us.

A channel's address is often a secret as a whole (a webhook), so it is registered as one before apprise sees it, and what apprise says is redacted.
"""

import logging
import threading
import time
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from interlock.model.errors import InterlockError
from interlock.model.template import Reference, TemplateError, resolve
from interlock.model.units import format_duration
from interlock.world import Secrets
from interlock.world.secret_values import SecretValue, join, reveal

DEADLINE = 5.0  # seconds for all channels together: they are sent to at once
_SHORTEST = 8  # characters of an address's part that is hidden by itself


@dataclass(frozen=True)
class Delivery:
    """`detail` says in redacted words why it did not arrive."""

    channel: str
    ok: bool
    detail: str = ""


class Notifier:
    """`channels` maps a name to `{"url": apprise address, "on": [event, ...]}`; without `on` it gets every event."""

    def __init__(
        self, channels: Mapping[str, Mapping[str, Any]], secrets: Secrets, *, deadline: float = DEADLINE
    ) -> None:
        self._channels = {name: dict(channels[name]) for name in sorted(channels)}
        self._secrets = secrets
        self._deadline = deadline

    def send(self, event: str, title: str, body: str) -> tuple[Delivery, ...]:
        """To each channel that wants `event`, in order of their names. Never raises; title and body are redacted first."""
        sendings = [
            _Sending(name, str(channel.get("url", "")), self._secrets, title, body)
            for name, channel in self._channels.items()
            if channel.get("on") is None or event in channel["on"]
        ]
        if sendings:
            _load()
        end = time.monotonic() + self._deadline
        for sending in sendings:
            sending.start()
        return tuple(sending.delivery(end, self._deadline) for sending in sendings)


def _load() -> None:
    """Load apprise and its channels before the deadline runs: on a busy machine that takes seconds, for which no channel is to blame."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a hundred channels' libraries have their say
        import apprise

        apprise.Apprise.instantiate("json://localhost")
    logger = logging.getLogger("apprise")
    logger.propagate = False  # what it says of a sending belongs into the delivery, not on somebody's terminal
    logger.setLevel(logging.WARNING)
    logging.getLogger("urllib3").setLevel(logging.ERROR)  # below that it tells whole addresses


class _Sending(threading.Thread):
    def __init__(self, channel: str, url: str, secrets: Secrets, title: str, body: str) -> None:
        super().__init__(name=f"notify-{channel}", daemon=True)
        self._channel = channel
        self._url = url
        self._secrets = secrets
        self._title = title
        self._body = body
        self._done: Delivery | None = None

    def delivery(self, end: float, deadline: float) -> Delivery:
        self.join(max(0.0, end - time.monotonic()))
        if self._done is None:
            return Delivery(self._channel, False, f"no answer within {format_duration(deadline)}")
        return self._done

    def run(self) -> None:
        try:
            self._done = self._send()
        except InterlockError as error:
            self._done = Delivery(self._channel, False, self._secrets.redact(error.message))
        except TemplateError:
            self._done = Delivery(self._channel, False, "its address holds a reference that cannot stand there")
        except Exception as error:
            # Whatever one of a hundred channels' libraries raises; its words might hold the address.
            self._done = Delivery(self._channel, False, f"{type(error).__name__} while sending")

    def _send(self) -> Delivery:
        address, redact = self._address(), self._secrets.redact
        import apprise

        said = _Said()
        logger = logging.getLogger("apprise")
        logger.addHandler(said)
        try:
            # Without a deadline of its own apprise sends from this very thread, and not from a pool which the end of the process would wait for.
            asset = apprise.AppriseAsset(
                app_id="Interlock", app_desc="Interlock", secure_logging=True, service_timeout=0
            )
            sender = apprise.Apprise(asset=asset)
            if not sender.add(address):
                return Delivery(self._channel, False, "its address is none that apprise knows")
            ok = bool(
                sender.notify(title=redact(self._title), body=redact(self._body), body_format=apprise.NotifyFormat.TEXT)
            )
        finally:
            logger.removeHandler(said)
        return Delivery(self._channel, ok, "" if ok else redact(said.last) or "it was not accepted")

    def _address(self) -> str:
        def look_up(reference: Reference) -> Any:
            if reference.form != "secret":
                raise TemplateError("only secrets can stand in a channel's address", str(reference))
            return self._secrets.resolve(reference.arguments[0])

        found = resolve(self._url, look_up, join)
        address = str(reveal(found))
        if isinstance(found, SecretValue):
            # apprise takes the address apart: its messages may name a part of it.
            for part in (address, *address.split("/"), urlsplit(address).query):
                if len(part) >= _SHORTEST:
                    self._secrets.register(part)
        return address


class _Said(logging.Handler):
    """The last complaint of the thread it was made in: apprise has one logger for all."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self._thread = threading.get_ident()
        self.last = ""

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread == self._thread:
            self.last = record.getMessage()
