"""`checks:` of a component → `model.check.Check`: one mapping with one key, the type, each with its own keys and the common timing."""

import re
from typing import Annotated, Any, Literal

from pydantic import (
    BeforeValidator,
    Field,
    JsonValue,
    StrictBool,
    StrictFloat,
    StrictInt,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from interlock.config.types import Duration, Given, Name, Section, Text, Url
from interlock.model.check import Check


def _many(value: Any) -> Any:
    return value if isinstance(value, list | tuple) else [value]


def _status(value: Any) -> Any:
    fits = 100 <= value <= 599 if type(value) is int else isinstance(value, str) and _STATUS.fullmatch(value)
    if not fits:
        raise PydanticCustomError("invalid-value", "is not a status: write a number, a class such as 2xx, or 200-299")
    return value


def _port(value: Any) -> Any:
    fits = 1 <= value <= 65535 if type(value) is int else isinstance(value, str) and _REFERENCE.fullmatch(value)
    if not fits:
        raise PydanticCustomError("invalid-value", "is not a port: write a number from 1 to 65535, or a reference")
    return value


def _regular(value: Any) -> Any:
    try:
        re.compile(value if isinstance(value, str) else "")
    except re.error as error:
        raise PydanticCustomError("invalid-value", f"is not a regular expression: {error}") from None
    return value


_STATUS = re.compile(r"[1-5]xx|[1-5][0-9]{2}-[1-5][0-9]{2}")
_REFERENCE = re.compile(r"\$\{[^{}]+\}")
Statuses = Annotated[
    tuple[Annotated[str | StrictInt, BeforeValidator(_status)], ...],
    BeforeValidator(_many),
    Field(min_length=1),
    WithJsonSchema({"type": ["integer", "string", "array"], "examples": [200, "2xx", "200-299", [200, 204]]}),
]
Texts = Annotated[
    tuple[Text, ...],
    BeforeValidator(_many),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}]}),
]
Regular = Annotated[str, BeforeValidator(_regular), WithJsonSchema({"type": "string", "format": "regex"})]
Scalar = str | StrictInt | StrictFloat | StrictBool | None
Port = Annotated[str | StrictInt, BeforeValidator(_port), WithJsonSchema({"type": ["integer", "string"]})]


class _Timing(Section):
    timeout: Duration = Field(default=10.0, description="Bounds one attempt.")
    within: Duration = Field(default=60.0, description="Bounds the whole check: it must have passed by then.")
    interval: Duration = Field(default=1.0, description="Pause between two attempts.")
    successes: Annotated[StrictInt, Field(ge=1, le=1000)] = Field(
        default=1, description="Good attempts in a row that make it pass."
    )
    failures: Annotated[StrictInt, Field(ge=0, le=1000)] = Field(
        default=0, description="Bad attempts in a row that make it fail at once; 0: only when `within` has passed."
    )

    @model_validator(mode="after")
    def _positive(self) -> "_Timing":
        if self.timeout <= 0 or self.within <= 0:
            raise PydanticCustomError("invalid-duration", "timeout and within must be longer than 0s")
        return self


class HttpCheck(_Timing):
    name: Annotated[Text | None, Given] = Field(default=None, description="Name of the check in reports.")
    url: Url = Field(description="Address to ask; may hold references such as `${outputs.url}`.")
    method: Literal["GET", "HEAD", "POST", "PUT", "OPTIONS"] = Field(default="GET", description="Request method.")
    status: Statuses = Field(
        default=("2xx",), description="Accepted status: a code, a class (2xx), a range (200-299) or a list of them."
    )
    headers: dict[Text, str] = Field(
        default_factory=dict, description="Headers that are sent; may hold `${secret:NAME}`."
    )
    body: Annotated[str | dict[str, JsonValue] | list[JsonValue] | None, Given] = Field(
        default=None, description="Body that is sent: text, or a mapping or list, which goes as JSON."
    )
    expect_headers: dict[Text, str] = Field(default_factory=dict, description="Headers that the answer must have.")
    body_contains: Texts = Field(default=(), description="Text, or a list of texts, that the answer must contain.")
    body_matches: Annotated[Regular | None, Given] = Field(
        default=None, description="Regular expression that is searched for in the answer."
    )
    json_: dict[Text, Scalar] = Field(
        default_factory=dict,
        alias="json",
        description="Path in a JSON answer (`status`, `items[0].name`) → the value it must have.",
    )


class TcpCheck(_Timing):
    name: Annotated[Text | None, Given] = Field(default=None, description="Name of the check in reports.")
    host: Annotated[Text | None, Given] = Field(default=None, description="Host to connect to; may hold references.")
    port: Annotated[Port | None, Given] = Field(default=None, description="Port, or a reference to it.")
    address: Annotated[Text | None, Given] = Field(
        default=None, description="Both in one, `host:port`, instead of `host` and `port`; may hold references."
    )

    @model_validator(mode="after")
    def _one_target(self) -> "TcpCheck":
        if (self.address is None) == (self.host is None and self.port is None) or (
            self.address is None and (self.host is None or self.port is None)
        ):
            raise PydanticCustomError("check-target", "needs either host and port, or address")
        return self


class CommandCheck(_Timing):
    name: Annotated[Text | None, Given] = Field(default=None, description="Name of the check in reports.")
    run: tuple[Text, ...] = Field(
        min_length=1,
        description="Program and arguments, run in the component's folder; exit code 0 passes. No secrets here.",
    )
    environ: dict[Text, str] = Field(
        default_factory=dict, description="Environment variables added for the program; may hold `${secret:NAME}`."
    )


class RunnerCheck(_Timing):
    name: Name = Field(description="The runner of organization.yaml that must be online.")
    contacted_within: Annotated[Duration | None, Given] = Field(
        default=None,
        description="How long ago the runner may last have been heard of; absent: what its server calls online.",
    )


class CheckEntry(Section):
    """Exactly one type."""

    http: Annotated[HttpCheck | None, Given] = Field(
        default=None, description="An HTTP request whose answer is judged."
    )
    tcp: Annotated[TcpCheck | None, Given] = Field(default=None, description="A TCP connection that must be accepted.")
    command: Annotated[CommandCheck | None, Given] = Field(
        default=None, description="A program that must end with exit code 0."
    )
    runner: Annotated[RunnerCheck | None, Given] = Field(default=None, description="A CI runner that must be online.")

    @model_validator(mode="after")
    def _one_type(self) -> "CheckEntry":
        if len(self.model_fields_set) != 1 or self.chosen is None:
            raise PydanticCustomError("check-type", "needs exactly one of http, tcp, command and runner")
        return self

    @property
    def chosen(self) -> HttpCheck | TcpCheck | CommandCheck | RunnerCheck | None:
        return self.http or self.tcp or self.command or self.runner

    @property
    def label(self) -> str | None:
        """The name that the user gave it."""
        return None if isinstance(self.chosen, RunnerCheck | None) else self.chosen.name

    def check(self) -> Check:
        """As the model's value. A check without a name is called by its type and what it looks at."""
        chosen = self.chosen
        assert chosen is not None
        settings = chosen.model_dump(
            mode="json", by_alias=True, exclude_unset=True, exclude=set(_Timing.model_fields) | {"name"}
        )
        match chosen:
            case HttpCheck():
                kind, target = "http", chosen.url
            case TcpCheck():
                kind, target = "tcp", chosen.address or f"{chosen.host}:{chosen.port}"
            case CommandCheck():
                kind, target = "command", " ".join(chosen.run)
            case RunnerCheck():
                kind, target = "runner", chosen.name
                settings["name"] = chosen.name
                if chosen.contacted_within is not None:
                    settings["contacted_within"] = f"{chosen.contacted_within:.3f}s"
        timing = chosen.model_dump(include=set(_Timing.model_fields))
        return Check(type=kind, name=self.label or f"{kind} {target}", settings=settings, **timing)
