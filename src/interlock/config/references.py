"""What refers to what, checked: names between sections, `depends_on`, and every `${…}` in variables, checks and settings.

All of it works on names and places alone, so that one wrong component does not hide what is wrong with the others.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from interlock.config.organization import Approval, Environment, Notification, Runner
from interlock.config.places import Spot
from interlock.config.problems import Problems, listed
from interlock.model import graph, template
from interlock.model.template import Reference, TemplateError


def organization(
    environments: Mapping[str, Environment],
    runners: Mapping[str, Runner],
    notifications: Mapping[str, Notification],
    known: Mapping[str, Mapping[str, Any]],
    spot: Spot,
    problems: Problems,
) -> None:
    """The references within organization.yaml. `known` maps each section to its entries as written, wrong ones too."""
    for name, environment in environments.items():
        for index, before in enumerate(environment.after):
            location = spot.find(["environments", name, "after", index]).location
            if before not in known["environments"]:
                message = f"environments.{name}.after: there is no environment '{before}'"
                problems.add(location, "unknown-environment", message, value=before, known=known["environments"])
        if environment.approval is not None:
            _approval(name, environment.approval, known["teams"], spot, problems)
        for phase in ("plan", "apply"):
            for variable, wanted in getattr(environment.credentials, phase).secrets.items():
                path = ["environments", name, "credentials", phase, "secrets", variable]
                secret(wanted, spot.find(path), ".".join(path), known["secrets"], problems)
    for name, runner in runners.items():
        if runner.cache is not None and runner.cache not in known["caches"]:
            message = f"runners.{name}.cache: there is no cache '{runner.cache}'"
            location = spot.find(["runners", name, "cache"]).location
            problems.add(location, "unknown-cache", message, value=runner.cache, known=known["caches"])
        if runner.token is not None:
            place = spot.find(["runners", name, "token"])
            found = list(scan(runner.token, place, problems))
            if not found and "${" not in runner.token:
                hint = "Write `${secret:NAME}` and say under `secrets:` where it comes from"
                message = f"runners.{name}.token is written in clear"
                problems.add(place.location, "secret-in-clear", message, hint=hint)
            _only_secrets(found, f"runners.{name}.token", known["secrets"], problems)
    for name, channel in notifications.items():
        found = list(scan(channel.url, spot.find(["notifications", name, "url"]), problems))
        _only_secrets(found, f"notifications.{name}.url", known["secrets"], problems)
    cycle({n: e.after for n, e in environments.items()}, "environments", "after", spot, problems)


def _approval(name: str, rule: Approval, teams: Mapping[str, Any], spot: Spot, problems: Problems) -> None:
    place = spot.find(["environments", name, "approval"])
    members, complete = set[str](), True
    for index, team in enumerate(rule.teams):
        location = place.find(["teams", index]).location
        if team not in teams:
            message = f"environments.{name}.approval: there is no team '{team}'"
            problems.add(location, "unknown-team", message, value=team, known=teams)
            complete = False
            continue
        people = teams[team].get("members") if isinstance(teams.get(team), dict) else None
        if isinstance(people, list):
            members |= {person for person in people if isinstance(person, str)}
        else:
            complete = False
    if complete and rule.count > len(members):
        where = place.find(["count"]).location
        if not rule.teams:
            message = f"environments.{name}.approval asks for {rule.count} approval{'s' if rule.count > 1 else ''} but names no team"
            problems.add(where, "approval-impossible", message, hint="Add `teams: [NAME]`")
        else:
            message = (
                f"environments.{name}.approval asks for {rule.count} people, but {listed(sorted(rule.teams))} "
                f"{'has' if len(rule.teams) == 1 else 'have'} {len(members)}"
            )
            problems.add(where, "approval-impossible", message, value=rule.count)


def secret(name: str, spot: Spot, where: str, secrets: Iterable[str], problems: Problems) -> None:
    if name not in secrets:
        secrets = sorted(secrets)
        message = f"{where}: there is no secret '{name}'"
        hint = None if secrets else "Add it to `secrets:` of organization.yaml"
        problems.add(spot.location, "unknown-secret", message, value=name, known=secrets, hint=hint)


def _only_secrets(
    found: list[tuple[Reference, Spot]], where: str, secrets: Mapping[str, Any], problems: Problems
) -> None:
    for reference, spot in found:
        if reference.form == "secret":
            secret(reference.arguments[0], spot, where, secrets, problems)
        else:
            message = f"{where} cannot hold '${{{reference}}}'; only ${{secret:NAME}} stands here"
            problems.add(spot.location, "reference-not-allowed", message, value=f"${{{reference}}}")


def cycle(edges: graph.Edges, section: str, key: str, spot: Spot, problems: Problems) -> bool:
    """Whether `edges` go round; told once for each ring, at the `key` of its alphabetically first name."""
    left, found = dict(edges), False
    while True:
        try:
            graph.order(left)
            return found
        except graph.CycleError as error:
            first, second = error.path[0], error.path[1]
            place = spot.find([section, first, key])
            needs = list(edges[first])
            location = place.find([needs.index(second)]).location
            message = f"{section}.{first}.{key} goes round: {error}"
            if len(error.path) == 2:
                message = f"{section}.{first}.{key} names itself"
            problems.add(location, "cycle", message, value=second)
            found = True
            for name in error.path:
                left.pop(name, None)


def scan(value: Any, spot: Spot, problems: Problems) -> Iterator[tuple[Reference, Spot]]:
    """Every reference inside `value` with the place of the text that holds it. Malformed ones and ones in keys are problems."""
    if isinstance(value, str):
        if "${" in value:
            try:
                for part in template.parse(value):
                    if isinstance(part, Reference):
                        yield part, spot
            except TemplateError as error:
                # Not the whole value: a part of it may be a secret in clear.
                problems.add(spot.location, "malformed-reference", str(error), hint="Write $${ for a literal ${")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            place = spot.find([key])
            if isinstance(key, str) and "${" in key:
                message = f"the key '{key}' holds a reference; only values may"
                problems.add(place.key_location, "reference-not-allowed", message, value=key)
            yield from scan(item, place, problems)
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from scan(item, spot.find([index]), problems)
