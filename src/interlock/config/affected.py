"""Which (component, environment) pairs a commit concerns.

Each pair is judged against its own base: the commit of its release, or an explicit `base` for all. Between the two trees Git says which paths
changed; a pair is affected when it reads one of them, now or at the base (a call that was removed counts), or when its resolved configuration differs
from the one it was released with. What cannot be told widens. Then, in order:

1. no base → everything about the pair is planned;
2. released, but not configured any more → a removal;
3. what is in because of 1, a key or a file pulls in those that use its outputs or artifacts in the same environment, *conditionally*: the engine
   drops them when these turn out unchanged. `depends_on` alone orders steps, it does not make anything change.

A folder that moved is told as the one key `path`: files that are the same on both sides are not listed.
"""

from collections.abc import Collection, Iterator
from contextlib import suppress
from dataclasses import replace

from pydantic import ValidationError

from interlock.config.bases import AffectedRequest, Base, Bases, Key
from interlock.config.difference import pair_differences, surrounding_differences, used
from interlock.config.moved import content, folder_of, moved_along
from interlock.kind import Source
from interlock.model.affected import AffectedPair, AffectedReport, LeftOut, Reason, ReasonType, Released, by_weight
from interlock.model.errors import ConfigurationError, Location, Problem
from interlock.model.manifest import Pair
from interlock.world.tree import Tree

__all__ = ["AffectedRequest", "affected"]

SHORT = 12  # characters of a commit in texts
OWN = "own file"

#: How the `why` of a source (a clause, see `interlock.kind.Source`) sorts into types. The rest is a plain read.
_TYPES = (
    (OWN, ReasonType.OWN_FILE),
    ("var file", ReasonType.VAR_FILE),
    ("module chain", ReasonType.MODULE),
    ("may be", ReasonType.UNRESOLVED),
)


def affected(request: AffectedRequest) -> AffectedReport:
    """Raises ConfigurationError with every problem of what components read at head; errors of `tree_of` as they are."""
    return _Judge(request).report()


class _Judge:
    def __init__(self, request: AffectedRequest) -> None:
        self.request = request
        self.pairs = request.configured.pairs
        self.bases = Bases(request)
        self.read: dict[tuple[str, str, str], tuple[Source, ...] | ConfigurationError] = {}
        self.problems: list[Problem] = []
        self.claimed: set[str] = set()

    def report(self) -> AffectedReport:
        request = self.request
        base = None if request.base is None else self.bases.get(request.base)
        then = base.configured.pairs if base and base.configured else {}
        found: dict[Key, AffectedPair] = {}
        left: dict[Key, LeftOut] = {}
        for key, pair in self.pairs.items():
            reasons, against = self.judge(key, pair)
            if reasons:
                found[key] = AffectedPair(key[1], key[0], pair.kind, _sorted(reasons), base=against)
            else:
                left[key] = LeftOut(key[1], key[0], self.unchanged(key, against), against)
        for key in sorted((request.released.keys() | then.keys()) - self.pairs.keys()):
            found[key] = self.removal(key, request.released.get(key), then.get(key))
        if self.problems:
            raise ConfigurationError(tuple(dict.fromkeys(self.problems)))
        self.follow(found, left)
        names = dict.fromkeys(
            (*request.configured.environments, *(e for e, _ in self.pairs), *sorted(e for e, _ in found))
        )
        order = {name: at for at, name in enumerate(names)}

        def place(item: AffectedPair | LeftOut) -> tuple[int, str]:
            return order[item.environment], item.component

        pairs, out = sorted(found.values(), key=place), sorted(left.values(), key=place)
        return AffectedReport(request.head.commit, request.head.identity, tuple(pairs), tuple(out), self.unclaimed())

    def judge(self, key: Key, pair: Pair) -> tuple[list[Reason], str]:
        """Every reason but dependencies, and the base's commit."""
        request, released = self.request, self.request.released.get(key)
        now = self.sources(pair)
        if request.base is not None:
            base = self.bases.get(request.base)
            old = base.configured.pairs.get(key) if base.configured else None
        elif released is not None and released.commit:
            base, old = self.bases.get(released.commit), released.pair
        else:
            text = f"never released in {pair.environment}: everything is planned" + self.twin(pair)
            if released is not None:
                text = f"the release {released.name} names no commit to compare with: everything is planned"
            return [Reason(ReasonType.NEVER_RELEASED, text)], ""
        at = base.commit[:SHORT]
        reasons = [Reason(ReasonType.UNFINISHED, released.doubt)] if released and released.doubt else []
        if base.trouble:
            reasons.append(Reason(ReasonType.UNRESOLVED, f"the configuration at {at} cannot be read: {base.trouble}"))
        if old is not None:
            reasons += self.compare(old, pair, base, now)
        elif not base.trouble:
            text = f"not configured in {pair.environment} at {at}: everything is planned" + self.twin(pair)
            reasons.append(Reason(ReasonType.NEVER_RELEASED, text))
        return reasons, base.commit

    def compare(self, old: Pair, pair: Pair, base: Base, now: tuple[Source, ...]) -> Iterator[Reason]:
        """Keys, then files."""
        along, whole = moved_along(old, base.tree, pair, self.request.head)
        for difference in pair_differences(old, pair, self.request.kinds.get(pair.kind)):
            text = f"{difference.key} {difference.text}"
            if difference.key == "path":
                text = f"path: {folder_of(old) or '.'} → {folder_of(pair) or '.'}"
                text += ", the same content in a renamed folder" if whole else ""
            yield Reason(ReasonType.CONFIGURATION, text, difference.key)
        if base.configured is not None:
            for difference in surrounding_differences(base.configured, self.request.configured, pair):
                yield Reason(ReasonType.CONFIGURATION, f"{difference.key} {difference.text}", difference.key)
        if base.tree.identity != self.request.head.identity:
            for name in sorted({name for name, reference in used(pair) if reference.form == "commit"}):
                yield Reason(ReasonType.CONFIGURATION, f"{name} names ${{commit}}, which is another one now", name)
        try:
            then = self.sources_of(old, base.tree)
        except ConfigurationError as error:
            text = f"what it read at {base.commit[:SHORT]} cannot be told: {error.problems[0]}"
            yield Reason(ReasonType.UNRESOLVED, text)
            then = ()
        for source in (*now, *then) if base.changed else ():
            for path in base.below(source.path):
                keys_only = source.why == OWN and path in self.request.configuration_files
                if path not in along and not keys_only:
                    yield _file_reason(path, source.why)

    def sources(self, pair: Pair) -> tuple[Source, ...]:
        """At head, where a problem is an error of this run; it is kept until all are known."""
        try:
            return self.sources_of(pair, self.request.head)
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
        self.claimed.update(source.path for source in known)
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

    def twin(self, pair: Pair) -> str:
        """Where a component that is gone had the same folder content, this may be it under a new name: said, as it matters for its state."""
        gone = self.request.released.keys() - self.pairs.keys()
        here = content(self.request.head, folder_of(pair)) if gone else {}
        for key in sorted(gone):
            old = self.request.released[key]
            if here and key[0] == pair.environment and old.commit and old.pair.kind == pair.kind:
                there = content(self.bases.get(old.commit).tree, folder_of(old.pair))
                if there == here:
                    return f" (its folder has the content of '{key[1]}', which is no longer configured)"
        return ""

    def removal(self, key: Key, released: Released | None, before: Pair | None) -> AffectedPair:
        environment, component = key
        pair = released.pair if released is not None else before
        assert pair is not None
        commit = released.commit if released is not None else self.request.base or ""
        if commit:
            tree = self.bases.get(commit).tree
            with suppress(ConfigurationError):  # asked only so that its files count as claimed
                self.sources_of(pair, tree)
        elsewhere = any(name == component for _, name in self.pairs)
        text = f"no longer configured for {environment}" if elsewhere else "no longer configured"
        if released is None:
            text += ", and no release of it is known here"
        else:
            text += f": what {released.name or 'its release'} deployed is planned away"
        return AffectedPair(
            component, environment, pair.kind, (Reason(ReasonType.REMOVED, text),), removal=True, base=commit
        )

    def unchanged(self, key: Key, base: str) -> str:
        released = self.request.released.get(key) if self.request.base is None else None
        name = released.name if released is not None else ""
        if base and base == self.request.head.commit:
            return f"{name or 'its release'} is of this commit" if released else "the base is this commit"
        return f"nothing it reads changed since {f'{name}, commit {base[:SHORT]}' if name else base[:SHORT]}"

    def follow(self, found: dict[Key, AffectedPair], left: dict[Key, LeftOut]) -> None:
        """Dependants by outputs or artifacts, however far, in the same environment."""
        users: dict[Key, dict[Key, set[str]]] = {}
        for key, pair in self.pairs.items():
            for _, reference in used(pair):
                if reference.form in ("component_output", "component_artifact"):
                    users.setdefault((key[0], reference.arguments[0]), {}).setdefault(key, set()).add(str(reference))
        todo = sorted(key for key, item in found.items() if not item.removal)
        for key in todo:  # grows
            for user, names in sorted(users.get(key, {}).items()):
                text = f"{key[1]} will be deployed, and it uses {', '.join(sorted(names))}"
                reason = Reason(ReasonType.DEPENDENCY, text, key[1])
                if user in found:
                    found[user] = replace(found[user], reasons=_sorted([*found[user].reasons, reason]))
                    continue
                base = left.pop(user).base
                found[user] = AffectedPair(
                    user[1], user[0], self.pairs[user].kind, (reason,), conditional=True, base=base
                )
                todo.append(user)

    def unclaimed(self) -> tuple[str, ...]:
        """Changed files that no component reads."""
        changed = {
            path for base in self.bases.known.values() for path in base.changed
        } - self.request.configuration_files
        folders = tuple(sorted(path for path in self.claimed if not path or path.endswith("/")))
        return tuple(sorted(p for p in changed if p not in self.claimed and not p.startswith(folders)))


def _file_reason(path: str, why: str) -> Reason:
    type_ = next((type_ for start, type_ in _TYPES if why.startswith(start)), ReasonType.READ)
    return Reason(type_, f"{path}, {why}", path)


def _sorted(reasons: Collection[Reason]) -> tuple[Reason, ...]:
    return tuple(sorted(set(reasons), key=by_weight))


def _problem(pair: Pair, slug: str, message: str) -> ConfigurationError:
    file, _, rest = pair.place.partition(":")
    line, _, column = rest.partition(":")
    place = Location(file or pair.name, int(line) if line.isdigit() else 0, int(column) if column.isdigit() else 0)
    return ConfigurationError((Problem(place, slug, message, value=pair.kind),))
