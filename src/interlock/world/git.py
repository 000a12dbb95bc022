"""Reading a Git repository by its objects: trees, differences and history, without a checkout and without the git program.

Trees are compared by libgit2's tree diff, which skips equal subtrees by their hash: the cost is what changed, not what there is. Two trees of
this repository may be compared whatever they are, commits or the working tree: a folder is its commit's tree and the files that differ.

A shallow clone has no answer to some questions (the root commit, who wrote what since a base that is cut off). Then it is an error that
names the `git fetch` to run; a part of the answer is never given for the whole.

libgit2 is loaded on first use: it costs 100 ms, which commands that read no repository should not pay.
"""

import os
import threading
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from interlock.model.errors import Unavailable, UsageError
from interlock.world.folder import FolderTree, snapshot
from interlock.world.git_history import cut_off, message, unknown, writers
from interlock.world.git_tree import GitTree

if TYPE_CHECKING:
    import pygit2

__all__ = ["Changed", "GitTree", "Repository"]


@dataclass(frozen=True, order=True)
class Changed:
    """A path whose content or mode differs: identities before and after, None where there is no file. A rename is a delete and an add."""

    path: str
    old_identity: str | None
    new_identity: str | None


class Repository:
    """A Git repository on disk. Commits are named by their full hash, in lower case. May be shared between threads."""

    def __init__(self, handle: "pygit2.Repository") -> None:
        self._handle = handle
        self._lock = threading.RLock()
        self._trees: dict[str, GitTree] = {}
        self.root = Path(handle.workdir or handle.path).resolve()

    def __repr__(self) -> str:
        return f"Repository({str(self.root)!r})"

    @staticmethod
    def open(path: Path | str) -> "Repository":
        """The repository that `path` (a folder of it, or of one of its worktrees) is in. Raises UsageError when there is none, or it cannot be read."""
        import pygit2

        start = Path(path)
        if not start.is_dir():
            raise UsageError(f"there is no folder {start}", slug="no-repository")
        found = pygit2.discover_repository(str(start))
        if found is None:
            raise UsageError(
                f"{start.resolve()} is not in a Git repository",
                hint="Run in a clone of your repository, or begin one with `git init` and a first commit",
                slug="no-repository",
            )
        try:
            return Repository(pygit2.Repository(found))
        except (pygit2.GitError, KeyError, ValueError) as error:
            owner = Path(found).stat().st_uid
            hint = None
            if owner != os.geteuid():
                hint = f"It belongs to user {owner}; if you trust it: `git config --global --add safe.directory {Path(found).parent}`"
            raise UsageError(
                f"the repository {found} cannot be opened: {error}", hint=hint, slug="no-repository"
            ) from None

    def resolve(self, revision: str) -> str:
        """The commit that any Git revision names. Raises NotFound with the nearest name, UsageError when it is ambiguous or no revision."""
        import pygit2

        with self._lock:
            try:
                return str(self._handle.revparse_single(revision).peel(pygit2.Commit).id)
            except KeyError:
                raise unknown(self._handle, revision) from None
            except (ValueError, pygit2.GitError) as error:
                if revision == "HEAD" and self._handle.head_is_unborn:
                    raise unknown(self._handle, revision) from None
                raise UsageError(f"'{revision}' names no commit: {error}", slug="revision") from None

    def tree(self, revision: str) -> GitTree:
        """Raises as `resolve` does."""
        with self._lock:
            commit = self.resolve(revision)
            if commit not in self._trees:
                self._trees[commit] = GitTree(self._handle, self._commit(commit).tree, commit)
            return self._trees[commit]

    def folder_tree(self) -> FolderTree:
        """The working tree as it is now, with untracked files and without ignored ones. Raises UsageError for a bare repository."""
        with self._lock:
            if self._handle.is_bare:
                raise UsageError(f"{self.root} is a bare repository: it has no working tree", slug="bare-repository")
            base = None if self._handle.head_is_unborn else self.tree("HEAD")
            names = self._handle.status(untracked_files="all", ignored=False)
            return snapshot(self.root, base, names)

    def dirty(self) -> tuple[str, ...]:
        """Paths of the working tree that differ from HEAD, untracked ones included, sorted."""
        return () if self._handle.is_bare else self.folder_tree().differing

    def changed(self, old: GitTree | FolderTree, new: GitTree | FolderTree) -> tuple[Changed, ...]:
        """What differs between two trees of this repository, sorted by path."""
        with self._lock:
            paths = set(self._diff(_base(old), _base(new)))
        for side in (old, new):
            if isinstance(side, FolderTree):
                paths.update(side.differing)
        found = []
        for path in sorted(paths):
            before, after = old.at(path), new.at(path)
            if (before and (before.identity, before.mode)) != (after and (after.identity, after.mode)):
                found.append(Changed(path, before.identity if before else None, after.identity if after else None))
        return tuple(found)

    def _diff(self, old: GitTree | None, new: GitTree | None) -> set[str]:
        if old is None or new is None:
            side = old or new
            return {entry.path for entry in side.walk()} if side else set()
        if old.identity == new.identity:
            return set()
        paths = set()
        for delta in old._tree.diff_to_tree(new._tree, context_lines=0).deltas:
            for file in (delta.old_file, delta.new_file):
                paths.add(file.raw_path.decode("utf-8", "surrogateescape"))
        return paths

    def root_commit(self) -> str:
        """The commit that HEAD's first parents end at: it names the repository, whatever its clones and worktrees are called.

        Raises NotFound (slug `shallow-clone`) where the clone is cut off before it, and UsageError when there is no commit yet.
        """
        import pygit2

        with self._lock:
            walker = self._handle.walk(
                self.resolve("HEAD"), pygit2.enums.SortMode.TOPOLOGICAL | pygit2.enums.SortMode.REVERSE
            )
            walker.simplify_first_parent()
            root = str(next(walker).id)
            if root in self._cut():
                raise cut_off(self._handle, "the first commit of this repository is not in this shallow clone")
            return root

    def authors(self, base: str | None, head: str) -> tuple[str, ...]:
        """E-mail addresses, lower case and sorted, of who wrote a commit of base..head: its author and its co-authors. Without a base, of all history.

        Raises NotFound (slug `shallow-clone`) when the clone is cut off within that range: some of the authors would be missing.
        """
        with self._lock:
            walker = self._handle.walk(self.resolve(head))
            if base is not None:
                walker.hide(self.resolve(base))
            cut = self._cut()
            found: set[str] = set()
            for commit in walker:
                if str(commit.id) in cut:
                    raise cut_off(
                        self._handle,
                        f"this shallow clone lacks commits between {(base or 'the first commit')[:12]} and {head[:12]}",
                    )
                found |= writers(commit)
            return tuple(sorted(found))

    def is_ancestor(self, ancestor: str, descendant: str) -> bool:
        """Is `descendant` reached from `ancestor` (itself included)? Raises NotFound when a shallow clone cannot tell."""
        with self._lock:
            old, new = self.resolve(ancestor), self.resolve(descendant)
            if old == new or self._handle.descendant_of(new, old):
                return True
            if self._cut():
                raise cut_off(
                    self._handle, f"this shallow clone cannot tell whether {old[:12]} comes before {new[:12]}"
                )
            return False

    def message(self, commit: str) -> str:
        """The whole commit message."""
        with self._lock:
            return message(self._commit(self.resolve(commit)))

    def commit_time(self, commit: str) -> datetime:
        """When it was committed, UTC."""
        with self._lock:
            return datetime.fromtimestamp(self._commit(self.resolve(commit)).commit_time, UTC)

    def identity(self) -> str:
        """Git's `user.email`, or ""."""
        with self._lock:
            try:
                return str(self._handle.config["user.email"]).strip()
            except KeyError:
                return ""

    def _commit(self, commit: str) -> "pygit2.Commit":
        return self._handle[commit]  # type: ignore[return-value]

    def _cut(self) -> frozenset[str]:
        """The commits whose parents this clone lacks."""
        if not self._handle.is_shallow:
            return frozenset()
        # libgit2 tells that a clone is shallow, not where; the list is a documented file of the common folder.
        folder = Path(self._handle.path)
        common = folder / "commondir"
        if common.is_file():
            folder = folder / common.read_text().strip()
        try:
            return frozenset((folder / "shallow").read_text().split())
        except OSError as error:
            raise Unavailable(
                f"the list of cut-off commits {folder / 'shallow'} cannot be read: {error.strerror}"
            ) from None


def _base(tree: GitTree | FolderTree) -> GitTree | None:
    if isinstance(tree, GitTree):
        return tree
    base = tree.base
    assert base is None or isinstance(base, GitTree), "a folder of another repository"
    return base
