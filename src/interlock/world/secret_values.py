"""Secret values: types that show nothing, and how they are kept.

A secret is kept as what it is made of, never as its value: one named in the configuration as `{"$secret": NAME}`, a text around one as
`{"$join": [...]}`, so that drift and rollback see the secrets of then by name and their values of now. A sensitive output has no name to be found
by; it is stored as `{"$sensitive": value}`, which may only stand inside an encrypted blob.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from interlock.model.errors import Corrupt
from interlock.model.template import text_of
from interlock.world import Secret, Secrets
from interlock.world.redaction import REPLACEMENT

ARTIFACT = "$artifact"
_MARKS = ("$secret", "$join", "$sensitive", "$literal", ARTIFACT)
_SHORTEST_NUMBER = 6  # digits; a shorter number is part of too many others


class SecretValue:
    """A JSON scalar that must not be seen. Its str, repr and format say `(secret)`; JSON and pickle refuse it."""

    __slots__ = ("__value", "stored")

    def __init__(self, value: Any, stored: Mapping[str, Any] | None = None) -> None:
        """`stored` says how to find it again; the default keeps the value itself, for encrypted blobs only."""
        self.__value = value
        self.stored: Mapping[str, Any] = {"$sensitive": value} if stored is None else stored

    def reveal(self) -> Any:
        return self.__value

    def __repr__(self) -> str:
        return REPLACEMENT

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return REPLACEMENT

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SecretValue) and self.__value == other.__value

    def __hash__(self) -> int:
        return hash(("interlock secret", self.__value))

    def __copy__(self) -> "SecretValue":
        return self

    def __deepcopy__(self, memo: Any) -> "SecretValue":
        return self

    def __reduce_ex__(self, protocol: Any) -> NoReturn:
        raise TypeError("a secret cannot be pickled: it would be written in clear")


class SecretText(SecretValue):
    """A secret text."""

    __slots__ = ()

    def reveal(self) -> str:
        return str(super().reveal())


def join(parts: Sequence[Any]) -> str | SecretText:
    """One text of scalars and secrets; with any secret among them it is one itself. Raises TemplateError for lists, maps and null."""
    text = "".join(text_of(reveal(part)) for part in parts)
    if any(isinstance(part, SecretValue) for part in parts):
        return SecretText(text, {"$join": [to_stored(part) for part in parts]})
    return text


def reveal(value: Any) -> Any:
    """Plain JSON: every secret inside `value` in clear. What it returns goes to a program's stdin or file, or into a keyed digest; nowhere else."""
    if isinstance(value, SecretValue):
        return value.reveal()
    if isinstance(value, Mapping):
        return {key: reveal(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [reveal(item) for item in value]
    return value


def sensitive(value: Any, secrets: Secrets) -> Any:
    """`value` (JSON) with each scalar a secret, registered for redaction where it can be told from ordinary text. Null stays null."""
    if isinstance(value, Mapping):
        return {key: sensitive(item, secrets) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [sensitive(item, secrets) for item in value]
    if value is None or isinstance(value, SecretValue):
        return value
    if isinstance(value, str):
        secrets.register(value)
        return SecretText(value)
    if not isinstance(value, bool) and len(str(value)) >= _SHORTEST_NUMBER:
        secrets.register(str(value))
    return SecretValue(value)


def artifact(reference: str, digest: str, size: int) -> SecretValue:
    """Which bytes a file of another component is. It is no secret: it is one of these because it, too, is stored otherwise than it is used."""
    return SecretValue(
        f"{reference} sha256:{digest} {size}", {ARTIFACT: {"reference": reference, "digest": digest, "size": size}}
    )


def to_stored(value: Any) -> Any:
    """Plain JSON with the stored form of each secret. Holds sensitive outputs in clear: for encrypted blobs only."""
    if isinstance(value, SecretValue):
        return dict(value.stored)
    if isinstance(value, Mapping):
        plain = {key: to_stored(item) for key, item in value.items()}
        return {"$literal": plain} if len(plain) == 1 and next(iter(plain)) in _MARKS else plain
    if isinstance(value, list | tuple):
        return [to_stored(item) for item in value]
    return value


def from_stored(value: Any, secrets: Secrets) -> Any:
    """The inverse of `to_stored`, secrets as they are now. Raises SecretUnresolved, Corrupt."""
    if isinstance(value, list):
        return [from_stored(item, secrets) for item in value]
    if not isinstance(value, Mapping):
        return value
    if len(value) == 1:
        (mark, held) = next(iter(value.items()))
        match mark:
            case "$secret":
                return _resolved(held, secrets)
            case "$sensitive":
                return sensitive(held, secrets)
            case "$join":
                if not isinstance(held, list):
                    raise Corrupt("a stored text with secrets is not a list of parts")
                joined = join([from_stored(part, secrets) for part in held])
                secrets.register(str(reveal(joined)))
                return joined
            case "$artifact":
                if not isinstance(held, Mapping) or set(held) != {"reference", "digest", "size"}:
                    raise Corrupt("a stored artifact does not say which bytes it is")
                return artifact(str(held["reference"]), str(held["digest"]), int(held["size"]))
            case "$literal":
                if not isinstance(held, Mapping):
                    raise Corrupt("a stored literal is not a map")
                return {key: from_stored(item, secrets) for key, item in held.items()}
    return {key: from_stored(item, secrets) for key, item in value.items()}


def _resolved(name: Any, secrets: Secrets) -> SecretText:
    found: Secret = secrets.resolve(str(name))
    return found if isinstance(found, SecretText) else SecretText(found.reveal(), {"$secret": str(name)})
