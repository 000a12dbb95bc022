"""Versions and version constraints, as both tools read them (`required_version`, `version:`).

A constraint is a comma-separated list of an operator (`=` when there is none) and a version; all must hold. `~>` lets only the last
written part grow. A pre-release fits only a part that names a pre-release of the same three numbers, or `=` and `!=` by equality: nobody
gets a release candidate by asking for `>= 1.8`.
"""

import re
from dataclasses import dataclass
from functools import total_ordering

_VERSION = re.compile(r"v?(\d+(?:\.\d+){0,2})(?:-([0-9A-Za-z.-]+))?(?:\+[0-9A-Za-z.-]+)?")
_PART = re.compile(r"(>=|<=|!=|~>|=|>|<)?\s*(\S+)")


@total_ordering
@dataclass(frozen=True)
class Version:
    """`numbers` always has three; `written` says how many were given. Equality ignores how it was written."""

    numbers: tuple[int, int, int]
    pre: str = ""
    written: int = 3

    @staticmethod
    def parse(text: str) -> "Version":
        """Raises ValueError naming the text."""
        match = _VERSION.fullmatch(text.strip())
        if not match:
            raise ValueError(f"'{text}' is not a version; write numbers such as 1.12.6")
        parts = [int(part) for part in match[1].split(".")]
        numbers = [*parts, 0, 0]
        return Version((numbers[0], numbers[1], numbers[2]), match[2] or "", len(parts))

    def __str__(self) -> str:
        return ".".join(map(str, self.numbers)) + (f"-{self.pre}" if self.pre else "")

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Version) and (self.numbers, self.pre) == (other.numbers, other.pre)

    def __hash__(self) -> int:
        return hash((self.numbers, self.pre))

    def __lt__(self, other: "Version") -> bool:
        if self.numbers != other.numbers:
            return self.numbers < other.numbers
        if not self.pre or not other.pre:
            return bool(self.pre) and not other.pre
        return _pre_key(self.pre) < _pre_key(other.pre)


def satisfies(version: Version, constraint: str) -> bool:
    """Does `version` fulfil every part? Raises ValueError naming a part that is not one."""
    held = [
        _holds(version, part) for part in constraint.split(",")
    ]  # all are read: a bad part is never hidden by one that fails
    return all(held)


def _holds(version: Version, part: str) -> bool:
    match = _PART.fullmatch(part.strip())
    if not match:
        raise ValueError(
            f"'{part.strip()}' is not a version constraint; write one such as '~> 1.12.0' or '>= 1.8, < 2'"
        )
    operator, wanted = match[1] or "=", Version.parse(match[2])
    if operator == "=":
        return version == wanted
    if operator == "!=":
        return version != wanted
    if version.pre and not (wanted.pre and wanted.numbers == version.numbers):
        return False
    if operator == "~>":
        if wanted.pre and not version.pre:
            return False
        fixed = wanted.written - 1
        return version >= wanted and version.numbers[:fixed] == wanted.numbers[:fixed]
    return {
        ">": version > wanted,
        ">=": version >= wanted,
        "<": version < wanted,
        "<=": version <= wanted,
    }[operator]


def _pre_key(pre: str) -> list[tuple[int, int, str]]:
    """Semantic Versioning's order: numbers before words, by value; then words, by their bytes."""
    return [(0, int(part), "") if part.isdigit() else (1, 0, part) for part in pre.split(".")]
