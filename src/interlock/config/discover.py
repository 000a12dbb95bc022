"""From interlock.yaml to one mapping a component, with the place of every key.

A component is, each refining what comes before it:
    defaults:                       what every component has; a key of a kind applies to components of the kinds that have it
    discover: {pattern: defaults}   what the folders of one pattern have
    its own entry                   in `components:` of interlock.yaml or of an included file

Refining: `variables` and other mappings are merged key by key, one level deep (the value of one variable is replaced whole); lists and scalars are
replaced. `environments` of the more special place says which environments there are, and refines what the more general one says of each.

Names. A discovered component is called by what the wildcards matched, joined by `-`: `stacks/*/*` finds stacks/eu/app as `eu-app`. So a name never
depends on which other folders there are. Two folders with one name are an error. A folder that some entry already has as its `path`
is not discovered again. Only folders with a file directly inside count. A pattern that finds nothing is an error: a typing mistake must
not read as "everything was removed".
"""

import re
from collections.abc import Callable, Mapping

from interlock.config import paths
from interlock.config.places import Placed, Spot, get, items, mapping, merge
from interlock.config.problems import Problems
from interlock.config.types import NAME_PATTERN
from interlock.world.tree import Tree

TOP = ("components", "discover", "defaults", "include")
_NAME = re.compile(NAME_PATTERN)
_NAME_RULE = "a name has up to 63 of a-z, 0-9, '-' and '_', and starts with a letter or digit"
Read = Callable[[str], Placed | None]


def component_entries(file: Placed, tree: Tree, read: Read, problems: Problems) -> dict[str, Placed]:
    """Name → its merged mapping, sorted by name, without `defaults:` (see `with_defaults`). `read` reads an included file."""
    top_level(file, TOP, problems)
    found: dict[str, Placed] = {}
    _own_entries(file, found, problems)
    for path, included, where in _included(file, tree, read, problems):
        top_level(included, ("components",), problems)
        _own_entries(included, found, problems, folder=path.rpartition("/")[0], where=where)
    taken = {value["path"]: name for name, (value, _) in found.items() if isinstance(value.get("path"), str)}
    discovered: dict[str, tuple[str, Placed]] = {}
    folders_seen: dict[str, str] = {}
    patterns, excluded = _patterns(file, tree, problems)
    for pattern, keys in patterns:
        _discover(pattern, keys, excluded, tree, found, taken, discovered, folders_seen, problems)
    for name, (_, placed) in discovered.items():
        found[name] = refine(placed, found[name]) if name in found else placed
    return dict(sorted(found.items()))


def with_defaults(placed: Placed, defaults: Mapping[str, Placed], known: frozenset[str]) -> Placed:
    """`placed` refining the defaults that a component with the keys `known` can have."""
    fitting = {key: item for key, item in defaults.items() if key in known}
    return refine(mapping(fitting, placed[1]), placed) if fitting else placed


def refine(base: Placed, over: Placed) -> Placed:
    """See the module docstring. Both are mappings."""
    merged = items(base)
    for key, placed in items(over).items():
        if key not in merged:
            merged[key] = placed
        elif key == "environments":
            merged[key] = _refine_environments(merged[key], placed)
        else:
            merged[key] = merge(merged[key], placed)
    return mapping(merged, over[1])


def _refine_environments(base: Placed, over: Placed) -> Placed:
    base, over = environments_as_mapping(base), environments_as_mapping(over)
    if not isinstance(over[0], dict) or not isinstance(base[0], dict):
        return over
    general = items(base)
    refined: dict[str, Placed] = {}
    for name, placed in items(over).items():
        value = ({}, placed[1]) if placed[0] is None else placed
        before = general.get(name)
        both = before is not None and isinstance(before[0], dict) and isinstance(value[0], dict)
        refined[name] = refine(before, value) if before is not None and both else value
    return mapping(refined, over[1])


def environments_as_mapping(placed: Placed) -> Placed:
    """A list of names as name → nothing. What is neither list of texts nor mapping stays, for the error it is."""
    value, spot = placed
    if not isinstance(value, list) or not value or not all(isinstance(name, str) for name in value):
        return placed
    children = spot.children if isinstance(spot.children, list) else [spot] * len(value)
    named: dict[str, Placed] = {}
    for name, place in zip(value, children, strict=True):
        named[name] = named_only(place)
    return mapping(named, spot)


def named_only(place: Spot) -> Placed:
    """What the name at `place` in a list stands for: an entry with nothing in it."""
    return {}, Spot(place.file, place.line, place.column, place.line, place.column, {})


def top_level(file: Placed, known: tuple[str, ...], problems: Problems) -> None:
    """Only known keys and `x-…`, which are free."""
    for key, (_, spot) in items(file).items():
        if key not in known and not key.startswith("x-"):
            problems.add(spot.key_location, "unknown-key", f"unknown key '{key}'", value=key, known=known)


def good_name(name: str) -> bool:
    return _NAME.match(name) is not None


def _own_entries(
    file: Placed, found: dict[str, Placed], problems: Problems, *, folder: str | None = None, where: Spot | None = None
) -> None:
    section = get(file, "components")
    if section is None:
        if where is not None:
            problems.add(file[1].location, "missing-key", f"{file[1].file} has no 'components'")
        return
    if not isinstance(section[0], dict):
        problems.add(section[1].location, "wrong-type", "components must be a mapping of names")
        return
    for name, (value, spot) in items(section).items():
        if not good_name(name):
            problems.add(
                spot.key_location, "invalid-name", f"'{name}' is not a component name: {_NAME_RULE}", value=name
            )
            continue
        if name in found:
            other = found[name][1].key_location
            problems.add(spot.key_location, "duplicate-name", f"component '{name}' is also at {other}", value=name)
            continue
        if value is None:
            value, spot = {}, spot.with_children({})
        if not isinstance(value, dict):
            problems.add(spot.location, "wrong-type", f"components.{name} must be a mapping", value=value)
            continue
        placed: Placed = (value, spot)
        if folder is not None and "path" not in value:
            placed = mapping({"path": (folder or ".", spot), **items(placed)}, spot)
        found[name] = placed


def _included(file: Placed, tree: Tree, read: Read, problems: Problems) -> list[tuple[str, Placed, Spot]]:
    section = get(file, "include")
    if section is None:
        return []
    files: dict[str, Spot] = {}
    for pattern, spot in _texts(section, "include", problems):
        try:
            matches = [m for m in paths.expand(tree, pattern) if not m.endswith("/")]
        except paths.PathError as error:
            problems.add(spot.location, error.slug, f"include: '{pattern}' {error}", value=pattern)
            continue
        if not matches:
            problems.add(spot.location, "path-missing", f"include: nothing matches '{pattern}'", value=pattern)
        for match in matches:
            files.setdefault(match, spot)
    found = []
    for path, spot in sorted(files.items()):
        if path in (file[1].file, "organization.yaml"):
            problems.add(spot.location, "invalid-value", f"include: {path} cannot include itself", value=path)
        elif (placed := read(path)) is not None:
            found.append((path, placed, spot))
    return found


def _texts(section: Placed, name: str, problems: Problems) -> list[tuple[str, Spot]]:
    """One text or a list of them."""
    value, spot = section
    entries = value if isinstance(value, list) else [value]
    found = []
    for index, entry in enumerate(entries):
        place = spot.find([index])
        if isinstance(entry, str) and entry.strip():
            found.append((entry, place))
        else:
            problems.add(place.location, "wrong-type", f"{name} must be a path or a list of paths", value=entry)
    return found


def _patterns(file: Placed, tree: Tree, problems: Problems) -> tuple[list[tuple[str, Placed]], set[str]]:
    """Patterns with the keys that each gives, in the order of the file; and the folders that `!…` leaves out."""
    section = get(file, "discover")
    found: list[tuple[str, Placed]] = []
    excluded = set[str]()
    if section is None:
        return found, excluded
    if isinstance(section[0], dict):
        for pattern, (value, spot) in items(section).items():
            if value is None or isinstance(value, dict):
                place = Spot(spot.file, spot.key_line, spot.key_column, children=spot.children)
                found.append((pattern, (value or {}, place)))
            else:
                problems.add(spot.location, "wrong-type", f"discover.{pattern} must be a mapping of keys", value=value)
    else:
        found = [(pattern, ({}, spot)) for pattern, spot in _texts(section, "discover", problems)]
    for pattern, (_, spot) in found:
        try:
            if pattern.startswith("!"):
                excluded |= {match.rstrip("/") for match in paths.expand(tree, pattern[1:])}
        except paths.PathError as error:
            problems.add(spot.location, error.slug, f"discover: '{pattern}' {error}", value=pattern)
    return [entry for entry in found if not entry[0].startswith("!")], excluded


def _discover(
    pattern: str,
    keys: Placed,
    excluded: set[str],
    tree: Tree,
    own: Mapping[str, Placed],
    taken: Mapping[str, str],
    discovered: dict[str, tuple[str, Placed]],
    folders_seen: dict[str, str],
    problems: Problems,
) -> None:
    spot = keys[1]
    try:
        folders = [match.rstrip("/") for match in paths.expand(tree, pattern) if match.endswith("/")]
    except paths.PathError as error:
        problems.add(spot.location, error.slug, f"discover: '{pattern}' {error}", value=pattern)
        return
    if "path" in keys[0]:
        problems.add(spot.find(["path"]).key_location, "invalid-value", "discover gives each component its own path")
        return
    folders = [f for f in folders if f not in excluded and any(not name.endswith("/") for name in tree.list(f))]
    if not folders:
        message = f"discover: no folder with files matches '{pattern}'"
        problems.add(spot.location, "discovers-nothing", message, value=pattern)
    for folder in folders:
        name = _name_of(folder, pattern)
        if folder in taken and taken[folder] != name and name not in own:
            continue  # an entry of another name has this folder
        if not good_name(name):
            hint = f"Write an entry of another name with `path: {folder}`, or leave the folder out with '!{folder}'"
            message = f"discover: the folder {folder} gives '{name}', which is not a component name"
            problems.add(spot.location, "invalid-name", message, value=name, hint=hint)
            continue
        if name in own and own[name][0].get("path", folder) != folder:
            message = f"discover: {folder} gives '{name}', which is the component at {own[name][1].key_location} with another path"
            problems.add(spot.location, "duplicate-name", message, value=name)
            continue
        earlier = folders_seen.setdefault(folder, name)
        if earlier != name:
            message = f"discover: the folder {folder} gives both '{earlier}' and '{name}'"
            problems.add(spot.location, "duplicate-name", message, value=name)
            continue
        if name in discovered and discovered[name][0] != folder:
            message = f"discover: the folders {discovered[name][0]} and {folder} both give '{name}'"
            hint = "Write an entry of another name with the `path` of one of them"
            problems.add(spot.location, "duplicate-name", message, value=name, hint=hint)
            continue
        placed = mapping({"path": (folder, spot), **items(keys)}, spot)
        discovered[name] = (folder, refine(discovered[name][1], placed) if name in discovered else placed)


def _name_of(folder: str, pattern: str) -> str:
    fixed = 0
    segments = paths.normal(pattern).split("/")
    while fixed < len(segments) and not paths.is_pattern(segments[fixed]):
        fixed += 1
    parts = folder.split("/")
    return "-".join(parts[fixed:] if fixed < len(segments) else parts[-1:])
