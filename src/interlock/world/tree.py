"""A tree of files at one moment: a Git tree without a checkout, or a folder. Everything that reads a repository reads one of these."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class Entry:
    """`path` is relative to the repository's root, with `/`. `identity` changes exactly when the content does (a Git blob id).

    `mode` is Git's: 0o100644 file, 0o100755 executable, 0o120000 symlink, 0o160000 submodule.
    """

    path: str
    identity: str
    mode: int
    size: int

    @property
    def is_link(self) -> bool:
        return self.mode == 0o120000


class Tree(Protocol):
    """`identity` is the Git tree's hash, or `dirty-…` for a folder with uncommitted changes. Paths never leave the repository."""

    @property
    def identity(self) -> str: ...

    @property
    def commit(self) -> str:
        """The full commit hash, or "" when there is none (a folder without Git)."""
        ...

    def entry(self, path: str) -> Entry | None:
        """The file at `path`, None when there is none (or it is a folder)."""
        ...

    def is_folder(self, path: str) -> bool: ...

    def real(self, path: str) -> str:
        """`path` with every symlink on its way followed, normalised; itself where nothing is. One that leaves the tree raises ConfigurationError."""
        ...

    def read(self, path: str) -> bytes:
        """Raises NotFound. A symlink is followed inside the tree; one that leaves it raises ConfigurationError."""
        ...

    def link_target(self, path: str) -> str:
        """Where the symlink at `path` points, as written. Raises NotFound when there is none."""
        ...

    def walk(self, folder: str = "") -> Iterator[Entry]:
        """Every file below `folder`, sorted by path."""
        ...

    def list(self, folder: str = "") -> tuple[str, ...]:
        """Names directly inside `folder`, sorted; folders end with `/`."""
        ...
