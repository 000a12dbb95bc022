"""A folder of configuration files as the tools load it, from a tree that need not be on disk.

Which files count: names ending in `.tf` or `.tf.json` (and, for OpenTofu, `.tofu`, `.tofu.json`), not hidden, not an editor's backup. OpenTofu ignores
`x.tf` beside `x.tofu` (and `x.tf.json` beside `x.tofu.json`); Terraform ignores `.tofu` files. Where the tool is not known both views are joined:
widened, never narrowed. Override files (`override.tf`, `*_override.tf` and their kin) are merged last, in the order of their names.
"""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache

from interlock.kind import Source
from interlock.kinds.opentofu.facts import (
    HOLE,
    Backend,
    ModuleCall,
    Output,
    ParsedFile,
    Reference,
    Resource,
    Template,
    Variable,
)
from interlock.kinds.opentofu.reader import Reader
from interlock.kinds.opentofu.text import join
from interlock.model.errors import Location
from interlock.world.tree import Entry, Tree

_SUFFIXES = (".tf.json", ".tofu.json", ".tf", ".tofu")
_TOFU_TWIN = {".tf": ".tofu", ".tf.json": ".tofu.json"}


@lru_cache(maxsize=4096)
def suffix_of(name: str) -> str:
    """The configuration suffix of a file name, "" when it is no configuration file."""
    if (
        not name.endswith(_SUFFIXES)
        or name.startswith(".")
        or name.endswith("~")
        or (name.startswith("#") and name.endswith("#"))
    ):
        return ""
    return next((s for s in _SUFFIXES if name.endswith(s)), "")


@lru_cache(maxsize=4096)
def loaded(names: tuple[str, ...], tool: str | None) -> tuple[str, ...]:
    """The names among a folder's that `tool` loads, in its order: overrides last. With `tool` None: what either loads."""
    found = [name for name in sorted(names) if suffix_of(name)]
    if tool == "terraform":
        found = [name for name in found if "tofu" not in suffix_of(name)]
    elif tool == "tofu":
        all_names = frozenset(found)
        found = [name for name in found if _twin(name) not in all_names]
    return (*(n for n in found if not is_override(n)), *(n for n in found if is_override(n)))


def _twin(name: str) -> str:
    suffix = suffix_of(name)
    return name.removesuffix(suffix) + _TOFU_TWIN[suffix] if suffix in _TOFU_TWIN else ""


@lru_cache(maxsize=4096)
def is_override(name: str) -> bool:
    stem = name.removesuffix(suffix_of(name))
    return stem == "override" or stem.endswith("_override")


def is_variables(name: str) -> bool:
    return name.endswith((".tfvars", ".tfvars.json"))


def loads_itself(name: str) -> bool:
    """Whether the tools read this variable file of the stack's own folder without being told."""
    return name in ("terraform.tfvars", "terraform.tfvars.json") or name.endswith((".auto.tfvars", ".auto.tfvars.json"))


@dataclass(frozen=True)
class Module:
    """One folder, merged. `folder` is its path as called, `real` with symlinks followed; `files` in loading order, paths below `real`.

    `exact` is False when the view joins those of two tools; then nothing that an override replaces is dropped.
    """

    folder: str
    real: str
    files: tuple[tuple[str, ParsedFile], ...]
    exact: bool = True

    def _split(self) -> tuple[list[tuple[str, ParsedFile]], list[tuple[str, ParsedFile]]]:
        primary = [(p, f) for p, f in self.files if not is_override(posixpath.basename(p))]
        return primary, [(p, f) for p, f in self.files if is_override(posixpath.basename(p))]

    @cached_property
    def calls(self) -> tuple[tuple[str, ModuleCall], ...]:
        """(file, call) of every module block, overrides merged, in loading order."""
        primary, overrides = self._split()
        found = [(path, call) for path, file in primary for call in file.modules]
        for path, file in overrides:
            for call in file.modules:
                if call.source is None:
                    continue
                if not self.exact:
                    found.append((path, call))
                found = [(path, call) if self.exact and known.name == call.name else (p, known) for p, known in found]
        return tuple(found)

    @cached_property
    def locals(self) -> Mapping[str, Template]:
        """The last definition of each local; a hole where two tools would see two definitions."""
        merged: dict[str, Template] = {}
        for _, file in self.files:
            for name, value in file.locals.items():
                conflict = not self.exact and name in merged and merged[name] != value
                merged[name] = (Reference(HOLE),) if conflict else value
        return merged

    @cached_property
    def backend(self) -> tuple[str, Backend] | None:
        """(file, backend or cloud block); the last one wins, so an override replaces."""
        found = [(path, backend) for path, file in self.files for backend in file.backends]
        return found[-1] if found else None

    @cached_property
    def required_versions(self) -> tuple[tuple[str, Location], ...]:
        """Every version constraint with its place. All of them must hold; those of an override file replace the others."""
        primary, overrides = self._split()
        of = [(text, Location(path, line)) for path, file in primary for text, line in file.required_versions]
        over = [(text, Location(path, line)) for path, file in overrides for text, line in file.required_versions]
        return tuple(over if over and self.exact else of + over)

    @cached_property
    def outputs(self) -> Mapping[str, Output]:
        merged: dict[str, Output] = {}
        for _, file in self.files:
            for new in file.outputs:
                old = merged.get(new.name, new)
                merged[new.name] = replace(old, sensitive=_later(old.sensitive, new.sensitive))
        return dict(sorted(merged.items()))

    @cached_property
    def variables(self) -> Mapping[str, Variable]:
        merged: dict[str, Variable] = {}
        for _, file in self.files:
            for new in file.variables:
                old = merged.get(new.name, new)
                merged[new.name] = replace(
                    old,
                    has_default=old.has_default or new.has_default,
                    sensitive=_later(old.sensitive, new.sensitive),
                    ephemeral=_later(old.ephemeral, new.ephemeral),
                )
        return dict(sorted(merged.items()))

    @cached_property
    def resources(self) -> Mapping[str, tuple[str, Resource]]:
        """address within the module → (file, resource), lifecycle arguments of overrides merged one by one."""
        merged: dict[str, tuple[str, Resource]] = {}
        for path, file in self.files:
            for new in file.resources:
                place, old = merged.get(new.address, (path, new))
                merged[new.address] = (
                    place,
                    replace(
                        old,
                        prevent_destroy=_later(old.prevent_destroy, new.prevent_destroy),
                        create_before_destroy=_later(old.create_before_destroy, new.create_before_destroy),
                        ignore_changes=old.ignore_changes if new.ignore_changes is None else new.ignore_changes,
                    ),
                )
        return dict(sorted(merged.items()))

    @property
    def has_provider(self) -> bool:
        return any(file.providers for _, file in self.files)

    @property
    def broken(self) -> Location | None:
        """The first place that the grammar could not read."""
        return next((Location(path, file.broken) for path, file in self.files if file.broken), None)


def _later(old: bool | None, new: bool | None) -> bool | None:
    return old if new is None else new


class Survey:
    """What one tree holds, each folder looked at once."""

    def __init__(self, tree: Tree, reader: Reader) -> None:
        self.tree = tree
        self.reader = reader
        self._modules: dict[tuple[str, str | None], Module | None] = {}
        self._walks: dict[str, tuple[Entry, ...]] = {}
        # Filled by `sources`: what each stack and each folder consists of.
        self.stacks: dict[tuple[str, str | None], tuple[Source, ...]] = {}
        self.files: dict[tuple[str, bool], tuple[tuple[str, str], ...]] = {}

    def module(self, folder: str, tool: str | None) -> Module | None:
        """None when the folder holds no configuration that `tool` loads."""
        key = (folder, tool)
        if key not in self._modules:
            self._modules[key] = self._load(folder, tool)
        return self._modules[key]

    def walk(self, folder: str) -> tuple[Entry, ...]:
        if folder not in self._walks:
            self._walks[folder] = tuple(self.tree.walk(folder))
        return self._walks[folder]

    def _load(self, folder: str, tool: str | None) -> Module | None:
        real = self.tree.real(folder)
        if not self.tree.is_folder(real):
            return None
        names = tuple(name for name in self.tree.list(real) if not name.endswith("/"))
        use = loaded(names, tool)
        files = tuple((path, facts) for name in use if (facts := self._parsed(path := join(real, name))) is not None)
        exact = tool is not None or use == loaded(names, "tofu") == loaded(names, "terraform")
        return Module(folder, real, files, exact) if files else None

    def _parsed(self, path: str) -> ParsedFile | None:
        entry = self.tree.entry(path)
        if entry is not None and entry.is_link:
            entry = self.tree.entry(self.tree.real(path))
        if entry is None:
            return None
        return self.reader.parsed(entry.identity, path, lambda: self.tree.read(path))
