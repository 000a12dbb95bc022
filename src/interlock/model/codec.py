"""Values of the model as plain JSON and back, losslessly, by their type annotations.

Every dataclass here is made of strings, numbers, booleans, enums, tuples, mappings, other such dataclasses and `Any` (plain JSON), so one
walk over the annotations serves them all. Decoding is strict: an unknown field, a missing one without default or a value of another
type is a record that was damaged or written by a newer version; it is refused, never guessed at. Inside `Any` a tuple comes back as a list.
"""

import dataclasses
import functools
import types
from collections.abc import Mapping
from enum import Enum
from typing import Any, TypeVar, Union, cast, get_args, get_origin, get_type_hints

from interlock.model.errors import Corrupt
from interlock.model.plan import Plan

T = TypeVar("T")


def encode(value: Any) -> Any:
    """Plain JSON (dict, list, str, int, float, bool, None) of a model value, or of a tuple or mapping of them."""
    if isinstance(value, Enum):
        return value.value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {f.name: encode(getattr(value, f.name)) for f in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(k): encode(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [encode(v) for v in value]
    if isinstance(value, set | frozenset):
        return sorted(encode(v) for v in value)
    return value


def decode(type_: type[T], value: Any) -> T:
    """The value that `encode` was given; `type_` may be generic (`tuple[Gate, ...]`). Raises Corrupt."""
    try:
        return cast(T, _build(type_, value))
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Corrupt(
            f"a stored {getattr(type_, '__name__', type_)} cannot be read: {error}",
            hint="it was altered, or written by a newer version; `interlock audit verify` tells whether records were altered",
            slug="record-unreadable",
        ) from error


def encode_plan(plan: Plan) -> dict[str, Any]:
    return cast(dict[str, Any], encode(plan))


def decode_plan(value: Mapping[str, Any]) -> Plan:
    """Raises Corrupt."""
    return decode(Plan, value)


@functools.cache
def _hints(type_: type) -> dict[str, Any]:
    return get_type_hints(type_)


def _build(type_: Any, value: Any) -> Any:
    origin, arguments = get_origin(type_), get_args(type_)
    if type_ is Any:
        return value
    if origin in (Union, types.UnionType):
        return _union(arguments, value)
    if origin is tuple:
        _expect(value, list)
        if len(arguments) == 2 and arguments[1] is Ellipsis:
            return tuple(_build(arguments[0], v) for v in value)
        return tuple(_build(a, v) for a, v in zip(arguments, value, strict=True))
    if isinstance(origin, type) and issubclass(origin, Mapping):
        _expect(value, dict)
        return {k: _build(arguments[1], v) for k, v in value.items()}
    if not isinstance(type_, type):
        raise TypeError(f"nothing here can rebuild {type_}")
    if issubclass(type_, Enum):
        return type_(value)
    if dataclasses.is_dataclass(type_):
        _expect(value, dict)
        hints = _hints(type_)
        if strange := sorted(set(value) - set(hints)):
            raise ValueError(f"unknown field {strange[0]}")
        return type_(**{name: _build(hints[name], v) for name, v in value.items()})
    if type_ is float and type(value) is int:
        return float(value)
    _expect(value, type_)
    return value


def _union(arguments: tuple[Any, ...], value: Any) -> Any:
    """The first member that fits. `X | None` is the usual one."""
    if value is None and type(None) in arguments:
        return None
    members = [a for a in arguments if a is not type(None)]
    if len(members) == 1:
        return _build(members[0], value)
    for member in members:
        if type(value) is member:
            return value
    raise TypeError(f"none of {members} fits a {type(value).__name__}")


def _expect(value: Any, type_: type) -> None:
    if type(value) is not type_:
        raise TypeError(f"{type_.__name__} expected, not {type(value).__name__}")
