"""Values of the model as JSON and back, by their type annotations: dataclasses, enums, tuples, mappings and optional ones.

Fields annotated `Any` keep plain JSON as it is. Decoding is strict: an unknown field, or a missing one that has no default, is a record
that was damaged or written by a newer version, and is Corrupt rather than guessed at.
"""

import dataclasses
import functools
import json
import types
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar, Union, get_args, get_origin, get_type_hints

from interlock.model.digest import canonical
from interlock.model.errors import Corrupt

T = TypeVar("T")


def dump(value: Any) -> str:
    """Canonical JSON text of a model value, or of a tuple or mapping of them."""
    return canonical(_plain(value)).decode()


def load(type_: type[T], text: str) -> T:
    """The value that `dump` wrote. `type_` may be generic (`tuple[Gate, ...]`). Raises Corrupt."""
    try:
        return _build(type_, json.loads(text))  # type: ignore[no-any-return]
    except (ValueError, TypeError, KeyError) as error:
        raise Corrupt(
            f"a stored {getattr(type_, '__name__', type_)} cannot be read: {type(error).__name__}",
            hint="`interlock audit verify` tells whether records were altered",
            slug="record-unreadable",
        ) from error


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: _plain(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in value]
    if isinstance(value, set | frozenset):
        return sorted(_plain(v) for v in value)
    return value


@functools.cache
def _hints(type_: type) -> dict[str, Any]:
    return get_type_hints(type_)


def _build(type_: Any, value: Any) -> Any:
    origin, arguments = get_origin(type_), get_args(type_)
    if origin in (Union, types.UnionType):
        return _optional(arguments, value)
    if origin is tuple:
        if not isinstance(value, list):
            raise TypeError("not a list")
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(_build(arguments[0], v) for v in value)
        return tuple(_build(a, v) for a, v in zip(arguments, value, strict=True))
    if origin is not None and issubclass(origin, Mapping):
        return {k: _build(arguments[1], v) for k, v in _object(value).items()}
    if isinstance(type_, type) and issubclass(type_, Enum):
        return type_(value)
    if isinstance(type_, type) and dataclasses.is_dataclass(type_):
        hints = _hints(type_)
        return type_(**{name: _build(hints[name], v) for name, v in _object(value).items()})
    return value


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("not an object")
    return value


def _optional(arguments: tuple[Any, ...], value: Any) -> Any:
    """`X | None` builds X; a union of plain types (`str | int`) is kept as it came."""
    if value is None:
        return None
    rest = [a for a in arguments if a is not type(None)]
    return _build(rest[0], value) if len(rest) == 1 else value
