"""What differs between two configurations of one pair, key by key, in the words of the file the user wrote (`variables.size`, `depends_on`)."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import BaseModel, ValidationError

from interlock.kind import Kind
from interlock.model.manifest import EnvironmentSpec, Pair
from interlock.model.template import Reference, references

#: Keys of a pair that a deployment acts on. `ignore` is not among them: it only says which drift is known.
_COMMON = ("kind", "depends_on", "soak")


@dataclass(frozen=True)
class Configured:
    """What a configuration says, as far as `affected` compares it."""

    pairs: Mapping[tuple[str, str], Pair]  # (environment, component) →
    environments: Mapping[str, EnvironmentSpec] = field(default_factory=dict)
    secrets: Mapping[str, Any] = field(default_factory=dict)  # name → source, never a value


@dataclass(frozen=True, order=True)
class Difference:
    """`text` says how, without values: they may be long, or name what should not be shown."""

    key: str
    text: str


def pair_differences(old: Pair, new: Pair, kind: Kind | None) -> tuple[Difference, ...]:
    """Sorted by key."""
    if _acted_on(old) == _acted_on(new):
        return ()
    before, after = _flat(old, kind), _flat(new, kind)
    return tuple(
        Difference(key, _how(before.get(key), after.get(key)) if key in before and key in after else _one(key in after))
        for key in sorted(before.keys() | after.keys())
        if before.get(key) != after.get(key)
    )


def _acted_on(pair: Pair) -> tuple[object, ...]:
    return pair.kind, pair.settings, pair.variables, pair.depends_on, pair.checks, pair.soak


def surrounding_differences(old: Configured, new: Configured, pair: Pair) -> tuple[Difference, ...]:
    """Keys outside the component that it depends on: its environment's zone and credentials, the sources of the secrets it names."""
    if old is new:
        return ()
    found = []
    before, after = old.environments.get(pair.environment), new.environments.get(pair.environment)
    if before is not None and after is not None:
        place = f"environments.{pair.environment}"
        if before.zone != after.zone:
            found.append(Difference(f"{place}.zone", f"was {before.zone}, is {after.zone}"))
        if _json(before.plan_credentials.__dict__) != _json(after.plan_credentials.__dict__):
            found.append(Difference(f"{place}.credentials.plan", "changed"))
        if _json(before.apply_credentials.__dict__) != _json(after.apply_credentials.__dict__):
            found.append(Difference(f"{place}.credentials.apply", "changed"))
    for name in sorted(_secrets(pair, after)):
        if name in old.secrets and _json(old.secrets[name]) != _json(new.secrets.get(name)):
            found.append(Difference(f"secrets.{name}", "has another source"))
    return tuple(sorted(found))


def used(pair: Pair) -> tuple[tuple[str, Reference], ...]:
    """(key, reference) of everything that goes into the pair's plan, sorted."""
    keys: dict[str, Any] = {f"variables.{name}": value for name, value in pair.variables.items()}
    keys |= dict(pair.settings.items())
    return tuple(sorted({(key, reference) for key, value in keys.items() for reference in references(value)}))


def _secrets(pair: Pair, environment: EnvironmentSpec | None) -> set[str]:
    names = {reference.arguments[0] for _, reference in used(pair) if reference.form == "secret"}
    names |= {reference.arguments[0] for reference in references(_plain(pair.checks)) if reference.form == "secret"}
    if environment is not None:
        names |= {*environment.plan_credentials.secrets.values(), *environment.apply_credentials.secrets.values()}
    return names


def _flat(pair: Pair, kind: Kind | None) -> dict[str, str]:
    """Key → its value as canonical JSON. Mappings count key by key, one level down."""
    values: dict[str, Any] = {name: getattr(pair, name) for name in _COMMON}
    values["checks"] = _plain(pair.checks)
    values |= _completed(pair.settings, kind)
    flat: dict[str, str] = {}
    for key, value in (*values.items(), ("variables", pair.variables)):
        flat |= dict(_keys(key, value))
    return flat


def _keys(key: str, value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, Mapping):
        yield from ((f"{key}.{name}", _json(item)) for name, item in value.items())
    else:
        yield key, _json(value)


def _completed(settings: Mapping[str, Any], kind: Kind | None) -> Mapping[str, Any]:
    """With defaults, so that a key written with its default, or one that a later version added, is no difference."""
    if kind is None:
        return settings
    try:
        model: BaseModel = kind.settings.model_validate(dict(settings))
    except ValidationError:
        return settings
    return model.model_dump(mode="json")


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=lambda item: getattr(item, "__dict__", str(item)), sort_keys=True))


def _json(value: Any) -> str:
    return json.dumps(_plain(value), sort_keys=True)


def _how(old: str | None, new: str | None) -> str:
    return "changed" if old is not None and new is not None else _one(new is not None)


def _one(is_new: bool) -> str:
    return "added" if is_new else "removed"
