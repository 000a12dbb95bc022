"""Keeping secrets out: what programs call sensitive is registered at once, masked in plans, and handed on only as values that do not print."""

from collections.abc import Mapping
from typing import Any

from interlock.kinds.command.diff import Masking
from interlock.model.digest import canonical
from interlock.model.errors import InterlockError
from interlock.model.plan import Blob
from interlock.model.receipt import Output
from interlock.world import World
from interlock.world.secret_values import sensitive


def masking(world: World) -> Masking:
    return Masking(world.secrets.mask, world.secrets.scrub)


def published(clear: Mapping[str, Mapping[str, Any]], world: World) -> tuple[dict[str, Output], Blob | None]:
    """Outputs for a receipt: masked where sensitive, and the blob with all of them in clear; None when there are none.

    `clear` maps names to {"value", "sensitive"}.
    """
    if not clear:
        return {}, None
    shown = {}
    for name, one in sorted(clear.items()):
        if one["sensitive"]:
            sensitive(one["value"], world.secrets)
        value = world.secrets.mask(one["value"]) if one["sensitive"] else world.secrets.scrub(one["value"])
        shown[name] = Output(value, bool(one["sensitive"]))
    return shown, world.blobs.put(
        canonical({name: {"value": one["value"], "sensitive": bool(one["sensitive"])} for name, one in clear.items()})
    )


def told(error: InterlockError, world: World) -> str:
    """What went wrong, with the last words of the program, redacted."""
    tail = "\n".join(str(getattr(error, "output", "")).strip().splitlines()[-20:])
    return world.secrets.redact(f"{error.message}\n{tail}" if tail else error.message)
