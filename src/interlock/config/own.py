"""What a component says by itself: keys that it may have, names of organization.yaml that it uses, rules that have ended."""

import datetime
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from interlock.config.checks import CheckEntry
from interlock.config.component import COMMON, PER_ENVIRONMENT, Component
from interlock.config.places import Placed, Spot, get, items, mapping
from interlock.config.problems import Problems, field_names
from interlock.kind import Kind


@dataclass(frozen=True)
class Known:
    """Names that organization.yaml has, as written: environment → its zone, runners, secrets. None: the file could not be read."""

    environments: Mapping[str, str]
    runners: Collection[str]
    secrets: Collection[str]


def with_known_keys(name: str, kind: Kind, placed: Placed, problems: Problems) -> Placed:
    """`placed` without the keys that neither all components nor this kind's have; each is a problem."""
    own = field_names(kind.settings)
    fine = _known_part(f"components.{name}", placed, COMMON | own, problems)
    overrides = items(get(placed, "environments"))
    kept = {
        environment: _known_part(
            f"components.{name}.environments.{environment}", override, PER_ENVIRONMENT | own, problems
        )
        for environment, override in overrides.items()
    }
    if fine is placed and all(kept[environment] is overrides[environment] for environment in kept):
        return placed
    entries = items(fine)
    if overrides:
        entries["environments"] = mapping(kept, entries["environments"][1])
    return mapping(entries, placed[1])


def _known_part(where: str, placed: Placed, known: frozenset[str], problems: Problems) -> Placed:
    if not isinstance(placed[0], dict) or placed[0].keys() <= known:
        return placed
    entries = items(placed)
    for key, (_, spot) in items(placed).items():
        if key not in known:
            del entries[key]
            message = f"unknown key '{key}' in {where}"
            problems.add(spot.key_location, "unknown-key", message, value=key, known=known)
    return mapping(entries, placed[1])


def check_names(name: str, component: Component, spot: Spot, known: Known | None, problems: Problems) -> None:
    """Environments and runners that it names are there; its checks have different names."""
    if known is None:
        return
    where = f"components.{name}"
    for environment in component.environments or ():
        if environment not in known.environments:
            message = f"{where}.environments: there is no environment '{environment}'"
            location = spot.find(["environments", environment]).key_location
            problems.add(location, "unknown-environment", message, value=environment, known=known.environments)
    if component.runner is not None:
        _runner(component.runner, f"{where}.runner", spot.find(["runner"]), known, problems)
    lists: list[tuple[str, Iterable[CheckEntry], Spot]] = [(f"{where}.checks", component.checks, spot.find(["checks"]))]
    for environment, override in (component.environments or {}).items():
        place = ["environments", environment, "checks"]
        lists.append((f"{where}.{'.'.join(place)}", override.checks or (), spot.find(place)))
    for which, checks, place_of in lists:
        labels = set[str]()
        for index, check in enumerate(checks):
            if check.runner is not None:
                _runner(
                    check.runner.name, f"{which}[{index}]", place_of.find([index, "runner", "name"]), known, problems
                )
            elif check.label is not None and check.label in labels:
                message = f"{which}[{index}]: another check is named '{check.label}'"
                problems.add(place_of.find([index]).location, "duplicate-name", message, value=check.label)
            labels.add(check.label or "")


def _runner(runner: str, where: str, spot: Spot, known: Known, problems: Problems) -> None:
    if runner not in known.runners:
        message = f"{where}: there is no runner '{runner}'"
        hint = None if known.runners else "Add it to `runners:` of organization.yaml"
        problems.add(spot.location, "unknown-runner", message, value=runner, known=known.runners, hint=hint)


def check_rules(name: str, component: Component, spot: Spot, today: datetime.date, problems: Problems) -> None:
    for index, rule in enumerate(component.ignore):
        if rule.until < today:
            message = f"components.{name}.ignore[{index}]: the rule for {rule.address} ended on {rule.until}"
            hint = f"Mend the drift or ask {rule.owner} for a new date; until then `interlock drift` fails"
            location = spot.find(["ignore", index, "until"]).location
            problems.add(location, "expired-rule", message, value=str(rule.until), hint=hint, warning=True)
