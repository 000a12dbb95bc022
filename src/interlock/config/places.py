"""Where each value came from, kept beside the plain values.

A `Spot` tree has the shape of the value it describes; merging two values merges their spots too, so that a component made of `defaults:`, a
`discover:` entry and its own entry still knows the line of every key. `place` walks as far as the path leads: an error about a key that is
missing gets the place of the mapping that lacks it.
"""

from collections.abc import Sequence
from typing import Any

from interlock.model.errors import Location

Path = Sequence[str | int]


class Spot:
    """`line`, `column` are the value's, `key_line`, `key_column` its key's (0 where there is none); all count from 1."""

    __slots__ = ("children", "column", "file", "key_column", "key_line", "line")

    def __init__(
        self,
        file: str,
        line: int,
        column: int,
        key_line: int = 0,
        key_column: int = 0,
        children: "dict[str, Spot] | list[Spot] | None" = None,
    ) -> None:
        self.file = file
        self.line = line
        self.column = column
        self.key_line = key_line
        self.key_column = key_column
        self.children = children

    @property
    def location(self) -> Location:
        return Location(self.file, self.line, self.column)

    @property
    def key_location(self) -> Location:
        return Location(self.file, self.key_line, self.key_column) if self.key_line else self.location

    def child(self, step: str | int) -> "Spot | None":
        children = self.children
        if isinstance(children, dict):
            return children.get(str(step))
        if isinstance(children, list) and isinstance(step, int) and 0 <= step < len(children):
            return children[step]
        return None

    def find(self, path: Path) -> "Spot":
        """The spot at `path`, or of the nearest enclosing value that is there."""
        spot = self
        for step in path:
            found = spot.child(step)
            if found is None:
                break
            spot = found
        return spot

    def with_children(self, children: "dict[str, Spot] | list[Spot] | None") -> "Spot":
        return Spot(self.file, self.line, self.column, self.key_line, self.key_column, children)


Placed = tuple[Any, Spot]  # a plain value and where it stands


def nowhere(file: str) -> Spot:
    """The spot of a file as a whole."""
    return Spot(file, 0, 0)


def get(placed: Placed, key: str) -> Placed | None:
    """The value under `key` of a mapping, with its spot; None when there is none or it is not a mapping."""
    value, spot = placed
    if not isinstance(value, dict) or key not in value:
        return None
    return value[key], spot.find([key])


def mapping(values: dict[str, Placed], spot: Spot) -> Placed:
    """A mapping put together from placed values; `spot` is where it stands."""
    return (
        {key: value for key, (value, _) in values.items()},
        spot.with_children({key: place for key, (_, place) in values.items()}),
    )


def items(placed: Placed | None) -> dict[str, Placed]:
    """The entries of a mapping with their spots; nothing when it is not a mapping."""
    if placed is None or not isinstance(placed[0], dict):
        return {}
    value, spot = placed
    children = spot.children if isinstance(spot.children, dict) else {}
    return {key: (item, children.get(key, spot)) for key, item in value.items()}


def merge(base: Placed, over: Placed, depth: int = 1) -> Placed:
    """`over` refines `base`: mappings are merged key by key, `depth` levels deep; anything else is replaced whole."""
    if depth < 1 or not isinstance(base[0], dict) or not isinstance(over[0], dict):
        return over
    merged = items(base)
    for key, placed in items(over).items():
        merged[key] = merge(merged[key], placed, depth - 1) if key in merged else placed
    return mapping(merged, over[1])
