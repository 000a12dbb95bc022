"""Files of other components as inputs: `${components.build.artifacts.bundle}`.

Such an input is resolved to which bytes it is, not to where they lie: it is stored, compared and approved by digest. So a new file is a new input,
and drift or rollback uses the file of then, whatever its component has made since. Where the bytes lie is put in only when a kind is called.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from interlock.engine.context import Context
from interlock.model.errors import NotFound
from interlock.model.plan import Blob
from interlock.model.template import Reference
from interlock.store import ledger
from interlock.world.secret_values import ARTIFACT, SecretText, SecretValue, artifact


def artifact_of(context: Context, environment: str, reference: Reference) -> SecretValue:
    """The file that the standing release published. Raises NotFound."""
    component, name = reference.arguments
    with context.store.database.read() as tx:
        release = ledger.current(tx, component, environment)
    if release is None or name not in release.artifacts:
        raise NotFound(
            f"{component} has no artifact '{name}' in {environment}",
            hint=f"deploy {component} first",
            slug="no-artifact",
        )
    blob = release.artifacts[name]
    return artifact(str(reference), blob.digest, blob.size)


def artifacts_in(inputs: Any) -> dict[str, Blob]:
    """Reference → bytes, of every artifact among `inputs`."""
    return {held["reference"]: Blob(held["digest"], held["size"]) for held in _held(inputs)}


def with_paths(inputs: Any, paths: Mapping[str, Path]) -> Any:
    """`inputs` with each artifact as the path of its file. A text that also holds a secret stays one."""
    if isinstance(inputs, SecretValue):
        held = _held(inputs)
        if not held:
            return inputs
        text = str(inputs.reveal())
        for one in held:
            text = text.replace(str(artifact(**one).reveal()), str(paths[one["reference"]]))
        parts = inputs.stored.get("$join", ())
        secret = any(isinstance(part, Mapping) and ARTIFACT not in part for part in parts)
        return SecretText(text, inputs.stored) if secret else text
    if isinstance(inputs, Mapping):
        return {key: with_paths(item, paths) for key, item in inputs.items()}
    if isinstance(inputs, list | tuple):
        return [with_paths(item, paths) for item in inputs]
    return inputs


def _held(value: Any) -> list[Mapping[str, Any]]:
    if isinstance(value, SecretValue):
        parts = value.stored.get("$join", [value.stored])
        return [part[ARTIFACT] for part in parts if isinstance(part, Mapping) and ARTIFACT in part]
    if isinstance(value, Mapping):
        return [held for item in value.values() for held in _held(item)]
    if isinstance(value, list | tuple):
        return [held for item in value for held in _held(item)]
    return []
