"""A folder as a tree: a commit's tree with the files that differ laid over it, or every file of a folder that has no Git.

What does not differ is read from Git's objects, so that a clean working tree and its commit give the same bytes whatever filters a checkout
applies. What differs is hashed when the snapshot is taken, and checked against that hash when it is read: a file edited in between is an
error, not a plan of something that never was in one piece.
"""

import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from pathlib import Path

from interlock.model.errors import Retryable
from interlock.world.links import SUBMODULE, LinkedTree
from interlock.world.tree import Entry

LINK = 0o120000


class FolderTree(LinkedTree):
    """`differing` are the paths that are not as in `base`, sorted: altered, added and deleted ones."""

    def __init__(
        self, root: Path, base: LinkedTree | None, over: Mapping[str, Entry | None], *, commit: str, identity: str
    ) -> None:
        self.root = root
        self.base = base
        self.commit = commit
        self.identity = identity
        self._over = dict(over)
        self.differing = tuple(sorted(over))
        # Names laid over each folder, and the folders that they need.
        self._laid: dict[str, dict[str, Entry | None]] = {}
        self._touched = {folder for path in over for folder in _above(path)}
        for path, entry in self._over.items():
            if entry is None:
                continue
            folder, _, name = path.rpartition("/")
            self._laid.setdefault(folder, {})[name] = entry
            while folder:
                parent, _, name = folder.rpartition("/")
                self._laid.setdefault(parent, {}).setdefault(name, None)
                folder = parent
        self._folders: dict[str, Mapping[str, Entry | None] | None] = {}

    def __repr__(self) -> str:
        return f"FolderTree({str(self.root)!r}, {self.identity[:18]})"

    def _children(self, folder: str) -> Mapping[str, Entry | None] | None:
        if folder not in self._folders:
            self._folders[folder] = self._merge(folder)
        return self._folders[folder]

    def _merge(self, folder: str) -> Mapping[str, Entry | None] | None:
        below = self.base._children(folder) if self.base is not None else None
        laid = self._laid.get(folder)
        if below is None and laid is None:
            return {} if not folder else None
        merged = dict(below or {})
        prefix = f"{folder}/" if folder else ""
        for name in [name for name, entry in merged.items() if entry is not None and prefix + name in self._over]:
            del merged[name]
        merged.update(laid or {})
        # Git knows no empty folders: one whose files are all gone is gone.
        for name in [name for name, entry in merged.items() if entry is None and name not in (laid or {})]:
            if prefix + name in self._touched and not self._children(prefix + name):
                del merged[name]
        return merged if merged or not folder else None

    def _bytes(self, entry: Entry) -> bytes:
        if entry.path not in self._over:
            assert self.base is not None
            return self.base._bytes(entry)
        data = _content(self.root / entry.path, link=entry.is_link)
        if data is None or _blob_id(data) != entry.identity:
            raise Retryable(
                f"{entry.path} was edited while it was being read", hint="Run the command again", slug="folder-changed"
            )
        return data


def folder_tree(root: Path) -> FolderTree:
    """Every file below `root` (but `.git`), for a folder that is no repository."""
    names: list[str] = []
    for folder, folders, files in os.walk(root):
        folders[:] = [name for name in folders if name != ".git"]
        names += [os.path.relpath(os.path.join(folder, name), root) for name in files]
        names += [
            os.path.relpath(os.path.join(folder, name), root)
            for name in folders
            if os.path.islink(os.path.join(folder, name))
        ]
    return snapshot(root, None, names)


def snapshot(root: Path, base: LinkedTree | None, paths: Iterable[str]) -> FolderTree:
    """The folder `root` where only `paths` may differ from `base`."""
    over: dict[str, Entry | None] = {}
    for path in paths:
        path = path.rstrip("/")
        entry = _entry(root, path)
        old = base.at(path) if base is not None else None
        if (
            entry is not None
            and entry.mode == SUBMODULE
            and old is not None
            and old.mode == SUBMODULE
            and not entry.identity
        ):
            continue  # a submodule that is not checked out
        if entry != old:
            over[path] = entry
    commit = str(getattr(base, "commit", ""))
    identity = str(getattr(base, "identity", ""))
    if over or base is None:
        seal = hashlib.sha256(identity.encode())
        for path, entry in sorted(over.items()):
            line = f"{path}\0{entry.mode:o}\0{entry.identity}\n" if entry else f"{path}\0-\n"
            seal.update(line.encode("utf-8", "surrogateescape"))
        identity = f"dirty-{seal.hexdigest()[:40]}"
    return FolderTree(root, base, over, commit=commit, identity=identity)


def _entry(root: Path, path: str) -> Entry | None:
    place = root / path
    try:
        mode = place.lstat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return None
    if stat.S_ISDIR(mode):
        return Entry(path, _checked_out(place), SUBMODULE, 0) if (place / ".git").exists() else None
    if stat.S_ISLNK(mode):
        data = os.fsencode(os.readlink(place))
        return Entry(path, _blob_id(data), LINK, len(data))
    if not stat.S_ISREG(mode):
        return None  # sockets, devices and pipes are no content
    content = _content(place, link=False)
    if content is None:
        return None
    return Entry(path, _blob_id(content), 0o100755 if mode & stat.S_IXUSR else 0o100644, len(content))


def _content(place: Path, *, link: bool) -> bytes | None:
    try:
        return os.fsencode(os.readlink(place)) if link else place.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except PermissionError:
        raise Retryable(
            f"{place} cannot be read: permission denied",
            hint="Mend its mode, or add it to .gitignore",
            slug="folder-unreadable",
        ) from None


def _above(path: str) -> Iterable[str]:
    """The folders that `path` is in, the root left out."""
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _checked_out(place: Path) -> str:
    """The commit that is checked out in a repository within ours, "" when it has none."""
    import pygit2

    try:
        return str(pygit2.Repository(str(place)).head.target)
    except (pygit2.GitError, KeyError, ValueError):
        return ""


def _blob_id(data: bytes) -> str:
    """Git's name of a blob."""
    return hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
