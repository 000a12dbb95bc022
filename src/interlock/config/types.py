"""The value types of the two files: names, durations, addresses, dates. Each refuses in our words and tells JSON Schema what it accepts."""

import datetime
import re
from typing import Annotated, Any
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StrictBool,
    StrictInt,
    WithJsonSchema,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError
from pydantic_core.core_schema import no_info_before_validator_function

from interlock.model.units import parse_duration

NAME_PATTERN = r"^[a-z0-9][a-z0-9_-]{0,62}$"
SECRET_PATTERN = r"^[A-Za-z_][A-Za-z0-9_]*$"
LONGEST = 365 * 86400.0
_NAME = re.compile(NAME_PATTERN[1:-1])
_SECRET = re.compile(SECRET_PATTERN[1:-1])
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class Section(BaseModel):
    """A mapping of the files: frozen, and a key that it does not know is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _name(value: Any) -> Any:
    if not isinstance(value, str):
        return value  # the type error is pydantic's
    if not _NAME.fullmatch(value):
        message = "is not a name: a name has up to 63 of a-z, 0-9, '-' and '_', and starts with a letter or digit"
        raise PydanticCustomError("invalid-name", message)
    return value


def _secret_name(value: Any) -> Any:
    if isinstance(value, str) and not _SECRET.fullmatch(value):
        raise PydanticCustomError("invalid-name", "is not a name: it has letters, digits and '_', and no digit first")
    return value


def _duration(value: Any) -> Any:
    if not isinstance(value, str):
        raise PydanticCustomError(
            "invalid-duration", "is not a duration: write a number and a unit, such as 60s, 15m or 1h30m"
        )
    try:
        seconds = parse_duration(value)
    except ValueError:
        raise PydanticCustomError(
            "invalid-duration", "is not a duration: write a number and a unit, such as 60s, 15m or 1h30m"
        ) from None
    if seconds > LONGEST:
        raise PydanticCustomError("invalid-duration", "is longer than 365d")
    return seconds


def _date(value: Any) -> Any:
    if isinstance(value, datetime.date):
        return value
    if isinstance(value, str) and _DATE.fullmatch(value):
        try:
            return datetime.date.fromisoformat(value)
        except ValueError:
            pass
    raise PydanticCustomError("invalid-date", "is not a date: write year-month-day, such as 2026-01-31")


def _url(value: Any) -> Any:
    if not isinstance(value, str) or "${" in value:
        return value
    try:
        parts = urlsplit(value)
        number = parts.port or 0  # raises when it is not one
        fine = (
            parts.scheme in ("http", "https") and bool(parts.hostname) and not re.search(r"\s", value) and number >= 0
        )
        secret = parts.password
    except ValueError:
        fine, secret = False, None
    if secret:
        raise PydanticCustomError("secret-in-clear", "holds a password; send it as a header with ${secret:NAME}")
    if not fine:
        raise PydanticCustomError(
            "invalid-url", "is not an address: it starts with https:// or http:// and names a host"
        )
    return value


def _one_or_many(value: Any) -> Any:
    if isinstance(value, str):
        return [value]
    if not isinstance(value, list | tuple):
        raise PydanticCustomError("wrong-type", "must be a name or a list of names")
    return value


Name = Annotated[
    str, BeforeValidator(_name), WithJsonSchema({"type": "string", "format": "name", "pattern": NAME_PATTERN})
]
SecretName = Annotated[
    str,
    BeforeValidator(_secret_name),
    WithJsonSchema({"type": "string", "format": "secret name", "pattern": SECRET_PATTERN}),
]
Duration = Annotated[
    float,
    BeforeValidator(_duration),
    WithJsonSchema(
        {
            "type": "string",
            "format": "duration with unit",
            "pattern": r"^(\d+(\.\d+)?(ms|s|m|h|d))+$",
            "examples": ["60s", "15m", "1h30m"],
        }
    ),
]
Date = Annotated[datetime.date, BeforeValidator(_date), WithJsonSchema({"type": "string", "format": "date"})]
Url = Annotated[str, BeforeValidator(_url), WithJsonSchema({"type": "string", "format": "address"})]
Names = Annotated[
    tuple[Name, ...],
    BeforeValidator(_one_or_many),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
Flag = StrictBool
Count = Annotated[StrictInt, Field(ge=0, le=1000)]
Number = Annotated[StrictInt, Field(ge=1)]
Text = Annotated[str, Field(min_length=1)]


class _Empty:
    """Marks a mapping whose keys all have defaults: `staging:` alone means `staging: {}`."""

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return no_info_before_validator_function(lambda value: {} if value is None else value, handler(source))

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [handler(schema), {"type": "null"}]}


Empty = _Empty()


def _given(value: Any) -> Any:
    if value is None:
        raise PydanticCustomError("empty-value", "has no value: give it one or leave the key out")
    return value


# Before what may be left out: a key that stands there with nothing behind it says nothing, and never means "not asked for".
Given = BeforeValidator(_given)
