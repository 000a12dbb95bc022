"""Which files a component reads: its own folder whole, and what its `reads` globs match. Static; a program's imports are its author's to declare.

Globs are matched by a translation of our own (`**/` any number of folders, `*` and `?` inside one name, `[...]`), from the repository's root.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from interlock.kind import Source
from interlock.kinds.command.spec import CommandSettings
from interlock.model.errors import ConfigurationError, Location, Problem
from interlock.world.tree import Tree


def sources(settings: CommandSettings, tree: Tree) -> tuple[Source, ...]:
    """Sorted. Raises ConfigurationError when `path` is no folder of the tree."""
    if settings.folder and not tree.is_folder(settings.folder):
        raise ConfigurationError(
            (
                Problem(
                    Location(settings.folder),
                    "no-such-folder",
                    f"there is no folder '{settings.folder}'",
                    value=settings.path,
                ),
            )
        )
    found = {Source(f"{settings.folder}/" if settings.folder else "", "own file")}
    for glob in settings.reads:
        start = literal_folder(glob)
        for path in matching(glob, (entry.path for entry in tree.walk(start))):
            found.add(Source(path, f"matches reads '{glob}'"))
    return tuple(sorted(found))


def matching(glob: str, paths: Iterable[str]) -> list[str]:
    pattern = _pattern(glob)
    return [path for path in paths if pattern.fullmatch(path)]


def literal_folder(glob: str) -> str:
    """The folder below which everything lies that `glob` can match: `shared/*/x` → `shared`."""
    parts = glob.split("/")[:-1]
    literal = next((n for n, part in enumerate(parts) if re.search(r"[*?\[]", part)), len(parts))
    return "/".join(parts[:literal])


@lru_cache(maxsize=1024)
def _pattern(glob: str) -> re.Pattern[str]:
    if glob.endswith("**"):
        glob += "/*"
    out = ""
    position = 0
    while position < len(glob):
        if glob.startswith("**/", position) and (position == 0 or glob[position - 1] == "/"):
            out, position = out + "(?:[^/]+/)*", position + 3
        elif glob[position] == "*":
            out, position = out + "[^/]*", position + 1
        elif glob[position] == "?":
            out, position = out + "[^/]", position + 1
        elif glob[position] == "[" and (end := glob.find("]", position + 2)) > 0:
            inside = glob[position + 1 : end].replace("\\", "\\\\").replace("[", "\\[").replace("^", "\\^")
            inside = re.sub(r"([&~|])", r"\\\1", inside).replace("--", r"\-\-")  # re keeps these for operations on sets
            out += f"(?!/)[{'^' + inside[1:] if inside.startswith('!') else inside}]"
            position = end + 1
        else:
            out, position = out + re.escape(glob[position]), position + 1
    try:
        return re.compile(out)
    except re.error:  # a set such as [z-a]: taken literally, it matches nothing else
        return re.compile(re.escape(glob))
