"""What a plain scalar means: YAML 1.2's core schema, narrowed to what JSON can say.

- `true` and `false` (also True, TRUE ...) are booleans; `on`, `off`, `yes`, `no` are text.
- Numbers are decimal: `12`, `-3`, `1.5`, `1e3`. `0x1F`, `0o17`, `012`, `1_000`, `.inf` and dates (`2026-01-31`) are text.
- `null`, `~` and nothing are null.
A number that JSON programs cannot be trusted with (infinite, or of more than 40 digits) is an error, never silently another value.
"""

import re
from typing import Any

CORE = "tag:yaml.org,2002:"
MAX_DIGITS = 40
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]*)")
_FLOAT = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?")
_WORDS: dict[str, Any] = {
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys(("null", "Null", "NULL", "~", ""), None),
}


class ScalarError(ValueError):
    """`value` is what may be shown of it."""

    def __init__(self, slug: str, message: str, value: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.slug, self.value, self.hint = slug, value, hint


def plain(text: str) -> Any:
    """The value of a scalar without quotes and tag. Raises ScalarError."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in "-0123456789":
        return text
    integer = _INTEGER.fullmatch(text)
    if not integer and not _FLOAT.fullmatch(text):
        return text
    if len(text) > MAX_DIGITS:
        raise _too_big(text[:MAX_DIGITS] + "…")
    if integer:
        return int(text)
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise _too_big(text)
    return value


def _too_big(text: str) -> ScalarError:
    return ScalarError("number-too-big", f"the number {text} is too big", text, "Put it in quotes when it is text")


def tagged(tag: str, text: str) -> Any:
    """The value of a scalar with an explicit tag: a core one that fits the text. Raises ScalarError."""
    name = tag.removeprefix(CORE)
    if name == "str":
        return text
    if tag == name or name not in ("int", "float", "bool", "null"):
        raise ScalarError("yaml-tag", f"the tag '{shown(tag)}' is not supported", shown(tag))
    value = plain(text)
    types: dict[str, tuple[type, ...]] = {"int": (int,), "float": (int, float), "bool": (bool,), "null": (type(None),)}
    if type(value) not in types[name]:
        raise ScalarError("yaml-tag", f"the value is not a YAML {name}", shown(tag))
    return value


def shown(tag: str) -> str:
    """A tag as people write it."""
    return "!!" + tag.removeprefix(CORE) if tag.startswith(CORE) else tag
