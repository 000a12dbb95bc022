"""What components say of each other: dependencies, references to outputs, secrets and artifacts, and no state written by two pairs."""

from collections.abc import Iterable, Mapping

from interlock.config import references
from interlock.config.own import Known
from interlock.config.pairs import Entry, Resolved
from interlock.config.places import Placed, Spot, get, items, nowhere
from interlock.config.problems import Problems, listed
from interlock.model.errors import ConfigurationError
from interlock.model.template import Reference
from interlock.world.tree import Tree

_IN_VARIABLES = frozenset({"component_output", "component_artifact", "environment", "commit", "secret"})
_IN_CHECKS = _IN_VARIABLES | {"output"}


class Cross:
    """`entries` are the valid components; `names` all of them, with the mappings they were made from."""

    def __init__(
        self,
        tree: Tree,
        entries: Mapping[str, Entry],
        names: Mapping[str, Placed],
        spot: Spot,
        known: Known | None,
        problems: Problems,
    ) -> None:
        self.tree, self.entries, self.names, self.known, self.problems = tree, entries, names, known, problems
        self.spot = spot
        self._published: dict[tuple[str, int], frozenset[str] | None] = {}

    def check(self) -> None:
        for name, entry in self.entries.items():
            self._depends_on(name, entry)
        edges = {name: entry.component.depends_on for name, entry in self.entries.items()}
        root = nowhere("").with_children({"components": self.spot})
        references.cycle(edges, "components", "depends_on", root, self.problems)
        for name, entry in self.entries.items():
            self._references(name, entry)
        self._states()

    def _depends_on(self, name: str, entry: Entry) -> None:
        for index, need in enumerate(entry.component.depends_on):
            location = entry.placed[1].find(["depends_on", index]).location
            where = f"components.{name}.depends_on"
            if need not in self.names:
                message = f"{where}: there is no component '{need}'"
                known = [other for other in self.names if other != name]
                self.problems.add(location, "unknown-component", message, value=need, known=known)
            elif need in self.entries and need != name:
                lacking = [e for e in entry.resolved if not self._is_in(need, e)]
                if lacking:
                    message = f"{where}: '{need}' is not deployed in {listed(lacking)}, where '{name}' is"
                    self.problems.add(location, "dependency-not-there", message, value=need)

    def _is_in(self, name: str, environment: str) -> bool:
        wanted = self.entries[name].component.environments
        return wanted is None or environment in wanted

    def _references(self, name: str, entry: Entry) -> None:
        """Variables and checks of the component and of each override. What an environment replaces is not judged for that environment."""
        variables, checks = get(entry.placed, "variables"), get(entry.placed, "checks")
        overrides = items(get(entry.placed, "environments"))
        environments = tuple(entry.resolved)
        for key, placed in items(variables).items():
            where = [
                e for e in environments if key not in items(get(overrides[e], "variables") if e in overrides else None)
            ]
            self._scan(name, entry, f"variables.{key}", placed, _IN_VARIABLES, where)
        self._keys(variables)
        self._checks(
            name, entry, checks, [e for e in environments if e not in overrides or get(overrides[e], "checks") is None]
        )
        for environment, override in overrides.items():
            only = [environment] if environment in entry.resolved else []
            for key, placed in items(get(override, "variables")).items():
                self._scan(name, entry, f"environments.{environment}.variables.{key}", placed, _IN_VARIABLES, only)
            self._keys(get(override, "variables"))
            self._checks(name, entry, get(override, "checks"), only)
        for key in ("kind", "depends_on", "ignore", "runner"):
            if (found := get(entry.placed, key)) is not None:
                self._scan(name, entry, key, found, frozenset(), [])

    def _keys(self, variables: Placed | None) -> None:
        for key, (_, spot) in items(variables).items():
            if "${" in key:
                message = f"the key '{key}' holds a reference; only values may"
                self.problems.add(spot.key_location, "reference-not-allowed", message, value=key)

    def _checks(self, name: str, entry: Entry, placed: Placed | None, environments: list[str]) -> None:
        if placed is None:
            return
        for index, check in enumerate(placed[0]):
            for kind, inner in items((check, placed[1].find([index]))).items():
                where = f"checks[{index}].{kind}"
                if kind != "command":
                    self._scan(name, entry, where, inner, _IN_CHECKS, environments)
                    continue
                for key, part in items(inner).items():
                    allowed = _IN_CHECKS - {"secret"} if key == "run" else _IN_CHECKS
                    self._scan(name, entry, f"{where}.{key}", part, allowed, environments)

    def _scan(
        self, name: str, entry: Entry, where: str, placed: Placed, allowed: frozenset[str], environments: Iterable[str]
    ) -> None:
        place = f"components.{name}.{where}"
        for reference, spot in references.scan(*placed, self.problems):
            if reference.form not in allowed:
                self._not_allowed(place, reference, spot)
            elif reference.form == "secret" and self.known is not None:
                references.secret(reference.arguments[0], spot, place, self.known.secrets, self.problems)
            elif reference.form == "output":
                self._output(place, name, reference, spot, environments)
            elif reference.form.startswith("component_"):
                self._component(place, name, entry, reference, spot, environments)

    def _not_allowed(self, place: str, reference: Reference, spot: Spot) -> None:
        hint = None
        if reference.form == "output":
            hint = "A component's own outputs are there for its checks; for another's write ${components.NAME.outputs.OUTPUT}"
        elif reference.form == "secret":
            hint = "A secret never stands in a program's arguments; a command check gives it by `environ`"
        message = f"{place}: '${{{reference}}}' cannot stand here"
        self.problems.add(spot.location, "reference-not-allowed", message, value=f"${{{reference}}}", hint=hint)

    def _component(
        self, place: str, name: str, entry: Entry, reference: Reference, spot: Spot, environments: Iterable[str]
    ) -> None:
        other = reference.arguments[0]
        if other not in self.names:
            message = f"{place}: there is no component '{other}'"
            known = [n for n in self.names if n != name]
            self.problems.add(spot.location, "unknown-component", message, value=other, known=known)
        elif other == name:
            message = f"{place}: '${{{reference}}}' is of the component itself"
            self.problems.add(spot.location, "reference-not-allowed", message, value=f"${{{reference}}}")
        elif other not in entry.component.depends_on:
            message = f"{place}: '{other}' is not in depends_on of '{name}'"
            self.problems.add(
                spot.location, "not-a-dependency", message, value=other, hint=f"Add {other} to depends_on"
            )
        elif reference.form == "component_output":
            self._output(place, other, reference, spot, environments)
        else:
            self._artifact(place, other, reference, spot, environments)

    def _output(self, place: str, name: str, reference: Reference, spot: Spot, environments: Iterable[str]) -> None:
        output = reference.arguments[-1]
        if name not in self.entries:
            return
        for environment in environments:
            resolved = self.entries[name].resolved.get(environment)
            if resolved is None:
                continue
            declared = self._outputs(name, resolved)
            if declared is not None and output not in declared:
                message = f"{place}: component '{name}' has no output '{output}'"
                hint = None if declared else "It declares no outputs"
                self.problems.add(spot.location, "unknown-output", message, value=output, known=declared, hint=hint)
                return

    def _outputs(self, name: str, resolved: Resolved) -> frozenset[str] | None:
        key = (name, id(resolved.settings))
        if key not in self._published:
            try:
                self._published[key] = self.entries[name].kind.published(resolved.settings, self.tree)
            except ConfigurationError as error:
                self.problems.extend(error.problems)
                self._published[key] = None
        return self._published[key]

    def _artifact(self, place: str, name: str, reference: Reference, spot: Spot, environments: Iterable[str]) -> None:
        artifact = reference.arguments[1]
        for environment in environments:
            resolved = self.entries[name].resolved.get(environment) if name in self.entries else None
            if resolved is None:
                continue
            declared = getattr(resolved.settings, "artifacts", None) or {}
            if artifact not in declared:
                message = f"{place}: component '{name}' has no artifact '{artifact}'"
                hint = None if declared else f"A component of kind {resolved.pair.kind} declares none here"
                self.problems.add(spot.location, "unknown-artifact", message, value=artifact, known=declared, hint=hint)
                return

    def _states(self) -> None:
        """Two pairs on one state would overwrite each other."""
        owners: dict[tuple[str, str], Resolved] = {}
        for name, entry in self.entries.items():
            for environment, resolved in entry.resolved.items():
                try:
                    identity = entry.kind.identity(resolved.settings, self.tree, name, environment)
                except ConfigurationError as error:
                    self.problems.extend(error.problems)
                    continue
                other = owners.setdefault((entry.kind.name, identity), resolved)
                if other is not resolved:
                    message = (
                        f"{environment}/{name} and {other.pair.name} (at {other.pair.place}) are one state: {identity}"
                    )
                    hint = "Give each its own path, workspace or backend_config"
                    location = entry.placed[1].find(["environments", environment]).location
                    self.problems.add(location, "shared-state", message, value=identity, hint=hint)
