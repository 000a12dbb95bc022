"""Which files a stack reads, where its state is, what it publishes: all of it from the tree alone, nothing is run.

A stack reads
- its own folder, subfolders included, but not folders in it that are modules or stacks themselves (they count when called) and not variable files
  that it does not load: `terraform.tfvars`, `*.auto.tfvars` (or `.json`) directly in it, and those the settings name. So one environment's variable
  file concerns that environment only. Lock file and `.opentofu-version`/`.terraform-version` count in the stack's own folder, not in folders above;
- every local module it reaches, the same way, with its chain of calls;
- what file-reading functions name, also inside files rendered by `templatefile`, and folders or files that a text names from `path.module` or `path.root`
  on (a zip file given to a resource). Relative paths start in the stack's folder, where the tool runs;
- the target of each symlink among these.
What cannot be resolved widens: to the folder that is certain, to everything (`""`) when none is, or when a file cannot be parsed.
"""

import posixpath
from collections.abc import Iterable, Iterator
from operator import attrgetter

from pydantic import BaseModel

from interlock.kind import Source
from interlock.kinds.opentofu.calls import Called, reach
from interlock.kinds.opentofu.facts import Read
from interlock.kinds.opentofu.find import FoundStack, find_modules, find_stacks
from interlock.kinds.opentofu.identity import identity, published
from interlock.kinds.opentofu.module import Module, Survey, is_variables, loads_itself, suffix_of
from interlock.kinds.opentofu.reader import READER, Reader
from interlock.kinds.opentofu.spec import OpenTofuSettings
from interlock.kinds.opentofu.text import Text, join, leaves, normal, text_of
from interlock.model.errors import Location
from interlock.world.tree import Tree

__all__ = [
    "FoundStack",
    "find_modules",
    "find_stacks",
    "identity",
    "is_variables",
    "loads_itself",
    "published",
    "sources",
]

OWN = "own file"
VAR_FILE = "var file"


def sources(settings: BaseModel, tree: Tree, reader: Reader = READER) -> tuple[Source, ...]:
    """Sorted by path, then reason. Raises ConfigurationError for a folder without configuration, for a called module that is not there and for
    what leaves the repository, with file and line of the call."""
    assert isinstance(settings, OpenTofuSettings)
    survey = reader.survey(tree)
    folder = normal(settings.path)
    key = (folder, settings.tool)
    if key not in survey.stacks:
        survey.stacks[key] = _read_by_all(survey, folder, settings.tool)
    var_files = frozenset(normal(join(folder, name)) for name in settings.var_files)
    if not var_files:
        return survey.stacks[key]
    found = [source for source in survey.stacks[key] if source.path not in var_files]
    found += [Source(path, VAR_FILE) for path in var_files]
    found += [Source(real, f"symlink {path}") for path in var_files if (real := tree.real(path)) != path]
    return _sorted(found)


def _read_by_all(survey: Survey, folder: str, tool: str | None) -> tuple[Source, ...]:
    """What a stack reads whatever its settings say beside `path` and `tool`: all but the variable files they name."""
    called, unresolved = reach(survey, folder, tool)
    found: set[Source] = set()
    own: set[str] = set()
    for item in called:
        is_root = len(item.chain) == 1
        why = OWN if is_root else "module chain " + " → ".join(place or "." for place in item.chain)
        files = _files(survey, item.module.real, is_root)
        own.update(path for path, _ in files)
        found.update(Source(path, f"{why}, symlink {link}" if link else why) for path, link in files)
        if item.module.folder != item.module.real:
            found |= _links(survey.tree, item.module.folder, why)
        if item.module.broken:
            found.add(Source("", f"may be read: {item.module.broken} cannot be parsed"))
    found |= {
        Source(_folder(u.folder), f"may be called: the module source in {u.location} is not known before a run")
        for u in unresolved
    }
    for item in called:
        found.update(_reads(survey, item, folder, own))
    return _sorted(found)


def _sorted(found: Iterable[Source]) -> tuple[Source, ...]:
    return tuple(sorted(found, key=attrgetter("path", "why")))


def _folder(path: str) -> str:
    return f"{path}/" if path else ""


def _links(tree: Tree, path: str, why: str) -> set[Source]:
    """The symlinks on the way to `path`: turned elsewhere, they change what is called."""
    parts = path.split("/")
    ways = ["/".join(parts[: i + 1]) for i in range(len(parts))]
    return {Source(way, why) for way in ways if (entry := tree.entry(way)) is not None and entry.is_link}


def _files(survey: Survey, folder: str, is_root: bool) -> tuple[tuple[str, str], ...]:
    key = (folder, is_root)
    if key not in survey.files:
        survey.files[key] = _files_of(survey, folder, is_root, frozenset())
    return survey.files[key]


def _files_of(survey: Survey, folder: str, is_root: bool, seen: frozenset[str]) -> tuple[tuple[str, str], ...]:
    """(path, symlink it is reached by, or "") of the files a folder of configuration consists of."""
    entries = survey.walk(folder)
    below = f"{folder}/" if folder else ""
    inner = {
        posixpath.dirname(e.path)
        for e in entries
        if "/" in e.path[len(below) :] and suffix_of(e.path.rpartition("/")[2])
    }
    found: list[tuple[str, str]] = []
    for entry in entries:
        rest = entry.path[len(below) :]
        if is_variables(rest) and not (is_root and "/" not in rest and loads_itself(rest)):
            continue
        if inner and any(entry.path.startswith(f"{place}/") for place in inner):
            continue
        found.append((entry.path, ""))
        if entry.is_link:
            found.extend(_behind(survey, entry.path, seen | {folder}))
    return tuple(found)


def _behind(survey: Survey, link: str, seen: frozenset[str]) -> Iterator[tuple[str, str]]:
    """The files that a symlink stands for; a folder of configuration behind one counts when it is called."""
    real = survey.tree.real(link)
    if not survey.tree.is_folder(real):
        yield real, link
    elif real not in seen and survey.module(real, None) is None:
        yield from ((path, link) for path, _ in _files_of(survey, real, False, seen | {real}))


def _reads(survey: Survey, called: Called, root: str, own: set[str]) -> Iterator[Source]:
    """What the functions of one module read beside `own`, the files that the stack and its modules consist of."""
    for path, file in called.module.files:
        for read in file.reads:
            yield from _read(survey, called.module, read, Location(path, read.line), root, own)


def _read(
    survey: Survey, module: Module, read: Read, location: Location, root: str, own: set[str], depth: int = 0
) -> Iterator[Source]:
    tree = survey.tree
    text = text_of(read.path, module.locals)
    place, exact = text.below(module.real, root, root)
    suffix = text.suffix
    if leaves(place):
        return  # not of this repository; the tool says what is wrong with it
    if read.function in ("path", "local"):
        # A local that names a folder is where other paths start.
        real = tree.real(place) if exact else ""
        names_folder = read.function == "path" and tree.is_folder(real) and not _above(real, module, root)
        if exact and real and (names_folder or (tree.entry(real) is not None)):
            yield from _named(survey, real, place, f"named in {location}", own)
        return
    verb = "read by" if exact else "may be read by"
    if read.function == "fileset" and exact and read.pattern is not None:
        pattern = text_of(read.pattern, module.locals)
        verb = verb if pattern.exact else "may be read by"
        place, exact, suffix = _fileset(place, pattern)
    if exact:
        yield from _named(survey, tree.real(place), place, f"read by {read.function} in {location}", own)
        if read.function == "templatefile" and depth == 0 and (entry := tree.entry(tree.real(place))) is not None:
            for inner in survey.reader.templated(entry.identity, lambda: tree.read(place)):
                yield from _read(survey, module, inner, Location(place), root, own, depth + 1)
        return
    why = f"{verb} {read.function} in {location}"
    real = tree.real(place)
    if place and any(real == home or real.startswith(f"{home}/") for home in (module.real, tree.real(root))):
        # Inside a folder that is read anyway: what is left of it (other variable files, modules not called) only where the name's end fits.
        yield from (Source(e.path, why) for e in survey.walk(real) if e.path.endswith(suffix) and e.path not in own)
    else:
        yield Source(_folder(real), why)


def _above(folder: str, module: Module, root: str) -> bool:
    """A folder that holds the module or the stack is named to start paths from, not to be read."""
    return not folder or any(f"{home}/".startswith(f"{folder}/") for home in (module.real, root))


def _fileset(base: str, pattern: Text) -> tuple[str, bool, str]:
    """What `fileset(base, pattern)` lists: (folder, False, the names' end), or (file, True, "") where the pattern has no wildcard."""
    text = pattern.prefix
    ends = [at for sign in "*?[{" if (at := text.find(sign)) >= 0]
    if pattern.exact and not ends:
        return normal(join(base or ".", text)), True, ""
    literal = text[: min(ends, default=len(text))].rpartition("/")[0]
    tail = text.rpartition("*")[2] if pattern.exact else ""
    return normal(join(base or ".", literal)), False, "" if any(sign in tail for sign in "?[]{}/") else tail


def _named(survey: Survey, real: str, place: str, why: str, own: set[str]) -> Iterator[Source]:
    if survey.tree.is_folder(real):
        if not all(e.path in own for e in survey.walk(real)):
            yield Source(_folder(real), why)
        return
    if real not in own:
        yield Source(real, why)
    if place != real and place not in own:
        yield Source(place, why)
