"""What one attempt saw, and how settings are read: strictly, with a sentence for whoever reads the result."""

from dataclasses import dataclass
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError


@dataclass(frozen=True)
class Seen:
    """`detail` is not yet redacted; `run` does that once, for every type."""

    good: bool
    detail: str


class Settings(BaseModel):
    """Base of the settings of each type: unknown keys are errors, so that a misspelt expectation is never an expectation left out."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class BadSettings(ValueError):
    """The settings of a check, after its references were resolved, make no sense. Such a check fails at once: trying again cannot help."""


M = TypeVar("M", bound=Settings)


def read_settings(model: type[M], settings: Any) -> M:
    """Raises BadSettings naming the keys, never their values: they may hold secrets."""
    try:
        return model.model_validate(settings)
    except ValidationError as error:
        faults = [
            f"{'.'.join(str(part) for part in e['loc']) or 'settings'}: {e['msg']}"
            for e in error.errors(include_input=False, include_url=False)
        ]
        raise BadSettings("; ".join(sorted(faults))) from None


def short(value: Any, limit: int = 120) -> str:
    """One line of text, cut."""
    text = " ".join(str(value).split())
    return text if len(text) <= limit else text[: limit - 1] + "…"
