"""A source closure as bytes, and back: the files that a plan is made from, kept with it and laid out again for apply, drift and rollback.

The form is a plain tar (PAX) with every time, owner and group zeroed and the paths sorted, so that the same files give the same bytes and the same
digest on every machine. It is not compressed: zlib's output differs between its versions and builds, and with it the digest would. Symlinks are kept as
links, together with the file they lead to; submodules hold nothing, as in a clone without them.
"""

import io
import tarfile
from collections.abc import Iterable, Mapping

from interlock.model.errors import ArtifactMismatch, ConfigurationError, NotFound
from interlock.world.links import LINKS, SUBMODULE, LinkedTree
from interlock.world.tree import Entry, Tree

LINK = 0o120000

#: Path → content and Git mode (0o100644, 0o100755, 0o120000). A link's content is its target.
Files = Mapping[str, tuple[bytes, int]]


def pack(tree: Tree, paths: Iterable[str]) -> bytes:
    """The files at `paths`, and what the symlinks on the way to them and among them lead to. Raises NotFound, ConfigurationError (links that leave)."""
    found: dict[str, tuple[bytes, int]] = {}
    for path in sorted(set(paths)):
        _collect(tree, path, found, LINKS)
    return pack_files(found)


def pack_files(files: Files) -> bytes:
    """Raises ArtifactMismatch for names that could not be laid out again."""
    check(files)
    buffer = io.BytesIO()
    with tarfile.open(
        fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT, encoding="utf-8", errors="surrogateescape"
    ) as archive:
        for path in sorted(files):
            data, mode = files[path]
            item = tarfile.TarInfo(path)
            item.mode = 0o755 if mode == 0o100755 else 0o644
            if mode == LINK:
                item.type, item.linkname = tarfile.SYMTYPE, data.decode("utf-8", "surrogateescape")
                archive.addfile(item)
            else:
                item.size = len(data)
                archive.addfile(item, io.BytesIO(data))
    return buffer.getvalue()


def unpack(data: bytes) -> dict[str, tuple[bytes, int]]:
    """Raises ArtifactMismatch when `data` is no closure, or one that would write outside its folder."""
    files: dict[str, tuple[bytes, int]] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:", encoding="utf-8", errors="surrogateescape") as archive:
            for item in archive:
                if item.name in files:
                    raise ArtifactMismatch(f"the stored closure has two files {item.name}")
                if item.issym():
                    files[item.name] = (item.linkname.encode("utf-8", "surrogateescape"), LINK)
                elif item.isreg():
                    content = archive.extractfile(item)
                    assert content is not None
                    files[item.name] = (content.read(), 0o100755 if item.mode & 0o100 else 0o100644)
                else:
                    raise ArtifactMismatch(f"the stored closure has {item.name}, which is neither a file nor a link")
    except (tarfile.TarError, EOFError, ValueError) as error:
        raise ArtifactMismatch(f"the stored closure cannot be read: {error}") from None
    check(files)
    return files


def check(files: Files) -> None:
    """Raises ArtifactMismatch unless `files` can be laid out in a folder, and nothing of them leads out of it."""
    for path in files:
        parts = path.split("/")
        if (
            not path
            or any(part in ("", ".", "..") for part in parts)
            or "\0" in path
            or ".git" in path.lower().split("/")
        ):
            raise ArtifactMismatch(f"the stored closure names '{path}', which is no path inside a folder")
        for end in range(1, len(parts)):
            if "/".join(parts[:end]) in files:
                raise ArtifactMismatch(f"the stored closure has {'/'.join(parts[:end])} both as a file and as a folder")
    tree = _FilesTree(files)
    for path, (_, mode) in files.items():
        if mode == LINK:
            try:
                tree.is_folder(path)
            except ConfigurationError as error:
                raise ArtifactMismatch(f"the stored closure leads outside: {error.problems[0].message}") from None


def _collect(tree: Tree, path: str, found: dict[str, tuple[bytes, int]], links: int) -> None:
    parts = [part for part in path.split("/") if part]
    for end in range(1, len(parts) + 1):
        entry = tree.entry("/".join(parts[:end]))
        if entry is None or not entry.is_link or entry.path in found:
            continue
        target = tree.link_target(entry.path)
        tree.is_folder(entry.path)  # raises when it leads out of the repository, or round in a circle
        found[entry.path] = (target.encode("utf-8", "surrogateescape"), LINK)
        beside = entry.path.rpartition("/")[0]
        if links and not tree.is_folder(entry.path):
            _collect_target(tree, f"{beside}/{target}" if beside else target, found, links - 1)
    entry = tree.entry(path)
    if entry is None:
        if path not in found:
            raise NotFound(f"{path} is no file of this tree")
    elif not entry.is_link and entry.mode != SUBMODULE and entry.path not in found:
        found[entry.path] = (tree.read(entry.path), entry.mode)


def _collect_target(tree: Tree, path: str, found: dict[str, tuple[bytes, int]], links: int) -> None:
    entry = tree.entry(path)
    if entry is not None:  # a link to nothing is kept as it is
        _collect(tree, entry.path, found, links)


class _FilesTree(LinkedTree):
    """Files in memory as a tree: only to follow links as a file system would."""

    def __init__(self, files: Files) -> None:
        self._files = files
        self._folders: dict[str, dict[str, Entry | None]] = {"": {}}
        for path, (data, mode) in files.items():
            folder, _, name = path.rpartition("/")
            self._folders.setdefault(folder, {})[name] = Entry(path, "", mode, len(data))
            while folder:
                parent, _, name = folder.rpartition("/")
                self._folders.setdefault(parent, {})[name] = None
                folder = parent

    def _children(self, folder: str) -> Mapping[str, Entry | None] | None:
        return self._folders.get(folder)

    def _bytes(self, entry: Entry) -> bytes:
        return self._files[entry.path][0]
