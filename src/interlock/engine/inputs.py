"""A component's inputs: its variables with every reference resolved.

They are kept with the plan and the release as one encrypted blob in a stored form: plain values as they are, outputs of other components as they were
(sensitive ones marked), secrets as references, never values. Drift and rollback read that form back: the inputs of then, the secrets of now.
"""

import json
from collections.abc import Mapping
from typing import Any

from interlock.engine.artifacts import artifact_of
from interlock.engine.context import Context
from interlock.model.digest import canonical
from interlock.model.errors import NotFound
from interlock.model.manifest import Pair, Step
from interlock.model.plan import Blob, substitute
from interlock.model.release import Release
from interlock.model.template import Reference, references, resolve
from interlock.store import ledger
from interlock.world import Secrets
from interlock.world.secrets import from_stored, join, reveal, sensitive, to_stored


def resolve_inputs(context: Context, pair: Pair, zone: str, commit: str) -> dict[str, Any]:
    """The pair's variables, resolved now: outputs from the ledger, secrets from their sources. Raises NotFound, SecretUnresolved."""
    secrets = context.worlds.secrets

    def look_up(reference: Reference) -> Any:
        match reference.form:
            case "component_output":
                return output_of(context, pair.environment, *reference.arguments)
            case "environment":
                return pair.environment if reference.arguments[0] == "name" else zone
            case "commit":
                return commit
            case "secret":
                return secrets.resolve(reference.arguments[0])
            case "component_artifact":
                return artifact_of(context, pair.environment, reference)
            case _:
                raise NotFound(f"'${{{reference}}}' has no value in variables of {pair.component}")

    return dict(resolve(pair.variables, look_up, join))


def output_of(context: Context, environment: str, component: str, name: str) -> Any:
    """What the standing release of `component` published; a sensitive value comes back as a secret. Raises NotFound."""
    with context.store.database.read() as tx:
        release = ledger.current(tx, component, environment)
    if release is None:
        raise NotFound(
            f"{component} is not deployed in {environment}, so its output '{name}' has no value yet",
            hint=f"deploy {component} first",
            slug="no-release",
        )
    if name not in release.outputs:
        known = ", ".join(sorted(release.outputs)) or "none"
        raise NotFound(
            f"release {release.id} of {component} in {environment} has no output '{name}'",
            hint=f"it has: {known}",
            slug="no-output",
        )
    return value_of(context, release, name)


def value_of(context: Context, release: Release, name: str) -> Any:
    """One output in clear; a sensitive one as a secret, registered for redaction."""
    if not release.outputs[name].sensitive:
        return release.outputs[name].value
    clear = json.loads(context.store.blobs.get(release.outputs_blob))
    return sensitive(clear[name]["value"], context.worlds.secrets)


def store_inputs(context: Context, inputs: Mapping[str, Any]) -> Blob:
    return context.store.blobs.put(canonical(to_stored(inputs)))


def load_inputs(context: Context, blob: Blob, secrets: Secrets) -> dict[str, Any]:
    """The inputs as they were, with secrets resolved as they are now."""
    return dict(from_stored(json.loads(context.store.blobs.get(blob)), secrets))


def inputs_digest(context: Context, inputs: Mapping[str, Any], commit: str, tree: str) -> str:
    """Keyed digest of the values themselves, secrets included, so that a rotated secret shows; `commit` enters as a reference plus the tree."""
    value = reveal(inputs)
    return context.store.keyed.digest("inputs", substitute(value, commit, f"${{commit}}@{tree}") if commit else value)


def uses_commit(pair: Pair) -> bool:
    return any(reference.form == "commit" for reference in references(pair.variables))


def inputs_unchanged(context: Context, step: Step, zone: str) -> bool:
    """A conditional step is in only because a dependency was deployed: do its inputs resolve to those of its release?"""
    pair = step.pair
    with context.store.database.read() as tx:
        release = ledger.current(tx, pair.component, pair.environment)
    if release is None:
        return False
    now = resolve_inputs(context, pair, zone, step.commit)
    then = load_inputs(context, release.inputs, context.worlds.secrets)
    return inputs_digest(context, now, step.commit, step.tree) == inputs_digest(
        context, then, release.commit, release.tree
    )
