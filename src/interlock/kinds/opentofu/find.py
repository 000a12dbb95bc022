"""The stacks and modules of a repository that says nothing about them: who calls whom tells most.

A folder with configuration is a stack when it has a mark that only a stack has: a backend or cloud block, a lock file, a provider block, or a variable
file; even if another calls it. Without a mark it is a module when something calls it, when a folder on its path is called `module` or `modules`, or
when it declares nothing but variables, locals and outputs; otherwise it is a stack that nobody calls. Examples, tests and fixtures
(a folder of such a name on the path) are stacks only with a backend or a lock file.
"""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass

from interlock.kinds.opentofu.calls import target_of
from interlock.kinds.opentofu.module import Module, Survey, is_variables, loads_itself, suffix_of
from interlock.kinds.opentofu.reader import READER, Reader
from interlock.world.tree import Tree

_TRIES = frozenset({"example", "examples", "fixture", "fixtures", "test", "testdata", "tests"})
_MODULES = frozenset({"module", "modules"})
_LOCK = ".terraform.lock.hcl"


@dataclass(frozen=True, order=True)
class FoundStack:
    """`reasons` why it is taken for one; `var_files` from the stack's folder, those that are not loaded by themselves; `backend` its type, "" for none."""

    path: str
    reasons: tuple[str, ...]
    var_files: tuple[str, ...]
    backend: str


def find_modules(tree: Tree, reader: Reader = READER) -> tuple[str, ...]:
    """Every folder with configuration files, stacks too, sorted."""
    return tuple(sorted(_folders(reader.survey(tree))))


def find_stacks(tree: Tree, reader: Reader = READER) -> tuple[FoundStack, ...]:
    """Sorted by path."""
    survey = reader.survey(tree)
    folders = _folders(survey)
    modules = {place: m for place in sorted(folders) if (m := survey.module(place, None)) is not None}
    called: set[str] = set()
    for module in modules.values():
        for _, call in module.calls:
            target = target_of(call, module, module.folder)
            if target is not None and target[1]:
                called.add(tree.real(target[0]) if tree.is_folder(tree.real(target[0])) else target[0])
    return tuple(found for place, m in modules.items() if (found := _judge(m, folders, place in called)) is not None)


def _folders(survey: Survey) -> Mapping[str, tuple[str, ...]]:
    """Folder with configuration → the paths below it that are not below another such folder."""
    entries = [e for e in survey.walk("") if "/.terraform/" not in f"/{e.path}"]
    places = {posixpath.dirname(e.path) for e in entries if suffix_of(posixpath.basename(e.path))}
    found: dict[str, list[str]] = {place: [] for place in places}
    for entry in entries:
        place = posixpath.dirname(entry.path)
        while place and place not in places:
            place = posixpath.dirname(place)
        if place in places:
            found[place].append(entry.path)
    return {place: tuple(paths) for place, paths in found.items()}


def _judge(module: Module, folders: Mapping[str, tuple[str, ...]], is_called: bool) -> FoundStack | None:
    folder = module.folder
    names = [path.removeprefix(f"{folder}/") if folder else path for path in folders[folder]]
    variables = tuple(name for name in names if is_variables(name))
    backend = module.backend[1].type if module.backend else ""
    strong = [f"has a {backend} backend" if backend != "cloud" else "has a cloud block"] if backend else []
    strong += ["has a lock file"] if _LOCK in names else []
    marks = ["configures a provider"] if module.has_provider else []
    marks += ["has variable files"] if variables else []
    parts = frozenset(folder.split("/"))
    if strong or (marks and not parts & _TRIES):
        reasons = tuple(strong + marks)
    elif is_called or parts & (_TRIES | _MODULES) or not (module.resources or module.calls):
        return None
    else:
        reasons = ("no folder calls it",)
    return FoundStack(folder, reasons, tuple(n for n in variables if "/" in n or not loads_itself(n)), backend)
