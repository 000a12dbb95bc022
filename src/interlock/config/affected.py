"""Which (component, environment) pairs a commit concerns.

Each pair is judged against its own base: the commit of its release, or an explicit `base` for all. Between the two trees Git says which paths
changed; a pair is affected when it reads one of them, now or at the base (a call that was removed counts), or when its resolved configuration differs
from the one it was released with. What cannot be told widens. Then, in order:

1. no base → everything about the pair is planned;
2. released, but not configured any more → a removal;
3. what is in because of 1 to 2, a key or a file pulls in those that use its outputs or artifacts in the same environment, *conditionally*: the engine
   drops them when these turn out unchanged. `depends_on` alone orders steps, it does not make anything change.

A folder that moved with the same content is told as the one key `path`: files equal on both sides are not listed.
"""

import posixpath
from bisect import bisect_left
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from pydantic import ValidationError

from interlock.config.difference import Configured, pair_differences, surrounding_differences, used
from interlock.kind import Kind, Source
from interlock.model.affected import AffectedPair, AffectedReport, LeftOut, Reason, ReasonType, Released, by_weight
from interlock.model.errors import ConfigurationError, Location, Problem
from interlock.model.manifest import Pair
from interlock.world.tree import Tree

Key = tuple[str, str]  # environment, component
SHORT = 12

#: How the `why` of a source (a clause, see `interlock.kind.Source`) sorts into types; the first that fits, else a plain read.
_TYPES = (
    ("own file", ReasonType.OWN_FILE),
    ("var file", ReasonType.VAR_FILE),
    ("module chain", ReasonType.MODULE),
    ("read by", ReasonType.READ),
    ("named in", ReasonType.READ),
    ("symlink", ReasonType.READ),
)


@dataclass(frozen=True)
class AffectedRequest:
    """`head` and `configured` are the revision asked about; `configured_at` reads the configuration at another tree.

    `released` holds what stands. `base` (a commit) replaces every release's. `tree_of` may raise for a commit that a shallow clone lacks: it goes
    through as it is. `changed` gives the paths that differ between two trees. `configuration_files` concern components only through their keys.
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


def affected(request: AffectedRequest) -> AffectedReport:
    """Raises ConfigurationError with every problem of what components read at head; errors of `tree_of` as they are."""
    return _Judge(request).report()


@dataclass
class _Base:
    """One tree that pairs are compared with."""

    commit: str
    tree: Tree
    changed: tuple[str, ...]
    configured: Configured | None  # None: it could not be read
    trouble: str = ""
    all_changed: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        self.all_changed = frozenset(self.changed)


class _Judge:
    def __init__(self, request: AffectedRequest) -> None:
        self.request = request
        self.bases: dict[str, _Base] = {}
        self.read: dict[tuple[str, str, str], tuple[Source, ...] | ConfigurationError] = {}
        self.problems: list[Problem] = []
        self.claimed: set[str] = set()

    def report(self) -> AffectedReport:
        request = self.request
        pairs = request.configured.pairs
        found: dict[Key, AffectedPair] = {}
        left: dict[Key, LeftOut] = {}
        before = self.base(request.base).configured if request.base is not None else None
        for key in dict.fromkeys((*pairs, *sorted(request.released), *sorted(before.pairs if before else ()))):
            if key in pairs:
                reasons, base = self.judge(key, before)
                if reasons:
                    found[key] = AffectedPair(key[1], key[0], pairs[key].kind, _sorted(reasons), base=base)
                else:
                    left[key] = LeftOut(key[1], key[0], self.unchanged(key, base), base)
            else:
                old = request.released.get(key)
                pair = old.pair if old else before.pairs[key]  # type: ignore[union-attr]
                base = old.commit if old else request.base or ""
                found[key] = AffectedPair(key[1], key[0], pair.kind, (self.removal(key, old),), removal=True, base=base)
        if self.problems:
            raise ConfigurationError(tuple(dict.fromkeys(self.problems)))
        self.follow(found, left)
        order = {name: at for at, name in enumerate((*request.configured.environments, *sorted({e for e, _ in found})))}
        order = {name: list(order).index(name) for name in order}

        def place(item: AffectedPair | LeftOut) -> tuple[int, str]:
            return order.get(item.environment, len(order)), item.component

        return AffectedReport(
            request.head.commit,
            request.head.identity,
            tuple(sorted(found.values(), key=place)),
            tuple(sorted(left.values(), key=place)),
            self.unclaimed(),
        )

    def base(self, commit: str) -> _Base:
        if commit not in self.bases:
            request = self.request
            tree = request.tree_of(commit)
            same = tree.identity == request.head.identity
            changed = () if same else tuple(sorted((request.changed or differing)(tree, request.head)))
            trouble, configured = "", None
            try:
                configured = request.configured if same else request.configured_at(tree)
            except ConfigurationError as error:
                trouble = str(error.problems[0])
            self.bases[commit] = _Base(commit, tree, changed, configured, trouble)
        return self.bases[commit]

    def judge(self, key: Key, before: Configured | None) -> tuple[list[Reason], str]:
        """Every reason but dependencies, and the base's commit."""
        environment, component = key
        request, pair = self.request, self.request.configured.pairs[key]
        now = self.sources(pair, request.head)
        released = request.released.get(key)
        if request.base is None and (released is None or not released.commit):
            self.claimed.update(self.everything(now))
            if released is not None:
                text = f"its release {released.name or 'here'} names no commit to compare with"
            else:
                text = f"never released in {environment}: everything is planned"
            return [Reason(ReasonType.NEVER_RELEASED, text + self.twin(pair))], ""
        base = self.base(request.base if request.base is not None else released.commit)  # type: ignore[union-attr]
        old = released.pair if request.base is None and released else before.pairs.get(key) if before else None
        reasons: list[Reason] = []
        if released is not None and released.doubt:
            reasons.append(Reason(ReasonType.UNFINISHED, released.doubt, released.name))
        if base.trouble and (old is None or base.configured is None):
            reasons.append(
                Reason(
                    ReasonType.UNRESOLVED, f"the configuration at {base.commit[:SHORT]} cannot be read: {base.trouble}"
                )
            )
        if old is None:
            if not base.trouble:
                text = f"not configured in {environment} at {base.commit[:SHORT]}: everything is planned"
                reasons.append(Reason(ReasonType.NEVER_RELEASED, text + self.twin(pair)))
            self.claimed.update(self.match(base, now, pair))
            return reasons, base.commit
        moved = self.moved(old, pair, base)
        reasons += self.keys(old, pair, base, moved)
        try:
            then = self.sources_of(old, base.tree)
        except ConfigurationError as error:
            text = f"what it read at {base.commit[:SHORT]} cannot be told: {error.problems[0]}"
            reasons.append(Reason(ReasonType.UNRESOLVED, text))
            then = ()
        hits = {
            (s.path if not s.path or s.path.endswith("/") else path, s.why, path)
            for path, s in self.hits(base, (*now, *then))
        }
        for _, why, path in hits:
            self.claimed.add(path)
            if path not in moved:
                reasons.append(_file_reason(path, why))
        return reasons, base.commit

    def keys(self, old: Pair, pair: Pair, base: _Base, moved: frozenset[str]) -> Iterator[Reason]:
        for difference in pair_differences(old, pair, self.request.kinds.get(pair.kind)):
            text = f"{difference.key} {difference.text}"
            if difference.key == "path":
                text = f"path: {old.settings.get('path')} → {pair.settings.get('path')}"
                text += " (the folder was renamed, its content is the same)" if self.whole(moved, pair) else ""
            yield Reason(ReasonType.CONFIGURATION, text, difference.key)
        if base.configured is not None:
            for difference in surrounding_differences(base.configured, self.request.configured, pair):
                yield Reason(ReasonType.CONFIGURATION, f"{difference.key} {difference.text}", difference.key)
        if base.tree.identity != self.request.head.identity:
            for key in sorted({key for key, reference in used(pair) if reference.form == "commit"}):
                yield Reason(ReasonType.CONFIGURATION, f"{key} names ${{commit}}, and this is another one", key)

    def moved(self, old: Pair, pair: Pair, base: _Base) -> frozenset[str]:
        """The paths, old and new, of files that only moved along when the component's folder was renamed."""
        before, after = str(old.settings.get("path", "")), str(pair.settings.get("path", ""))
        if before == after:
            return frozenset()
        same: set[str] = set()
        for entry in self.request.head.walk(after):
            twin = posixpath.join(before, posixpath.relpath(entry.path, after))
            there = base.tree.entry(twin)
            if there is not None and (there.identity, there.mode) == (entry.identity, entry.mode):
                same |= {entry.path, twin}
        return frozenset(same)

    def whole(self, moved: frozenset[str], pair: Pair) -> bool:
        return all(entry.path in moved for entry in self.request.head.walk(str(pair.settings.get("path", ""))))

    def twin(self, pair: Pair) -> str:
        """Where a component that is gone had the same folder content, this one may be it under a new name: say so, it matters for its state."""
        here = self.content(self.request.head, pair)
        for key in sorted(self.request.released.keys() - self.request.configured.pairs.keys()):
            released = self.request.released[key]
            if key[0] == pair.environment and released.commit and released.pair.kind == pair.kind:
                if here and here == self.content(self.base(released.commit).tree, released.pair):
                    return f" (its folder has the content of the removed component '{key[1]}')"
        return ""

    @staticmethod
    def content(tree: Tree, pair: Pair) -> Mapping[str, str]:
        folder = str(pair.settings.get("path", ""))
        return {posixpath.relpath(e.path, folder or "."): e.identity for e in tree.walk(folder)}

    def removal(self, key: Key, released: Released | None) -> Reason:
        environment, component = key
        elsewhere = any(name == component for _, name in self.request.configured.pairs)
        what = f"no longer configured for {environment}" if elsewhere else "no longer configured"
        if released is None:
            return Reason(ReasonType.REMOVED, f"{what}; no release of it is known here", component)
        return Reason(
            ReasonType.REMOVED, f"{what}; what {released.name or 'its release'} deployed is planned away", component
        )

    def sources(self, pair: Pair, tree: Tree) -> tuple[Source, ...]:
        """At head, where a problem is an error of this run; it is kept until all are known."""
        try:
            return self.sources_of(pair, tree)
        except ConfigurationError as error:
            self.problems.extend(error.problems)
            return ()

    def sources_of(self, pair: Pair, tree: Tree) -> tuple[Source, ...]:
        key = (pair.kind, repr(sorted(pair.settings.items())), tree.identity)
        if key not in self.read:
            try:
                self.read[key] = self._ask(pair, tree)
            except ConfigurationError as error:
                self.read[key] = error
        known = self.read[key]
        if isinstance(known, ConfigurationError):
            raise known
        return known

    def _ask(self, pair: Pair, tree: Tree) -> tuple[Source, ...]:
        kind = self.request.kinds.get(pair.kind)
        if kind is None:
            raise _problem(pair, "unknown-kind", f"there is no kind '{pair.kind}'")
        try:
            settings = kind.settings.model_validate(dict(pair.settings))
        except ValidationError as error:
            raise _problem(
                pair, "invalid-settings", f"{pair.name} has settings that {pair.kind} does not know"
            ) from error
        return kind.sources(settings, tree)

    def hits(self, base: _Base, sources: Collection[Source]) -> Iterator[tuple[str, Source]]:
        """(changed path, source) of everything read that changed."""
        if not base.changed:
            return
        for source in set(sources):
            for path in _changed_at(base, source.path):
                if not (path in self.request.configuration_files and source.why == "own file"):
                    yield path, source

    def match(self, base: _Base, sources: Collection[Source], pair: Pair) -> Iterator[str]:
        return (path for path, _ in self.hits(base, sources))

    def everything(self, sources: Collection[Source]) -> Iterator[str]:
        return (source.path for source in sources)

    def unchanged(self, key: Key, base: str) -> str:
        released = self.request.released.get(key)
        if base == self.request.head.commit and base:
            name = released.name if released and self.request.base is None else ""
            return (
                f"{f'{name} ' if name else ''}deployed this commit"
                if self.request.base is None
                else "the base is this commit"
            )
        since = (
            f"{released.name} (commit {base[:SHORT]})"
            if released and released.name and self.request.base is None
            else base[:SHORT]
        )
        return f"nothing it reads changed since {since}"

    def follow(self, found: dict[Key, AffectedPair], left: dict[Key, LeftOut]) -> None:
        """Dependants by outputs or artifacts, however far, in the same environment."""
        users: dict[Key, dict[Key, set[str]]] = {}
        for key, pair in self.request.configured.pairs.items():
            for _, reference in used(pair):
                if reference.form in ("component_output", "component_artifact"):
                    users.setdefault((key[0], reference.arguments[0]), {}).setdefault(key, set()).add(str(reference))
        todo = sorted(key for key, item in found.items() if not item.removal)
        for key in todo:
            for user, names in sorted(users.get(key, {}).items()):
                reason = Reason(
                    ReasonType.DEPENDENCY, f"{key[1]} will be deployed, and it uses {', '.join(sorted(names))}", key[1]
                )
                if user in found:
                    item = found[user]
                    found[user] = replace(item, reasons=_sorted([*item.reasons, reason]))
                else:
                    out = left.pop(user)
                    kind = self.request.configured.pairs[user].kind
                    found[user] = AffectedPair(user[1], user[0], kind, (reason,), conditional=True, base=out.base)
                    todo.append(user)

    def unclaimed(self) -> tuple[str, ...]:
        """Changed files that no component reads. A claim may be a folder."""
        changed = set().union(*(base.all_changed for base in self.bases.values())) - self.request.configuration_files
        folders = tuple(sorted(path for path in self.claimed if not path or path.endswith("/")))
        return tuple(sorted(p for p in changed if p not in self.claimed and not (folders and p.startswith(folders))))


def differing(base: Tree, head: Tree) -> tuple[str, ...]:
    """Paths whose content or mode differs, by comparing the entries of two trees: what Git says faster."""
    old = {e.path: (e.identity, e.mode) for e in base.walk()}
    new = {e.path: (e.identity, e.mode) for e in head.walk()}
    return tuple(sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path)))


def _changed_at(base: _Base, path: str) -> Iterator[str]:
    """Changed paths that a source (a file, or a folder ending in `/`, or everything) covers."""
    if not path:
        yield from base.changed
    elif path.endswith("/"):
        for at in range(bisect_left(base.changed, path), len(base.changed)):
            if not base.changed[at].startswith(path):
                break
            yield base.changed[at]
    elif path in base.all_changed:
        yield path


def _file_reason(path: str, why: str) -> Reason:
    type_ = next((type_ for start, type_ in _TYPES if why.startswith(start)), ReasonType.UNRESOLVED)
    return Reason(type_, f"{path}, {why}", path)


def _sorted(reasons: Collection[Reason]) -> tuple[Reason, ...]:
    return tuple(sorted(set(reasons), key=by_weight))


def _problem(pair: Pair, slug: str, message: str) -> ConfigurationError:
    file, _, rest = pair.place.partition(":")
    line, _, column = rest.partition(":")
    place = Location(file or pair.name, int(line) if line.isdigit() else 0, int(column) if column.isdigit() else 0)
    return ConfigurationError((Problem(place, slug, message, value=pair.kind),))
