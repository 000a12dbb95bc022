"""Components → pairs: each component validated by itself, then resolved for each of its environments.

Settings of a kind may hold `${environment.name}` and `${environment.zone}`; these are resolved here. Variables and checks keep their
references: the engine resolves them when it plans or checks. What components say of each other is `cross`'s.
"""

import datetime
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel, ValidationError

from interlock.config import discover, own, paths, references
from interlock.config.checks import CheckEntry
from interlock.config.component import COMMON, Component, Override
from interlock.config.own import Known
from interlock.config.places import Placed, Spot, get, items, mapping
from interlock.config.problems import Problems, field_names
from interlock.kind import Kind
from interlock.model import template
from interlock.model.check import Check
from interlock.model.manifest import Pair
from interlock.model.template import Reference, TemplateError
from interlock.world.tree import Tree


@dataclass(frozen=True)
class Resolved:
    """A pair, its settings as the kind's model, and the settings' places."""

    pair: Pair
    settings: BaseModel
    spot: Spot


@dataclass(frozen=True)
class Entry:
    """A component that is valid by itself, with the mapping it was made from."""

    component: Component
    placed: Placed
    kind: Kind
    resolved: Mapping[str, Resolved]  # by environment


_SAME = Override()


class Resolver:
    """`known` None: nothing is said about names of organization.yaml, since that could not be read."""

    def __init__(
        self, tree: Tree, kinds: Mapping[str, Kind], today: datetime.date, known: Known | None, problems: Problems
    ) -> None:
        self.tree, self.kinds, self.today, self.known, self.problems = tree, kinds, today, known, problems
        self._folders: dict[str, str | paths.PathError] = {}

    def merged(self, name: str, placed: Placed, defaults: Mapping[str, Placed]) -> tuple[Kind | None, Placed]:
        """The kind of a component and its mapping with defaults; None after a problem."""
        found = get(placed, "kind") or defaults.get("kind")
        kind: Kind | None = None
        if found is None:
            message = f"components.{name} has no 'kind'"
            hint = f"Write `kind:` here or under `defaults:`; there is {', '.join(sorted(self.kinds))}"
            self.problems.add(placed[1].key_location, "missing-key", message, hint=hint)
        elif not isinstance(found[0], str):
            self.problems.add(found[1].location, "wrong-type", f"components.{name}.kind must be text", value=found[0])
        elif found[0] not in self.kinds:
            message = f"components.{name}.kind: there is no kind '{found[0]}'"
            self.problems.add(found[1].location, "unknown-kind", message, value=found[0], known=self.kinds)
        else:
            kind = self.kinds[found[0]]
        keys = frozenset(defaults) if kind is None else COMMON | field_names(kind.settings)
        placed = discover.with_defaults(placed, defaults, keys)
        entries = items(placed)
        if kind is None:
            entries["kind"] = ("?", placed[1])  # told above, once
        if "environments" in entries:
            entries["environments"] = self._environments(name, entries["environments"])
        return kind, mapping(entries, placed[1])

    def _environments(self, name: str, placed: Placed) -> Placed:
        """`environments:` as a mapping. A wrong entry of a list is told and dropped."""
        value, spot = placed
        where = f"components.{name}.environments"
        if value == [] or value == {}:
            hint = "Leave the key out to deploy it everywhere, or remove the component"
            self.problems.add(spot.location, "empty-value", f"{where} must not be empty", hint=hint)
        if not isinstance(value, list):
            return placed
        kept: dict[str, Placed] = {}
        for index, environment in enumerate(value):
            place = spot.find([index])
            if not isinstance(environment, str):
                self.problems.add(place.location, "wrong-type", f"{where}[{index}] must be a name", value=environment)
            elif environment in kept:
                message = f"{where}: '{environment}' is here twice"
                self.problems.add(place.location, "duplicate-name", message, value=environment)
            else:
                kept[environment] = discover.named_only(place)
        return mapping(kept, spot)

    def entry(self, name: str, kind: Kind | None, placed: Placed) -> Entry | None:
        """The component of `placed` with its pairs; None when it is not valid by itself."""
        component = self.problems.model(Component, placed, ("components", name))
        if kind is None:
            return None
        placed = own.with_known_keys(name, kind, placed, self.problems)
        if component is None:
            component, placed = _rest(placed)
        if component is None:
            return None
        own.check_names(name, component, placed[1], self.known, self.problems)
        own.check_rules(name, component, placed[1], self.today, self.problems)
        resolved: dict[str, Resolved] = {}
        if self.known is not None:
            shared: Resolved | None = None
            base_checks = _checks(component.checks, component.runner)
            wanted = (
                component.environments if component.environments is not None else dict.fromkeys(self.known.environments)
            )
            for environment, override in sorted(wanted.items()):
                if environment not in self.known.environments.keys():  # noqa: SIM118 - what stands for every name has no zone
                    continue
                found = self._resolve(
                    name, component, placed, kind, environment, override or _SAME, shared, base_checks
                )
                if found is not None:
                    resolved[environment] = found
                    if shared is None and (override is None or not override.settings):
                        shared = found
        return Entry(component, placed, kind, resolved)

    def _resolve(
        self,
        name: str,
        component: Component,
        placed: Placed,
        kind: Kind,
        environment: str,
        override: Override,
        shared: Resolved | None,
        base_checks: tuple[Check, ...],
    ) -> Resolved | None:
        """`shared` is the result for an environment that overrides no setting: its settings are taken by the next such one, unless something
        of the environment is in them."""
        assert self.known is not None
        keys = field_names(kind.settings)
        if shared is not None and not override.settings and not _any_reference(component.settings):
            settings, spot, plain = shared.settings, shared.spot, shared.pair.settings
        else:
            written = mapping({k: p for k, p in items(placed).items() if k in keys}, placed[1])
            if override.settings:
                over = placed[1].find(["environments", environment])
                value = {key: item for key, item in override.settings.items() if key in keys}
                written = discover.refine(written, (value, over))
                written = (
                    written[0],
                    placed[1].with_children(written[1].children),
                )  # its own place, not the override's
            zone = self.known.environments[environment]
            value = self._own_references(f"components.{name}", written, environment, zone)
            if value is None:
                return None
            model = self.problems.model(kind.settings, (value, written[1]), ("components", name))
            if model is None or not self._paths(name, model, written[1]):
                return None
            settings, spot, plain = model, written[1], model.model_dump(mode="json")
        pair = Pair(
            component=name,
            environment=environment,
            kind=kind.name,
            settings=plain,
            variables={**component.variables, **override.variables} if override.variables else component.variables,
            depends_on=tuple(sorted(set(component.depends_on))),
            checks=_checks(override.checks, component.runner) if override.checks is not None else base_checks,
            soak=component.soak if override.soak is None else override.soak,
            ignore=tuple(rule.model_dump(mode="json", exclude_none=True) for rule in component.ignore),
            place=str(placed[1].key_location),
        )
        return Resolved(pair, settings, spot)

    def _own_references(self, where: str, written: Placed, environment: str, zone: str) -> Any:
        """The settings with `${environment.…}` resolved; None when they hold another reference, or a malformed one."""
        if not _any_reference(written[0]):
            return written[0]
        fine = True
        for reference, spot in references.scan(*written, self.problems):
            if reference.form != "environment":
                message = f"{where}: '${{{reference}}}' cannot stand here; only ${{environment.name}} and ${{environment.zone}} can"
                hint = "Variables and checks may hold other references"
                value = f"${{{reference}}}"
                self.problems.add(spot.location, "reference-not-allowed", message, value=value, hint=hint)
                fine = False

        def look_up(reference: Reference) -> str:
            return environment if reference.arguments[0] == "name" else zone

        try:
            return template.resolve(written[0], look_up) if fine else None
        except TemplateError:
            return None  # told by the scan

    def _paths(self, name: str, settings: BaseModel, spot: Spot) -> bool:
        """Whether `path` is a folder of the repository and each of `var_files`, relative to it, a file."""
        where = f"components.{name}"
        path = getattr(settings, "path", None)
        if not isinstance(path, str):
            return True
        if path not in self._folders:
            try:
                self._folders[path] = paths.folder(self.tree, path)
            except paths.PathError as error:
                self._folders[path] = error
        folder = self._folders[path]
        if isinstance(folder, paths.PathError):
            message = f"{where}.path: '{path}' {folder}"
            self.problems.add(spot.find(["path"]).location, folder.slug, message, value=path, near=folder.nearest)
            return False
        fine = True
        for index, file in enumerate(getattr(settings, "var_files", ())):
            try:
                paths.file(self.tree, file, folder)
            except paths.PathError as error:
                message = f"{where}.var_files: '{file}' {error}"
                location = spot.find(["var_files", index]).location
                self.problems.add(location, error.slug, message, value=file, near=error.nearest)
                fine = False
        return fine


def _rest(placed: Placed) -> tuple[Component | None, Placed]:
    """What is left of a wrong component without the wrong keys, so that what it refers to is still checked. Nothing where `depends_on` or
    `environments` are wrong: without them everything else would be told wrong, too."""
    entries = {key: item for key, item in items(placed).items() if _fits(key, item[0])}
    if {"depends_on", "environments"} & (placed[0].keys() - entries.keys()):
        return None, placed
    rest = mapping(entries, placed[1])
    return Component.model_validate(rest[0]), rest


def _fits(key: str, value: Any) -> bool:
    try:
        Component.model_validate({"kind": "x", key: value})
    except ValidationError:
        return False
    return True


def _any_reference(value: Any) -> bool:
    if isinstance(value, str):
        return "${" in value
    if isinstance(value, dict):
        return any(_any_reference(item) or "${" in key for key, item in value.items())
    return isinstance(value, list | tuple) and any(_any_reference(item) for item in value)


def _checks(entries: Iterable[CheckEntry], runner: str | None) -> tuple[Check, ...]:
    """With the check that `runner:` stands for; names made different by a number."""
    found = [entry.check() for entry in entries]
    if runner is not None and not any(c.type == "runner" and c.settings["name"] == runner for c in found):
        found.append(Check("runner", f"runner {runner}", {"name": runner}))
    names = set[str]()
    for index, check in enumerate(found):
        name, number = check.name, 2
        while name in names:
            name, number = f"{check.name} ({number})", number + 1
        names.add(name)
        found[index] = replace(check, name=name) if name != check.name else check
    return tuple(found)
