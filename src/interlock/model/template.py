"""References in values: `${components.network.outputs.vpc_id}`, `${outputs.url}`, `${environment.name}`, `${commit}`, `${secret:NAME}`.

References only, never code (DESIGN §6). `$${` is a literal `${`. A value that is exactly one reference keeps the type of what it refers to (a
list output stays a list); a reference inside text must resolve to a string, number or boolean.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(r"\$\$\{|\$\{([^{}]*)\}|\$\{")
_NAME = r"[A-Za-z0-9][A-Za-z0-9_.-]*"
_FORMS = (
    (re.compile(rf"components\.({_NAME}?)\.outputs\.([A-Za-z_][A-Za-z0-9_-]*)"), "component_output"),
    (re.compile(rf"components\.({_NAME}?)\.artifacts\.([A-Za-z_][A-Za-z0-9_.-]*)"), "component_artifact"),
    (re.compile(r"outputs\.([A-Za-z_][A-Za-z0-9_-]*)"), "output"),
    (re.compile(r"environment\.(name|zone)"), "environment"),
    (re.compile(r"(commit)"), "commit"),
    (re.compile(r"secret:([A-Za-z_][A-Za-z0-9_]*)"), "secret"),
)
FORMS = (
    "components.NAME.outputs.OUTPUT, components.NAME.artifacts.NAME, outputs.OUTPUT, environment.name, environment.zone, "
    "commit, secret:NAME"
)


@dataclass(frozen=True, order=True)
class Reference:
    """`form` is one of component_output (name, output), component_artifact (name, artifact), output, environment, commit, secret."""

    form: str
    arguments: tuple[str, ...]

    def __str__(self) -> str:
        match self.form:
            case "component_output":
                return f"components.{self.arguments[0]}.outputs.{self.arguments[1]}"
            case "component_artifact":
                return f"components.{self.arguments[0]}.artifacts.{self.arguments[1]}"
            case "output":
                return f"outputs.{self.arguments[0]}"
            case "environment":
                return f"environment.{self.arguments[0]}"
            case "secret":
                return f"secret:{self.arguments[0]}"
            case _:
                return self.form


class TemplateError(ValueError):
    """A malformed reference; `text` is the offending part."""

    def __init__(self, message: str, text: str) -> None:
        super().__init__(message)
        self.text = text


def parse(text: str) -> tuple[str | Reference, ...]:
    """Literal parts and references, in order. Raises TemplateError."""
    parts: list[str | Reference] = []
    position = 0
    for token in _TOKEN.finditer(text):
        literal = text[position : token.start()]
        position = token.end()
        if token[0] == "$${":
            parts.append(literal + "${")
            continue
        if literal:
            parts.append(literal)
        if token[1] is None:
            raise TemplateError("'${' without its '}'", text[token.start() :])
        parts.append(_reference(token[1]))
    if text[position:]:
        parts.append(text[position:])
    return tuple(parts)


def _reference(text: str) -> Reference:
    for pattern, form in _FORMS:
        if match := pattern.fullmatch(text.strip()):
            return Reference(form, match.groups())
    raise TemplateError(f"'${{{text}}}' is not a known reference; there are {FORMS}", text)


def references(value: Any) -> Iterator[Reference]:
    """Every reference anywhere inside `value` (JSON), in document order, repeats included. Raises TemplateError."""
    if isinstance(value, str):
        if "${" in value:
            yield from (part for part in parse(value) if isinstance(part, Reference))
    elif isinstance(value, Mapping):
        for key in value:
            yield from references(value[key])
    elif isinstance(value, list | tuple):
        for item in value:
            yield from references(item)


def resolve(value: Any, look_up: Callable[[Reference], Any], join: Callable[[list[Any]], Any] | None = None) -> Any:
    """`value` with each reference replaced by `look_up(reference)`, which may raise.

    `join` puts the parts of a mixed text together (the default makes one `str`; world.secrets has one that keeps secrets marked).
    """
    if isinstance(value, str):
        if "${" not in value:
            return value
        parts = parse(value)
        if len(parts) == 1 and isinstance(parts[0], Reference):
            return look_up(parts[0])
        found = [look_up(part) if isinstance(part, Reference) else part for part in parts]
        return (join or _join)(found)
    if isinstance(value, Mapping):
        return {key: resolve(item, look_up, join) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [resolve(item, look_up, join) for item in value]
    return value


def text_of(part: Any) -> str:
    """The text of a scalar inside a longer text; booleans as `true` and `false`. Raises TemplateError for lists, maps and null."""
    if isinstance(part, bool):
        return "true" if part else "false"
    if isinstance(part, str | int | float):
        return str(part)
    raise TemplateError("a list, map or null cannot stand inside a longer text", repr(type(part).__name__))


def _join(parts: list[Any]) -> str:
    return "".join(text_of(part) for part in parts)
