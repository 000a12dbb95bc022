"""Collecting everything that is wrong, each with its place; pydantic's errors told in our words.

A pydantic error names a path through the value. The path is followed through the spots: steps that are no part of what the user wrote (a union's
branch, a key marker) fall out, a missing key gets the place of the mapping that lacks it, an unknown key its own place and the nearest known one.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

from pydantic import BaseModel, ValidationError

from interlock.config.places import Placed, Spot
from interlock.model.errors import ConfigurationError, Location, Problem
from interlock.model.units import nearest

_COMPONENT = re.compile(r"^components\.[a-z0-9_-]+")
M = TypeVar("M", bound=BaseModel)
_HIDDEN = frozenset(
    {"token", "headers", "environ", "secrets", "backend_config", "expect"}
)  # places where people paste secrets


class Problems:
    """All problems of one reading. `warnings` do not stop it."""

    def __init__(self) -> None:
        self.errors: list[Problem] = []
        self.warnings: list[Problem] = []
        self._seen = set[tuple[Location, str, str]]()

    def add(
        self,
        location: Location,
        slug: str,
        message: str,
        *,
        value: Any = None,
        known: Iterable[str] = (),
        near: str | None = None,
        hint: str | None = None,
        warning: bool = False,
    ) -> None:
        """`known` are the names it might have meant: the nearest is suggested, and without one the hint lists them."""
        text = None if value is None else show(value)
        names = sorted(known)
        near = near or (nearest(value, names) if isinstance(value, str) else None)
        if near is None and hint is None and names:
            hint = f"There is {listed(names)}"
        severity = "warning" if warning else "error"
        self.extend([Problem(location, slug, message, value=text, nearest=near, hint=hint, severity=severity)])

    def extend(self, problems: Iterable[Problem]) -> None:
        """A mistake in `defaults:` or `discover:` is told once, for the first of the components that have it."""
        for problem in problems:
            key = (problem.location, problem.slug, _COMPONENT.sub("", problem.message))
            if key not in self._seen:
                self._seen.add(key)
                (self.warnings if problem.severity == "warning" else self.errors).append(problem)

    def validation(
        self, error: ValidationError, spot: Spot, model: type[BaseModel], path: tuple[str, ...] = ()
    ) -> None:
        """The problems of `error`, raised by `model` for the value at `spot`, which `path` leads to in the file."""
        grouped: dict[tuple[Any, ...], list[tuple[str, str, Any]]] = {}
        for item in error.errors(include_url=False):
            loc = item["loc"]
            step, slug, words = _told(item)
            place = _steps(spot, loc)
            last = loc[-1] if loc else ""
            if slug == "missing-key":
                key: tuple[Any, ...] = (*place, last, "missing")
            elif slug == "unknown-key":
                key = (*place, "key")
            else:
                key = (*place, "key") if step else place
            grouped.setdefault(key, []).append((slug, words, item["input"]))
        for key, found in grouped.items():
            self._one(key, found, spot, model, path)

    def _one(
        self,
        key: tuple[Any, ...],
        found: list[tuple[str, str, Any]],
        spot: Spot,
        model: type[BaseModel],
        path: tuple[str, ...],
    ) -> None:
        slug, words, value = found[0]
        if slug == "missing-key":
            place = key[:-2]
            where = dotted((*path, *place))
            message = f"{where} has no '{key[-2]}'" if where else f"'{key[-2]}' is missing"
            self.add(spot.find(place).location, slug, message, hint=_described(model, place, key[-2]))
            return
        if key and key[-1] == "key":
            place = key[:-1]
            location, name = spot.find(place).key_location, str(place[-1]) if place else ""
            if slug == "unknown-key":
                inside = dotted((*path, *place[:-1]))
                message = f"unknown key '{name}'" + (f" in {inside}" if inside else "")
                self.add(location, slug, message, value=name, known=known_keys(model, place[:-1]))
            else:
                self.add(location, slug, f"'{name}' {words}", value=name)
            return
        where = dotted((*path, *key))
        hidden = bool(_HIDDEN.intersection(map(str, key))) or slug == "secret-in-clear"
        hidden = hidden or (not path and key[:1] == ("notifications",))
        said = " or ".join(dict.fromkeys(other for _, other, _ in found))
        shown = None if hidden or value in (None, "") or isinstance(value, dict | list) else show(value)
        if slug == "wrong-type":
            said += f", not {_sort(value, hidden=hidden)}"
        elif shown is not None and said.startswith("must"):
            said += f", not '{shown}'"
        elif shown is not None:
            said = f"'{shown}' {said}"
            where += ":" if where else ""
        elif not said.startswith(("must", "needs", "has", "holds")):
            where += ":" if where else ""
        choices = known_choices(model, key) if slug == "not-a-choice" else ()
        near = nearest(value, list(choices)) if isinstance(value, str) and choices else None
        message = f"{where} {said}".strip()
        self.extend([Problem(spot.find(key).location, slug, message, value=shown, nearest=near)])

    def model(self, model: type[M], placed: Placed, path: tuple[str, ...] = ()) -> M | None:
        """The validated value; None after its problems were collected."""
        try:
            return model.model_validate(placed[0])
        except ValidationError as error:
            self.validation(error, placed[1], model, path)
            return None

    def raise_if_any(self) -> None:
        if self.errors:
            raise ConfigurationError(tuple(self.errors))


@lru_cache(maxsize=256)
def field_names(model: type[BaseModel]) -> frozenset[str]:
    """The keys of a model as they are written."""
    return frozenset(info.alias or name for name, info in model.model_fields.items())


def show(value: Any) -> str:
    """A value as a person wrote it, at most 60 characters of it."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    text = " ".join(text.split()) if "\n" in text else text
    return text if len(text) <= 60 else text[:59] + "…"


def listed(names: Iterable[str], most: int = 12) -> str:
    """`a, b and c`; of very many the first and how many more."""
    all_names = list(names)
    if len(all_names) > most:
        return f"{', '.join(all_names[:most])} and {len(all_names) - most} more"
    if len(all_names) < 2:
        return "".join(all_names)
    return f"{', '.join(all_names[:-1])} and {all_names[-1]}"


def dotted(path: Iterable[Any]) -> str:
    """`environments.production.after[0]`."""
    text = ""
    for step in path:
        text += f"[{step}]" if isinstance(step, int) else f".{step}" if text else str(step)
    return text


def _steps(spot: Spot, loc: tuple[Any, ...]) -> tuple[Any, ...]:
    """The part of `loc` that is in the value."""
    found: list[Any] = []
    for step in loc:
        child = spot.child(step)
        if child is not None:
            found.append(step)
            spot = child
    return tuple(found)


_TYPES = {
    "string_type": "must be text",
    "int_type": "must be a whole number",
    "int_from_float": "must be a whole number",
    "int_parsing": "must be a whole number",
    "float_type": "must be a number",
    "float_parsing": "must be a number",
    "bool_type": "must be true or false",
    "bool_parsing": "must be true or false",
    "dict_type": "must be a mapping",
    "mapping_type": "must be a mapping",
    "model_type": "must be a mapping",
    "model_attributes_type": "must be a mapping",
    "list_type": "must be a list",
    "tuple_type": "must be a list",
    "set_type": "must be a list",
    "frozen_set_type": "must be a list",
    "none_required": "must be null",
}


def _told(item: Mapping[str, Any]) -> tuple[bool, str, str]:
    """(about the key itself?, slug, words that follow the name of the thing)."""
    of_key = bool(item["loc"]) and item["loc"][-1] == "[key]"
    context: Mapping[str, Any] = item.get("ctx", {})
    name = item["type"]
    if name in _TYPES:
        return of_key, "wrong-type", _TYPES[name]
    tell: dict[str, Callable[[], tuple[str, str]]] = {
        "missing": lambda: ("missing-key", ""),
        "extra_forbidden": lambda: ("unknown-key", ""),
        "literal_error": lambda: ("not-a-choice", f"must be {context['expected']}"),
        "enum": lambda: ("not-a-choice", f"must be {context['expected']}"),
        "greater_than_equal": lambda: ("out-of-range", f"must be at least {context['ge']}"),
        "greater_than": lambda: ("out-of-range", f"must be more than {context['gt']}"),
        "less_than_equal": lambda: ("out-of-range", f"must be at most {context['le']}"),
        "less_than": lambda: ("out-of-range", f"must be less than {context['lt']}"),
        "string_too_short": lambda: ("empty-value", "must not be empty"),
        "too_short": lambda: ("empty-value", "must not be empty"),
        "string_pattern_mismatch": lambda: ("invalid-value", f"does not match {context['pattern']}"),
        "value_error": lambda: ("invalid-value", str(context["error"])),
    }
    if name in tell:
        return of_key, *tell[name]()
    message: str = item["msg"]
    if "-" in name:  # one of our own, raised as PydanticCustomError(slug, words)
        return of_key, name, message
    return of_key, "invalid-value", message[:1].lower() + message[1:]


def _sort(value: Any, *, hidden: bool) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "a boolean" if hidden else f"{show(value)} (a boolean)"
        case int() | float():
            return "a number" if hidden else f"the number {value}"
        case str():
            return "a text" if hidden else f"the text '{show(value)}'"
        case dict():
            return "a mapping"
        case _:
            return "a list"


def _inner(annotation: Any) -> list[Any]:
    """The alternatives of an annotation, `Annotated` and unions unpacked."""
    if hasattr(annotation, "__metadata__"):
        return _inner(annotation.__origin__)
    if get_origin(annotation) in (Union, UnionType):
        return [found for part in get_args(annotation) for found in _inner(part)]
    return [annotation]


def _at(model: Any, place: Iterable[Any]) -> list[Any]:
    """The types that may stand at `place` below `model`."""
    found = _inner(model)
    for step in place:
        following: list[Any] = []
        for one in found:
            if isinstance(one, type) and issubclass(one, BaseModel):
                following += [
                    inner
                    for name, info in one.model_fields.items()
                    if (info.alias or name) == step
                    for inner in _inner(info.annotation)
                ]
            elif get_args(one):
                following += _inner(get_args(one)[1 if get_origin(one) is dict else 0])
        found = following
    return found


def known_keys(model: type[BaseModel], place: Iterable[Any]) -> tuple[str, ...]:
    """The keys that the mapping at `place` below `model` may have."""
    keys = set[str]()
    for one in _at(model, place):
        if isinstance(one, type) and issubclass(one, BaseModel):
            keys |= {info.alias or name for name, info in one.model_fields.items()}
    return tuple(sorted(keys))


def known_choices(model: type[BaseModel], place: Iterable[Any]) -> tuple[str, ...]:
    """The literal texts that may stand at `place` below `model`."""
    return tuple(str(c) for one in _at(model, place) for c in get_args(one) if isinstance(c, str))


def _described(model: type[BaseModel], place: Iterable[Any], key: Any) -> str | None:
    for one in _at(model, place):
        if isinstance(one, type) and issubclass(one, BaseModel):
            for name, info in one.model_fields.items():
                if (info.alias or name) == key and info.description:
                    return f"{key}: {info.description}"
    return None
