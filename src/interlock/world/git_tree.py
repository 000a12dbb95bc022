"""The tree of one commit, read from Git's objects."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from interlock.model.errors import NotFound
from interlock.world.links import SUBMODULE, LinkedTree
from interlock.world.tree import Entry

if TYPE_CHECKING:
    import pygit2


class GitTree(LinkedTree):
    """The tree of one commit. Folders are read once and kept; file contents are not."""

    def __init__(self, repository: "pygit2.Repository", tree: "pygit2.Tree", commit: str) -> None:
        self._repository = repository
        self._tree = tree
        self._commit = commit
        self._folders: dict[str, Mapping[str, Entry | None]] = {}
        self._trees: dict[str, pygit2.Tree] = {"": tree}

    def __repr__(self) -> str:
        return f"GitTree({self._commit[:12]})"

    @property
    def identity(self) -> str:
        return str(self._tree.id)

    @property
    def commit(self) -> str:
        return self._commit

    def _children(self, folder: str) -> Mapping[str, Entry | None] | None:
        known = self._folders.get(folder)
        if known is not None:
            return known
        if folder and folder not in self._trees:
            parent, _, name = folder.rpartition("/")
            self._children(parent)  # fills `_trees` with the folders inside `parent`
        tree = self._trees.get(folder)
        if tree is None:
            return None
        children: dict[str, Entry | None] = {}
        for item in tree:
            name = (item.raw_name or b"").decode("utf-8", "surrogateescape")
            path = f"{folder}/{name}" if folder else name
            if item.filemode == 0o040000:
                self._trees[path] = item  # type: ignore[assignment]
                children[name] = None
            else:
                children[name] = Entry(path, str(item.id), int(item.filemode), self._size(item))
        self._folders[folder] = children
        return children

    def _size(self, item: "pygit2.Object") -> int:
        if item.filemode == SUBMODULE:
            return 0
        try:
            return self._repository.odb.read_header(item.id)[1]
        except KeyError:
            return 0  # a partial clone lacks it; reading it says so

    def _bytes(self, entry: Entry) -> bytes:
        try:
            return self._repository.odb.read(entry.identity)[1]
        except KeyError:
            raise NotFound(
                f"the content of {entry.path} ({entry.identity[:12]}) is not in this clone",
                hint="This is a partial clone; run `git fetch --refetch --no-filter`",
                slug="partial-clone",
            ) from None
