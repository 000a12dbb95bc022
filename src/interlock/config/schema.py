"""JSON Schema (2020-12) of the two files, for editors: made from the models that read them, the kinds' settings included.

A schema cannot say everything `load` does (what refers to what, which folder is there). What it refuses, `load` refuses too; so an editor
that shows no mistake still leaves `interlock validate` something to say, never the other way round.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from interlock.config.component import Component, ComponentsFile, Override
from interlock.config.organization import OrganizationFile
from interlock.config.types import NAME_PATTERN
from interlock.kind import Kind

Schema = dict[str, Any]
_DIALECT = "https://json-schema.org/draft/2020-12/schema"


def schemas(kinds: Mapping[str, Kind]) -> dict[str, Schema]:
    """File name → its schema."""
    return {"organization.yaml": organization_schema(), "interlock.yaml": components_schema(kinds)}


def organization_schema() -> Schema:
    schema = _clean(OrganizationFile.model_json_schema())
    return {"$schema": _DIALECT, **schema, "title": "organization.yaml", "patternProperties": {"^x-": {}}}


def components_schema(kinds: Mapping[str, Kind]) -> Schema:
    """A component is one of the kinds' (`$defs: component-KIND`): the common keys and the kind's own, none required, because `discover:`
    and `defaults:` may give any of them."""
    defs: dict[str, Any] = {}
    common = _properties(Component, defs)
    override = _properties(Override, defs)
    every: dict[str, Any] = dict(common)
    names = []
    for name, kind in sorted(kinds.items()):
        own = _properties(kind.settings, defs)
        names.append(f"component-{name}")
        defs[names[-1]] = _component({**common, **own}, {**override, **own}, {"const": name})
        every |= own
    everything = {
        **every,
        **{key: value for n in names for key, value in defs[n]["properties"].items() if key != "kind"},
    }
    defs["defaults"] = _component(everything, {**override, **every}, {"enum": sorted(kinds)})
    defs["component"] = {"anyOf": [{"$ref": f"#/$defs/{name}"} for name in names] + [{"type": "null"}]}
    top = _clean(ComponentsFile.model_json_schema())["properties"]
    top["components"] = {
        "description": top["components"]["description"],
        "type": "object",
        "additionalProperties": {"$ref": "#/$defs/component"},
        "propertyNames": {"pattern": NAME_PATTERN},
    }
    top["defaults"] |= {"$ref": "#/$defs/defaults"}
    top["discover"]["anyOf"][2] = {
        "type": "object",
        "additionalProperties": {"anyOf": [{"$ref": "#/$defs/defaults"}, {"type": "null"}]},
    }
    return {
        "$schema": _DIALECT,
        "title": "interlock.yaml",
        "type": "object",
        "properties": top,
        "patternProperties": {"^x-": {}},
        "additionalProperties": False,
        "$defs": dict(sorted(defs.items())),
    }


def _component(properties: Schema, override: Schema, kind: Schema) -> Schema:
    described = {"kind": {**{k: v for k, v in properties["kind"].items() if k == "description"}, **kind}}
    one = {"anyOf": [{"type": "object", "properties": override, "additionalProperties": False}, {"type": "null"}]}
    environments = {
        "description": properties["environments"].get("description", ""),
        "anyOf": [
            {"type": "array", "items": {"type": "string"}, "minItems": 1, "uniqueItems": True},
            {
                "type": "object",
                "additionalProperties": one,
                "propertyNames": {"pattern": NAME_PATTERN},
                "minProperties": 1,
            },
        ],
    }
    return {
        "type": "object",
        "properties": {**properties, **described, "environments": environments},
        "additionalProperties": False,
    }


def _properties(model: type[BaseModel], defs: dict[str, Any]) -> Schema:
    """The properties of a model; what they refer to goes into `defs`."""
    schema = _clean(model.model_json_schema())
    defs.update(schema.get("$defs", {}))
    return dict(schema["properties"])


def _clean(value: Any) -> Any:
    """Without the titles pydantic makes of field names, and without the null that only stands for "left out" (`types.Given` refuses it)."""
    if isinstance(value, list):
        return [_clean(item) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: _clean(item) for key, item in value.items() if not (key == "title" and isinstance(item, str))}
    if found.get("format") == "duration with unit" and isinstance(found.get("default"), float):
        found["default"] = f"{found['default']:g}s"
    if found.get("default", ...) is None and "anyOf" in found:
        del found["default"]
        rest = [option for option in found.pop("anyOf") if option != {"type": "null"}]
        found = {**(rest[0] if len(rest) == 1 else {"anyOf": rest}), **found}
    return found
