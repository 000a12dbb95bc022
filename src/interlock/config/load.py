"""Both files → `Configuration`: read, merge, validate, cross-check, resolve into pairs. Every problem of one run is told at once.

Order of work: organization.yaml, then interlock.yaml and what it includes or discovers, then each component by itself, then each component in
each of its environments, then what refers to what. A part that is wrong drops out of the later steps but its name stays known, so that one
mistake is told once. Nothing is returned unless there is no error at all.
"""

import datetime
import gc
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from pydantic import ValidationError

from interlock.config import discover, references
from interlock.config.component import COMMON, Component
from interlock.config.cross import Cross
from interlock.config.environments import specs
from interlock.config.organization import Organization, OrganizationFile, Sections
from interlock.config.own import Known
from interlock.config.pairs import Entry, Resolver
from interlock.config.places import Placed, Spot, get, items, mapping, nowhere
from interlock.config.problems import Problems, field_names
from interlock.config.yaml import MAX_BYTES, read, too_big
from interlock.kind import Kind
from interlock.model.errors import ConfigurationError, Location, NotFound, Problem
from interlock.model.manifest import EnvironmentSpec, Pair
from interlock.model.units import nearest
from interlock.world.tree import Tree

ORGANIZATION = "organization.yaml"
COMPONENTS = "interlock.yaml"


@dataclass(frozen=True)
class Configuration:
    """`environments` in `after` order, ties alphabetical; `pairs` by environment in that order, then by name.

    `secrets` maps names to their source (`{"env": …}`, `{"file": …}`, `{"command": […]}`), `runners` and `notifications` to plain JSON; values
    there may hold `${secret:NAME}`. `warnings` are problems that stop nobody. `files` are those
    that were read: both, and the included ones.
    """

    organization: Organization
    teams: Mapping[str, tuple[str, ...]]
    components: Mapping[str, Component]
    pairs: tuple[Pair, ...]
    environments: tuple[EnvironmentSpec, ...]
    secrets: Mapping[str, Any] = field(default_factory=dict)
    runners: Mapping[str, Any] = field(default_factory=dict)
    notifications: Mapping[str, Any] = field(default_factory=dict)
    warnings: tuple[Problem, ...] = ()
    files: tuple[str, ...] = (ORGANIZATION, COMPONENTS)
    spots: Spot = field(default_factory=lambda: nowhere(COMPONENTS), repr=False, compare=False)

    def place(self, *path: str | int) -> Location:
        """Where the value at `path` stands: `place("environments", "production", "after")`, `place("components", "app", "path")`. The
        nearest enclosing value's place when there is nothing."""
        return self.spots.find(path).location

    def pair(self, environment: str, component: str) -> Pair:
        """Raises NotFound with the nearest name."""
        if (found := self._index.get((environment, component))) is not None:
            return found
        names = [e.name for e in self.environments]
        if environment not in names:
            raise NotFound(f"there is no environment '{environment}'", hint=_hint(environment, names))
        if component not in self.components:
            raise NotFound(f"there is no component '{component}'", hint=_hint(component, sorted(self.components)))
        raise NotFound(f"component '{component}' is not deployed in '{environment}'")

    @cached_property
    def _index(self) -> dict[tuple[str, str], Pair]:
        return {(pair.environment, pair.component): pair for pair in self.pairs}

    def environment(self, name: str) -> EnvironmentSpec:
        """Raises NotFound with the nearest name."""
        for spec in self.environments:
            if spec.name == name:
                return spec
        names = [e.name for e in self.environments]
        raise NotFound(f"there is no environment '{name}'", hint=_hint(name, names))


def _hint(word: str, names: list[str] | tuple[str, ...]) -> str:
    near = nearest(word, names)
    return f"Did you mean '{near}'?" if near else f"There is {', '.join(names) or 'none'}"


def load(tree: Tree, kinds: Mapping[str, Kind], today: datetime.date | None = None) -> Configuration:
    """The configuration of `tree`. `today` judges `until` of ignore rules (UTC's today when absent).

    Raises ConfigurationError with every problem, sorted by place.
    """
    with _no_collection():
        return _load(tree, kinds, today or datetime.datetime.now(datetime.UTC).date())


@contextmanager
def _no_collection() -> Iterator[None]:
    """The garbage collector would walk the growing configuration again and again: more than half of the time, for nothing to collect."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def _load(tree: Tree, kinds: Mapping[str, Kind], today: datetime.date) -> Configuration:
    problems = Problems()
    who = _read_file(tree, ORGANIZATION, problems)
    what = _read_file(tree, COMPONENTS, problems)
    organization = _organization(who, problems) if who else None
    known = _known(who) if who else None
    entries: dict[str, Entry] = {}
    files = [ORGANIZATION, COMPONENTS]
    spot = nowhere(COMPONENTS)
    if what:

        def included(path: str) -> Placed | None:
            files.append(path)
            return _read_file(tree, path, problems)

        found = discover.component_entries(what, tree, included, problems)
        defaults = _defaults(what, kinds, problems)
        resolver = Resolver(tree, kinds, today, known, problems)
        names: dict[str, Placed] = {}
        for name, placed in found.items():
            kind, names[name] = resolver.merged(name, placed, defaults)
            if (entry := resolver.entry(name, kind, names[name])) is not None:
                entries[name] = entry
        spot = mapping(names, what[1].find(["components"]))[1]
        Cross(tree, entries, names, spot, known, problems).check()
    problems.raise_if_any()
    assert organization is not None
    assert who
    assert what
    environments = specs(organization)
    order = {spec.name: index for index, spec in enumerate(environments)}
    pairs = [resolved.pair for entry in entries.values() for resolved in entry.resolved.values()]
    spots = what[1].with_children({**_children(who), **_children(what), "components": spot})
    return Configuration(
        organization=organization.organization,
        teams={name: team.members for name, team in sorted(organization.teams.items())},
        components={name: entry.component for name, entry in entries.items()},
        pairs=tuple(sorted(pairs, key=lambda pair: (order[pair.environment], pair.component))),
        environments=environments,
        secrets={name: secret.source() for name, secret in sorted(organization.secrets.items())},
        runners={
            n: runner.model_dump(mode="json", exclude_none=True) for n, runner in sorted(organization.runners.items())
        },
        notifications={n: channel.model_dump(mode="json") for n, channel in sorted(organization.notifications.items())},
        warnings=tuple(sorted(problems.warnings, key=lambda p: (p.location, p.slug, p.message))),
        files=tuple(files),
        spots=spots,
    )


def environments_of(tree: Tree) -> tuple[EnvironmentSpec, ...]:
    """Only the environments of organization.yaml, for judging a change by the file before it. Raises ConfigurationError."""
    problems = Problems()
    who = _read_file(tree, ORGANIZATION, problems)
    organization = _organization(who, problems) if who else None
    problems.raise_if_any()
    assert organization is not None
    return specs(organization)


def _children(placed: Placed) -> dict[str, Spot]:
    return placed[1].children if isinstance(placed[1].children, dict) else {}


def _read_file(tree: Tree, path: str, problems: Problems) -> Placed | None:
    """The mapping in a file; None after a problem."""
    entry = tree.entry(path)
    if entry is None:
        other = path.replace(".yaml", ".yml")
        hint = f"Rename {other}" if tree.entry(other) else "Run `interlock init` to write it"
        problems.add(Location(path), "file-missing", f"there is no {path} at the root of the repository", hint=hint)
        return None
    if entry.size > MAX_BYTES:
        problems.extend([too_big(path, entry.size)])
        return None
    try:
        data = tree.read(path)
    except ConfigurationError as error:
        problems.extend(error.problems)
        return None
    except NotFound as error:
        problems.add(Location(path), "file-missing", f"{path} cannot be read: {error.message}")
        return None
    placed, found = read(path, data)
    problems.extend(found)
    if placed is not None and not isinstance(placed[0], dict):
        problems.add(placed[1].location, "wrong-type", f"{path} must be a mapping of keys")
        return None
    return placed


def _organization(who: Placed, problems: Problems) -> OrganizationFile | None:
    """Validated, and its references checked as far as the valid parts go."""
    value = {key: placed for key, placed in items(who).items() if not key.startswith("x-")}
    found = problems.model(OrganizationFile, mapping(value, who[1]))
    known = {name: _names(who, name) for name in ("teams", "environments", "runners", "caches", "secrets")}
    parts = found or Sections(**{name: _valid_part(who, name) for name in Sections.model_fields})
    references.organization(parts.environments, parts.runners, parts.notifications, known, who[1], problems)
    return found


def _known(who: Placed) -> Known:
    """What components may name. An environment whose zone is wrong counts as production until that is mended."""
    environments = _names(who, "environments")
    zones = _Any() if isinstance(environments, _Any) else dict[str, str]()
    for name, value in environments.items():
        zone = value.get("zone") if isinstance(value, dict) else None
        zones[name] = zone if isinstance(zone, str) else "production"
    return Known(zones, _names(who, "runners"), _names(who, "secrets"))


class _Any(dict[str, Any]):
    """Has every name, lists none."""

    def __contains__(self, key: object) -> bool:
        return True


def _names(who: Placed, section: str) -> Mapping[str, Any]:
    """The entries of a section as written. One that is no mapping is told already, and stands for every name."""
    value = who[0].get(section, {})
    return value if isinstance(value, dict) else _Any()


def _valid_part(who: Placed, section: str) -> dict[str, Any]:
    """The entries of a section that are valid each by itself."""
    found = {}
    for name, value in _names(who, section).items():
        with suppress(ValidationError):
            found.update(getattr(Sections.model_validate({section: {name: value}}), section))
    return found


def _defaults(what: Placed, kinds: Mapping[str, Kind], problems: Problems) -> dict[str, Placed]:
    """The keys of `defaults:`; each must be one that components of some kind have, and `path` is nobody's default."""
    section = get(what, "defaults")
    if section is None:
        return {}
    if not isinstance(section[0], dict):
        problems.add(section[1].location, "wrong-type", "defaults must be a mapping of keys")
        return {}
    known = set(COMMON).union(*(field_names(kind.settings) for kind in kinds.values())) - {"path"}
    found = {}
    for key, placed in items(section).items():
        if key in known:
            found[key] = placed
        else:
            problems.add(
                placed[1].key_location, "unknown-key", f"unknown key '{key}' in defaults", value=key, known=known
            )
    return found
