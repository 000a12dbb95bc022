"""Who may talk to a lab cloud: bearer tokens with a label, which is all that the journal keeps of them."""

import hmac
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from interlock.testing.labcloud.items import Refused

DEFAULT_VALUE = "lab-token"


@dataclass(frozen=True)
class Token:
    """`label` is who, as the journal tells it; one that is not `can_write` gets 403 on writes."""

    label: str
    value: str = field(repr=False)
    can_write: bool = True


DEFAULT = Token("admin", DEFAULT_VALUE)


def from_documents(documents: Iterable[Mapping[str, Any]]) -> list[Token]:
    """Tokens from JSON: {"label", "value", "can_write"}, the last true by default. Raises KeyError."""
    return [Token(one["label"], one["value"], can_write=one.get("can_write", True)) for one in documents]


def authenticate(tokens: Iterable[Token], header: str | None) -> Token:
    """The token of an Authorization header. Raises Refused (401)."""
    scheme, _, value = (header or "").partition(" ")
    if scheme.lower() == "bearer":
        for token in tokens:
            if hmac.compare_digest(token.value.encode(), value.encode()):
                return token
    raise Refused(401, "no valid token" if value else "a bearer token is needed")
