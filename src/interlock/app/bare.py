"""A world for work that needs no data folder, no key and no secrets: static checks, and asking programs for their version."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NoReturn, cast

from interlock.model.digest import Keyed
from interlock.model.plan import Blob
from interlock.world import Cancel, Http, World


def cache_folder(environ: Mapping[str, str]) -> Path:
    """`$XDG_CACHE_HOME/interlock`: what can be made again, for commands that have no data folder."""
    named = Path(environ.get("XDG_CACHE_HOME", ""))
    user = Path(environ.get("HOME") or Path.home())
    return (named if named.is_absolute() else user / ".cache") / "interlock"


def bare_world(cache: Path, cancel: Cancel, log: Callable[[str], None]) -> World:
    """Programs run in it as anywhere; it stores nothing, asks no network and holds no secret."""
    from interlock.world.clock import SystemClock
    from interlock.world.proc import Programs
    from interlock.world.secrets import SecretStore

    secrets = SecretStore({}, {}, Keyed(bytes(32)))  # nothing secret is here to be masked
    return World(
        proc=Programs(secrets, cancel),
        clock=SystemClock(),
        cancel=cancel,
        secrets=secrets,
        blobs=_Nothing(),
        http=cast(Http, _Nothing()),
        log=log,
        cache=cache,
    )


class _Nothing:
    """In place of what a static check has no use for."""

    def put(self, data: bytes) -> Blob:  # noqa: ARG002
        raise RuntimeError("a check stores nothing")

    def put_file(self, path: Path) -> Blob:  # noqa: ARG002
        raise RuntimeError("a check stores nothing")

    def get(self, blob: Blob) -> bytes:  # noqa: ARG002
        raise RuntimeError("a check reads no stored bytes")

    def request(self, *_: object, **__: object) -> NoReturn:
        raise RuntimeError("a check asks nobody")
