"""Rows for the reference of both files, from the same schemas that editors get: key, type, default, description."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from interlock.config.problems import show
from interlock.config.schema import Schema, schemas
from interlock.kind import Kind


@dataclass(frozen=True)
class Row:
    """`key` is the path within the file: `environments.NAME.approval.count`, `components.NAME.checks[].http.url`. `default` is "" where there is
    none, and `required` where the key must be there. `kind` is "" for what all components share."""

    file: str
    key: str
    type: str
    default: str
    description: str
    kind: str = ""


def rows(kinds: Mapping[str, Kind]) -> tuple[Row, ...]:
    """organization.yaml first, then interlock.yaml: what all components share, then each kind's own keys, in the models' order."""
    found: list[Row] = []
    made = schemas(kinds)
    found += _rows("organization.yaml", made["organization.yaml"], made["organization.yaml"], "")
    what = made["interlock.yaml"]
    for key, schema in what["properties"].items():
        found.append(_row("interlock.yaml", key, schema, what, required=False))
    for index, (name, kind) in enumerate(sorted(kinds.items())):
        schema = kind.settings.model_json_schema()
        own, required = set(schema["properties"]), set(schema.get("required", ()))
        component = what["$defs"][f"component-{name}"]
        for row in _rows("interlock.yaml", component, what, "components.NAME."):
            key = row.key.removeprefix("components.NAME.").split(".")[0].split("[")[0]
            if key in own:
                found.append(replace(row, kind=name, default="required" if key in required else row.default))
            elif index == 0:
                found.append(replace(row, type=" | ".join(sorted(kinds)), default="required") if key == "kind" else row)
    return tuple(sorted(found, key=lambda row: (row.file != "organization.yaml", row.kind)))


def _rows(file: str, schema: Schema, root: Schema, prefix: str) -> Iterator[Row]:
    required = schema.get("required", [])
    for key, value in schema.get("properties", {}).items():
        yield _row(file, prefix + key, value, root, required=key in required)
        if key != "environments" or prefix == "":  # a component's own keys again
            yield from _inside(file, value, root, prefix + key)


def _inside(file: str, schema: Schema, root: Schema, path: str) -> Iterator[Row]:
    schema = _resolved(schema, root)
    if "properties" in schema:
        yield from _rows(file, schema, root, path + ".")
    elif (values := _values(schema)) is not None:
        yield from _inside(file, values, root, path + ".NAME")
    elif isinstance(schema.get("items"), dict):
        yield from _inside(file, schema["items"], root, path + "[]")


def _values(schema: Schema) -> Schema | None:
    """The schema of the values of a mapping whose keys are free, or bound to a pattern."""
    values = schema.get("additionalProperties") or next(iter(schema.get("patternProperties", {}).values()), None)
    return values if isinstance(values, dict) else None


def _resolved(schema: Schema, root: Schema) -> Schema:
    """Behind a reference, and behind "or nothing"."""
    options = [option for option in schema.get("anyOf", ()) if option != {"type": "null"}]
    if len(options) == 1:
        return _resolved(options[0], root)
    reference = schema.get("$ref")
    return root["$defs"][reference.rsplit("/", 1)[1]] if reference else schema


def _row(file: str, key: str, schema: Schema, root: Schema, *, required: bool) -> Row:
    default = schema.get("default")
    shown = "required" if required else "" if default in (None, {}, [], "") else _default(default)
    return Row(file, key, _type(schema, root), shown, schema.get("description", ""))


def _default(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(show(item) for item in value)
    return "" if isinstance(value, dict) else show(value)


def _type(schema: Schema, root: Schema) -> str:
    if "enum" in schema:
        return " | ".join(str(choice) for choice in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    if len(schema.get("anyOf", ())) > 1 and _resolved(schema, root) is schema:
        return " or ".join(dict.fromkeys(_type(option, root) for option in schema["anyOf"]))
    if "format" in schema:
        return str(schema["format"])
    resolved = _resolved(schema, root)
    kind = resolved.get("type")
    if isinstance(kind, list):
        return " or ".join(_WORDS.get(str(one), str(one)) for one in kind)
    if kind == "array":
        return f"list of {_type(resolved.get('items', {}), root)}"
    if kind == "object" and "properties" not in resolved and (values := _values(resolved)) is not None:
        return f"name → {_type(values, root)}"
    return _WORDS.get(str(kind), "any value")


_WORDS = {
    "string": "text",
    "integer": "whole number",
    "number": "number",
    "boolean": "true or false",
    "object": "mapping",
    "array": "list",
    "null": "null",
}
