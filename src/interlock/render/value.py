"""One value of a plan as text. Masks never show their digest, and no character of a value can act on a terminal."""

import json
from typing import Any

from interlock.model.change import is_masked, is_unknown
from interlock.render.line import cells, clip, escaped

SENSITIVE = "(sensitive)"
SENSITIVE_CHANGED = "(sensitive, changed)"
UNKNOWN = "(known after apply)"


def value_text(value: Any) -> str:
    """JSON on one line, with masks and unknowns in words and everything unprintable escaped. Never shortened."""
    if is_masked(value):
        return SENSITIVE
    if is_unknown(value):
        return UNKNOWN
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key_text(str(k))}: {value_text(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(value_text(v) for v in value) + "]"
    return json.dumps(value)


def quote(text: str) -> str:
    """A JSON string; control, direction, private and unassigned characters are escaped, letters of every language are not."""
    return escaped(json.dumps(text, ensure_ascii=False))


def key_text(key: str) -> str:
    """A map's key as in a path: bare where that is unambiguous, else quoted."""
    bare = key.replace("_", "a").replace("-", "a")
    return key if bare.isascii() and bare.isalnum() else quote(key)


def path_text(path: tuple[str | int, ...]) -> str:
    """`tags.Name`, `rule[0].port`, `labels["app.kubernetes.io/name"]`; the empty path is "value"."""
    out = ""
    for part in path:
        if isinstance(part, int):
            out += f"[{part}]"
        elif (key := key_text(part)) == part:
            out += f".{key}" if out else key
        else:
            out += f"[{key}]"
    return out or "value"


def shorten(text: str, width: int) -> str:
    """The middle cut out, as the ends of names and addresses tell most."""
    if cells(text) <= width:
        return text
    if width < 12:
        return clip(text, width)
    tail = (width - 1) // 3
    return clip(text, width - tail) + text[-tail:]


def shorten_pair(before: str, after: str, width: int) -> tuple[str, str]:
    """Both in at most `width` cells each, cut so that the first difference stays visible in both."""
    if cells(before) <= width and cells(after) <= width:
        return before, after
    common = next(
        (i for i, (b, a) in enumerate(zip(before, after, strict=False)) if b != a), min(len(before), len(after))
    )
    skip = max(0, common - width // 3)
    if skip and max(len(before), len(after)) > width:
        before, after = "…" + before[skip:], "…" + after[skip:]
    return clip(before, width), clip(after, width)
