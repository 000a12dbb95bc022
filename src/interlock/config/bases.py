"""The trees that a revision is compared with: what changed since each, and what its configuration said. Each is looked at once."""

from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field

from interlock.config.difference import Configured
from interlock.kind import Kind
from interlock.model.affected import Released
from interlock.model.errors import ConfigurationError
from interlock.world.tree import Tree

Key = tuple[str, str]  # environment, component


@dataclass(frozen=True)
class AffectedRequest:
    """`head` and `configured` are the revision asked about; `configured_at` reads the configuration at another tree.

    `released` holds what stands. `base` (a commit) replaces every release's. `tree_of` may raise for a commit that a shallow clone lacks: it goes
    through as it is. `changed` gives the paths that differ between two trees (by default their entries are compared). `configuration_files` are
    those that `configured` was read from; they concern components through their keys only.
    """

    head: Tree
    configured: Configured
    kinds: Mapping[str, Kind]
    released: Mapping[Key, Released]
    tree_of: Callable[[str], Tree]
    configured_at: Callable[[Tree], Configured]
    base: str | None = None
    changed: Callable[[Tree, Tree], Collection[str]] | None = None
    configuration_files: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Base:
    """`changed` is sorted. `configured` is None where the configuration could not be read; `trouble` says why."""

    commit: str
    tree: Tree
    changed: tuple[str, ...]
    configured: Configured | None
    trouble: str = ""
    all_changed: frozenset[str] = field(default=frozenset(), compare=False)

    def below(self, path: str) -> Iterator[str]:
        """Changed paths that a source covers: a file, a folder ending in `/`, or "" for everything."""
        if not path:
            yield from self.changed
        elif path.endswith("/"):
            for at in range(bisect_left(self.changed, path), len(self.changed)):
                if not self.changed[at].startswith(path):
                    break
                yield self.changed[at]
        elif path in self.all_changed:
            yield path


class Bases:
    def __init__(self, request: AffectedRequest) -> None:
        self.request = request
        self.known: dict[str, Base] = {}

    def get(self, commit: str) -> Base:
        """Raises what `tree_of` raises."""
        if commit not in self.known:
            self.known[commit] = self._make(commit)
        return self.known[commit]

    def _make(self, commit: str) -> Base:
        request = self.request
        tree = request.tree_of(commit)
        if tree.identity == request.head.identity:
            return Base(commit, tree, (), request.configured)
        changed = tuple(sorted((request.changed or differing)(tree, request.head)))
        every = frozenset(changed)
        # Releases carry their own pair; what else their configuration said is the same while its files are. An explicit base is always read: a
        # component that `discover` found there has no file in the configuration of today.
        if commit != request.base and request.configuration_files and not every & request.configuration_files:
            return Base(commit, tree, changed, request.configured, "", every)
        try:
            return Base(commit, tree, changed, request.configured_at(tree), "", every)
        except ConfigurationError as error:
            return Base(commit, tree, changed, None, str(error.problems[0]), every)


def differing(base: Tree, head: Tree) -> tuple[str, ...]:
    """Paths whose content or mode differs, by comparing the entries of two trees."""
    old = {e.path: (e.identity, e.mode) for e in base.walk()}
    new = {e.path: (e.identity, e.mode) for e in head.walk()}
    return tuple(sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path)))
