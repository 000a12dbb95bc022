"""A path into JSON: `a.b[0].c`, `$.a`, `["key with.dots"]`, `[-1]` from the end. One value, no wildcards, no code.

A full JSONPath answers with a list that may be empty, and "every one of none is equal" is how a check passes for lack of an answer.
"""

import json
import re
from typing import Any

_STEP = re.compile(r"""\.?(?P<name>[^.\[\]"'\s]+)|\[(?P<index>-?\d+)\]|\[(?P<quoted>"(?:[^"\\]|\\.)*")\]""")


class NoSuchValue(LookupError):
    """The path leads nowhere in this document; the message says at which step."""


def parse(path: str) -> tuple[str | int, ...]:
    """Steps of a path; `$` alone is the whole document. Raises ValueError."""
    text = path.strip()
    position = 1 if text.startswith("$") else 0
    if not text or (position == 0 and text.startswith(".")):
        raise ValueError(f"'{path}' is not a path; write a.b[0].c")
    steps: list[str | int] = []
    while position < len(text):
        step = _STEP.match(text, position)
        if not step or (steps and step["name"] is not None and text[position] != "."):
            raise ValueError(f"'{path}' is not a path: cannot read '{text[position:]}'; write a.b[0].c")
        if step["index"] is not None:
            steps.append(int(step["index"]))
        elif step["quoted"] is not None:
            steps.append(json.loads(step["quoted"]))
        else:
            steps.append(step["name"])
        position = step.end()
    return tuple(steps)


def get(document: Any, path: str) -> Any:
    """The value at `path`. Raises NoSuchValue, ValueError for a malformed path."""
    value = document
    for step in parse(path):
        if isinstance(step, int):
            if not isinstance(value, list):
                raise NoSuchValue(f"[{step}] of what is not a list")
            if not -len(value) <= step < len(value):
                raise NoSuchValue(f"[{step}] of a list of {len(value)}")
            value = value[step]
        else:
            if not isinstance(value, dict):
                raise NoSuchValue(f"'{step}' of what is not an object")
            if step not in value:
                raise NoSuchValue(f"no '{step}'")
            value = value[step]
    return value


def equal(left: Any, right: Any) -> bool:
    """Equality of JSON, where true is not 1 and "1" is not 1; 1 and 1.0 are one number."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(equal(left[key], right[key]) for key in left)
    if isinstance(left, list) and isinstance(right, list):
        return len(left) == len(right) and all(equal(a, b) for a, b in zip(left, right, strict=True))
    return (type(left) in _NUMBERS and type(right) in _NUMBERS and left == right) or (
        type(left) is type(right) and left == right
    )


_NUMBERS = (int, float)
