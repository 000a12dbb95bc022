"""What a stack publishes, read from its state: no start of the tool, unless the state itself is encrypted."""

import json
from collections.abc import Mapping
from typing import Any

from interlock.kinds.opentofu import command
from interlock.kinds.opentofu.session import Session, load_json
from interlock.model.plan import Blob
from interlock.model.receipt import Output


def published(ready: Session, state: Mapping[str, Any] | None) -> tuple[dict[str, Output], Blob | None]:
    """Outputs with masks, and the blob that holds all of them in clear: `{name: {"value", "sensitive"}}`. None when there are none."""
    secrets = ready.world.secrets
    clear = {
        name: {"value": one.get("value"), "sensitive": bool(one.get("sensitive"))}
        for name, one in sorted(_outputs(ready, state).items())
    }
    if not clear:
        return {}, None
    shown = {
        name: Output(secrets.mask(one["value"]) if one["sensitive"] else secrets.scrub(one["value"]), one["sensitive"])
        for name, one in clear.items()
    }
    return shown, ready.world.blobs.put(json.dumps(clear, sort_keys=True).encode())


def _outputs(ready: Session, state: Mapping[str, Any] | None) -> Mapping[str, Any]:
    if state is None:
        return {}
    if "encrypted_data" not in state:
        found: Mapping[str, Any] = state.get("outputs") or {}
        return found
    file = ready.scratch / "outputs.json"
    what = f"outputs of {ready.work.what}"
    ready.world.proc.run(
        command.output(ready.program.path), what=what, cwd=ready.stack, environ=ready.environ, stdout_to=file
    )
    document = load_json(file, what)
    file.unlink()
    return document
