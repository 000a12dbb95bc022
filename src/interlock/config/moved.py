"""Folders that were renamed: the same files elsewhere are one fact, not a list of changed files."""

import posixpath
from collections.abc import Mapping

from interlock.model.manifest import Pair
from interlock.world.tree import Tree

Content = Mapping[str, tuple[str, int]]  # path below the folder → (identity, mode)


def folder_of(pair: Pair) -> str:
    """The component's folder, "" for the repository's root."""
    path = posixpath.normpath(str(pair.settings.get("path", "")) or ".")
    return "" if path == "." else path


def content(tree: Tree, folder: str) -> Content:
    return {posixpath.relpath(e.path, folder or "."): (e.identity, e.mode) for e in tree.walk(folder)}


def moved_along(old: Pair, before: Tree, new: Pair, after: Tree) -> tuple[frozenset[str], bool]:
    """(paths on both sides of files that only moved with their folder, whether that is all there is). Nothing when the folder is the same."""
    was, now = folder_of(old), folder_of(new)
    if was == now:
        return frozenset(), False
    there, here = content(before, was), content(after, now)
    same = {name for name, entry in here.items() if there.get(name) == entry}
    paths = frozenset(posixpath.join(folder, name) for name in same for folder in (was, now))
    return paths, bool(same) and len(same) == len(here) == len(there)
