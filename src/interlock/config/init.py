"""The two files that `interlock init` writes, as text with comments, for the stacks that were found. Pure; what it writes loads without a problem.

Environments are guessed from the var files: a file or folder named `staging`, or `app-prod`, speaks of an environment that everybody knows. Where
no name says anything there are staging and production. They follow each other: development, staging, production.

A stack is called by its folder; where two folders have one name, by more of its path. A stack that keeps its own state in a backend has one
state for all environments unless something tells them apart; the workspace does, until the user says how it really is.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from interlock.config.types import NAME_PATTERN

_ZONES: Mapping[str, tuple[str, ...]] = {
    "development": ("dev", "develop", "development", "sandbox", "test", "testing"),
    "staging": ("int", "integration", "qa", "uat", "preprod", "pre-prod", "stage", "staging", "stg"),
    "production": ("live", "prd", "prod", "production"),
}
_ZONE_OF = {word: zone for zone, words in _ZONES.items() for word in words}
_PLAIN = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]*")


class Stack(Protocol):
    """What was found: `path` from the repository's root, `var_files` from the stack's folder, `backend` its type or ""."""

    @property
    def path(self) -> str: ...
    @property
    def var_files(self) -> tuple[str, ...]: ...
    @property
    def backend(self) -> str: ...


def render(organization: str, stacks: Sequence[Stack], kind: str = "opentofu") -> dict[str, str]:
    """File name → text. `organization` is any text (a folder's or remote's name); it becomes a name."""
    environments = environments_of(stacks)
    return {
        "organization.yaml": _organization(_name(organization) or "organization", environments),
        "interlock.yaml": _components(stacks, [name for name, _ in environments], kind),
    }


def environments_of(stacks: Iterable[Stack]) -> tuple[tuple[str, str], ...]:
    """(name, zone) of the environments that the var files speak of, in the order they follow each other."""
    found = {word for stack in stacks for file in stack.var_files if (word := _word(file))}
    names = sorted(found) or ["staging", "production"]
    return tuple(sorted(((n, _ZONE_OF[n]) for n in names), key=lambda e: (list(_ZONES).index(e[1]), e[0])))


def _word(file: str) -> str | None:
    """The environment that a var file is for: by its own name, else by the folders it is in, else by a part of its name."""
    parts = file.lower().split("/")
    stem = parts[-1].removesuffix(".json").removesuffix(".tfvars").removesuffix(".auto")
    for candidate in (stem, *reversed(parts[:-1]), *re.split(r"[._-]", stem)):
        if candidate in _ZONE_OF:
            return candidate
    return None


def names_of(stacks: Sequence[Stack]) -> dict[str, str]:
    """Path → component name: the last part of the path, more of it (joined by `-`) where two would have the same."""
    parts = {stack.path: [_name(part) for part in stack.path.split("/") if _name(part)] or ["root"] for stack in stacks}
    lengths = dict.fromkeys(parts, 1)
    while True:
        names = {path: "-".join(found[-lengths[path] :])[-63:].lstrip("-_") for path, found in parts.items()}
        clashing = [path for path in names if list(names.values()).count(names[path]) > 1]
        longer = [path for path in clashing if lengths[path] < len(parts[path])]
        if not longer:
            break
        for path in longer:
            lengths[path] += 1
    for number, path in enumerate(sorted(clashing), 1):  # folders whose names differ only in what a name cannot hold
        names[path] = f"{names[path][:58]}-{number}"
    return names


def _name(text: str) -> str:
    found = re.sub(r"[^a-z0-9_]+", "-", text.lower()).strip("-_")[:63].strip("-_")
    return found if re.match(NAME_PATTERN, found) else ""


def _organization(name: str, environments: Sequence[tuple[str, str]]) -> str:
    lines = [
        "# Who and where. What is deployed is in interlock.yaml. `interlock validate` checks both.",
        f"organization: {{name: {_quoted(name)}}}",
        "",
        "# People who may approve, by e-mail address as Git knows them.",
        "# teams:",
        "#   platform: {members: [ann@example.com, bob@example.com]}",
        "",
        "# A deployment goes through the environments in `after` order; each is planned when the one before it is verified.",
        "environments:",
    ]
    previous = ""
    for environment, zone in environments:
        lines += [f"  {environment}:", f"    zone: {zone}"]
        if previous:
            lines.append(f"    after: {previous}")
        if zone == "production":
            lines.append("    # approval: {teams: [platform], count: 1}   # without it nobody is asked")
        previous = environment
    return "\n".join([*lines, "", *_MORE, ""])


_MORE = (
    "# What programs get beside PATH, HOME and the like, for each environment:",
    "#     credentials:",
    "#       plan: {inherit: [AWS_PROFILE]}",
    "#       apply: {secrets: {AWS_SECRET_ACCESS_KEY: DEPLOY_KEY}, expect: {AWS_REGION: eu-central-1}}",
    "#",
    "# Where secrets come from; never their values. Elsewhere they are written ${secret:NAME}.",
    "# secrets:",
    "#   DEPLOY_KEY: {env: DEPLOY_KEY}",
    "#",
    "# Who is told of what:",
    "# notifications:",
    '#   ops: {url: "${secret:OPS_WEBHOOK}", on: [failed, drift]}',
)


def _components(stacks: Sequence[Stack], environments: Sequence[str], kind: str) -> str:
    lines = [
        "# What is deployed. Where to is in organization.yaml. `interlock validate` checks both.",
        f"defaults: {{kind: {kind}}}",
        "",
    ]
    if not stacks:
        return "\n".join([*lines, "# No stack was found. One looks like this:", *_EXAMPLE, "components: {}", ""])
    lines.append("components:")
    names = names_of(stacks)
    for stack in sorted(stacks, key=lambda stack: names[stack.path]):
        lines += _component(names[stack.path], stack, environments)
    return "\n".join([*lines, "", *_HINTS, ""])


_EXAMPLE = ("#   network:", "#     path: stacks/network")
_HINTS = (
    "# A component that needs another's outputs says so:",
    "#   depends_on: [network]",
    '#   variables: {network_id: "${components.network.outputs.id}"}',
    "# What must hold after it was deployed:",
    "#   checks:",
    '#     - http: {url: "${outputs.url}/health", status: 200, within: 60s}',
)


def _component(name: str, stack: Stack, environments: Sequence[str]) -> list[str]:
    lines = [f"  {name}:", f"    path: {_quoted(stack.path or '.')}"]
    files = {e: [f for f in stack.var_files if _word(f) == e] for e in environments}
    if stack.backend and len(environments) > 1:
        lines += [
            f"    # Its backend ({stack.backend}) has one state for each workspace. Where each environment has a key of its own,",
            "    # say `backend_config:` for each instead.",
            '    workspace: "${environment.name}"',
        ]
    elif not stack.backend:
        lines.append("    # It has no backend: Interlock keeps its state, one for each environment.")
    if any(files.values()):
        lines.append("    environments:   # only those that are here; without this key: all")
        for environment in environments:
            found = ", ".join(_quoted(file) for file in files[environment])
            lines.append(f"      {environment}: {{var_files: [{found}]}}" if found else f"      {environment}: {{}}")
    return lines


def _quoted(text: str) -> str:
    if _PLAIN.fullmatch(text) and not re.fullmatch(r"[\d.e_+-]+|true|false|null|~", text, re.IGNORECASE):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("${", "$${")
    return f'"{escaped}"'
