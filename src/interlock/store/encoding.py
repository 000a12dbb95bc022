"""Values of the model as canonical JSON text in a column, and back. How is `model.codec`'s matter; Corrupt is raised for what does not fit."""

import json
from typing import Any, TypeVar

from interlock.model.codec import decode, encode
from interlock.model.digest import canonical
from interlock.model.errors import Corrupt

T = TypeVar("T")


def dump(value: Any) -> str:
    """Canonical JSON text of a model value, or of a tuple or mapping of them."""
    return canonical(encode(value)).decode()


def load(type_: type[T], text: str) -> T:
    """The value that `dump` wrote. `type_` may be generic (`tuple[Gate, ...]`). Raises Corrupt."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise Corrupt(
            f"a stored {getattr(type_, '__name__', type_)} is no JSON",
            hint="`interlock audit verify` tells whether records were altered",
            slug="record-unreadable",
        ) from error
    return decode(type_, value)
