"""Paths that the configuration names: always of the repository, never out of it, never through a symbolic link unseen."""

import posixpath
import re
from collections.abc import Iterator
from fnmatch import translate
from functools import lru_cache

from interlock.model.errors import ConfigurationError
from interlock.model.units import nearest
from interlock.world.tree import Tree

_WILD = re.compile(r"[*?\[]")


class PathError(ValueError):
    """`slug` is path-outside or path-missing; the message follows the path. `nearest` is a path that is there."""

    def __init__(self, slug: str, message: str, near: str | None = None) -> None:
        super().__init__(message)
        self.slug = slug
        self.nearest = near


def normal(path: str, base: str = "") -> str:
    """`path`, which is relative to folder `base`, relative to the repository's root ("" is the root). Raises PathError."""
    if not path.strip() or path != path.strip():
        raise PathError("path-outside", "is not a path")
    if path.startswith(("/", "~")) or "\\" in path or re.match(r"[A-Za-z]:", path):
        raise PathError("path-outside", "must be relative to the repository, with '/' between folders")
    joined = posixpath.normpath(posixpath.join(base, path))
    if joined == ".." or joined.startswith("../"):
        raise PathError("path-outside", "leaves the repository")
    if joined.split("/", 1)[0] == ".git":
        raise PathError("path-outside", "is inside .git")
    return "" if joined == "." else joined


def folder(tree: Tree, path: str) -> str:
    """The normal form of a folder that is there, itself and not by way of a symbolic link. Raises PathError."""
    found = normal(path)
    real = _real(tree, found)
    if found and not tree.is_folder(real):
        raise PathError("path-missing", _why_not(tree, real, "folder"), _near(tree, real, "/"))
    if real != found:
        # Two names for one folder would make two components of one.
        raise PathError("path-outside", f"goes through a symbolic link; name the folder itself, {real}")
    return found


def file(tree: Tree, path: str, base: str = "") -> str:
    """The normal form of a file that is there; a link is followed inside the repository. Raises PathError."""
    found = normal(path, base)
    real = _real(tree, found)
    entry = tree.entry(real)
    if entry is None or entry.mode == 0o160000:
        near = _near(tree, real, "")
        raise PathError("path-missing", _why_not(tree, real, "file"), near and posixpath.relpath(near, base or "."))
    return found


def _real(tree: Tree, path: str) -> str:
    try:
        return tree.real(path)
    except ConfigurationError as error:
        raise PathError("path-outside", "goes through a symbolic link that leaves the repository") from error


def _why_not(tree: Tree, path: str, wanted: str) -> str:
    if wanted == "file" and tree.is_folder(path):
        return "is a folder, not a file"
    entry = tree.entry(path)
    if entry is None:
        return f"is no {wanted} of the repository" + (f" (looked for {path})" if wanted == "file" else "")
    return "is a submodule, whose files are not here" if entry.mode == 0o160000 else f"is a file, not a {wanted}"


def _near(tree: Tree, path: str, ending: str) -> str | None:
    """The path most like `path` that differs in the first part that is not there, and goes no deeper."""
    parts = path.split("/")
    depth = next((d for d in range(len(parts)) if not tree.is_folder("/".join(parts[: d + 1]))), len(parts) - 1)
    last = depth == len(parts) - 1
    names = [
        n.rstrip("/") for n in tree.list("/".join(parts[:depth])) if n.endswith("/") == (not last or ending == "/")
    ]
    found = nearest(parts[depth], names)
    return "/".join([*parts[:depth], found]) if found and found != parts[depth] else None


def is_pattern(path: str) -> bool:
    return bool(_WILD.search(path))


def expand(tree: Tree, pattern: str) -> tuple[str, ...]:
    """Files and folders (these end with `/`) that match, sorted. `*`, `?`, `[…]` within a name, `**` any folders; names with a
    leading dot only when the pattern has it. Raises PathError when the pattern leaves the repository."""
    return tuple(sorted(set(_expand(tree, "", normal(pattern).split("/")))))


def _expand(tree: Tree, base: str, segments: list[str]) -> Iterator[str]:
    first, rest = segments[0], segments[1:]
    if first == "**":
        if rest:
            yield from _expand(tree, base, rest)
        for name in tree.list(base):
            if name.endswith("/") and not name.startswith("."):
                if not rest:
                    yield base + name
                yield from _expand(tree, base + name, segments)
        return
    if not is_pattern(first):
        names = [name for name in (first + "/", first) if name in tree.list(base)] if base or first else []
    else:
        match = _compiled(first)
        names = [n for n in tree.list(base) if match(n.rstrip("/")) and (first[0] == "." or n[0] != ".")]
    for name in names:
        if not rest:
            yield base + name
        elif name.endswith("/"):
            yield from _expand(tree, base + name, rest)


@lru_cache(maxsize=256)
def _compiled(segment: str):  # type: ignore[no-untyped-def]
    return re.compile(translate(segment)).fullmatch
