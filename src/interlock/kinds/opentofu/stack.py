"""What only the source says about a stack and cannot be seen in its plan: read from the materialised folder, never from the repository.

Starting at the stack's folder, local module calls (`./`, `../`) are followed; modules from elsewhere bring their own rules that a plan does
not show either, and are not looked into. Files are taken as the tool takes them: `.tofu` in place of `.tf` of the same name (OpenTofu
only), override files last.

The fingerprint covers what `init` depends on: calls, providers, backend. Where a module comes from elsewhere (its version matters) or from
an expression, it covers the whole file, and the variables: a superfluous init is cheap, a wrong one is not.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from interlock.kinds.opentofu.facts import Backend, ParsedFile, Reference, Resource, Template
from interlock.kinds.opentofu.hcl import parse
from interlock.kinds.opentofu.module import loaded
from interlock.kinds.opentofu.moves import Move, moved_blocks
from interlock.kinds.opentofu.tool import Requirement
from interlock.model.digest import canonical, sha256
from interlock.model.errors import Location

GENERATED = ("interlock_override.tf.json", "interlock_undo.tf.json")


@dataclass(frozen=True)
class Stack:
    """`protected` and `ignored` are by configuration address (`module.a.lab_item.b`). `variables` are the root module's, None when a file is broken.

    `dynamic`: a module source or backend argument is an expression, so `init` needs the variables, too.
    """

    requirements: tuple[Requirement, ...]
    backend: Backend | None
    backend_place: Location
    protected: Mapping[str, Location]
    ignored: Mapping[str, tuple[tuple[str, ...], Location]]
    variables: frozenset[str] | None
    ephemeral: frozenset[str]
    fingerprint: str
    dynamic: bool
    moves: tuple[Move, ...] = ()  # the root module's moved blocks
    broken: bool = False  # a file of the stack, or of a module it calls, is no HCL


@dataclass(frozen=True)
class _File:
    path: str  # from the source's root
    content: bytes
    parsed: ParsedFile


def read_stack(source: Path, path: str, *, opentofu: bool) -> Stack:
    """`source` is the materialised tree, `path` the stack's folder in it."""
    requirements: list[Requirement] = []
    protected: dict[str, Location] = {}
    ignored: dict[str, tuple[tuple[str, ...], Location]] = {}
    prints: dict[str, Any] = {}
    dynamic = broken = False
    for prefix, folder, files in _modules(source, path, opentofu=opentofu):
        for file in files:
            parsed = file.parsed
            broken |= bool(parsed.broken)
            requirements += [Requirement(text, f"{file.path}:{line}") for text, line in parsed.required_versions]
            for resource in parsed.resources:
                _lifecycle(prefix + resource.address, resource, Location(file.path, resource.line), protected, ignored)
            sources = [call.source for call in parsed.modules if call.source is not None]
            open_ended = any(text is None for text in map(text_of, sources)) or any(
                b.unresolved for b in parsed.backends
            )
            dynamic |= open_ended
            elsewhere = any(text is not None and not _is_local(text) for text in map(text_of, sources))
            prints[f"{folder}:{file.path}"] = _print(file, whole=open_ended or elsewhere)
    own = _files(source, path, opentofu=opentofu)
    backends = [(b, Location(f.path, b.line)) for f in own for b in f.parsed.backends]
    backend, place = backends[-1] if backends else (None, Location(path))
    declared = {v.name for f in own for v in f.parsed.variables}
    return Stack(
        requirements=tuple(requirements),
        backend=backend,
        backend_place=place,
        protected=protected,
        ignored=ignored,
        variables=None if any(f.parsed.broken for f in own) else frozenset(declared),
        ephemeral=frozenset(v.name for f in own for v in f.parsed.variables if v.ephemeral),
        fingerprint=sha256(canonical(prints)),
        dynamic=dynamic,
        moves=tuple(m for f in own for m in moved_blocks(f.content, is_json=f.path.endswith(".json"))),
        broken=broken,
    )


def text_of(template: Template) -> str | None:
    """The literal text, None when any part is known only to a run."""
    return None if any(isinstance(part, Reference) for part in template) else "".join(str(part) for part in template)


def _modules(source: Path, path: str, *, opentofu: bool) -> Iterator[tuple[str, str, list[_File]]]:
    """(address prefix, folder, files) of the stack and of every call of a local module; a folder that calls itself is followed once."""
    waiting: list[tuple[str, str, tuple[str, ...]]] = [("", path, ())]
    while waiting:
        prefix, folder, above = waiting.pop()
        files = _files(source, folder, opentofu=opentofu)
        yield prefix, folder, files
        for file in files:
            for call in file.parsed.modules:
                text = text_of(call.source) if call.source else None
                if text is not None and _is_local(text):
                    target = _real(source, _joined(folder, text))
                    if target is not None and target not in (*above, folder):
                        waiting.append((f"{prefix}module.{call.name}.", target, (*above, folder)))


def _files(source: Path, folder: str, *, opentofu: bool) -> list[_File]:
    here = source / folder
    names = (
        [entry.name for entry in here.iterdir() if entry.is_file() and entry.name not in GENERATED]
        if here.is_dir()
        else []
    )
    found = []
    for name in loaded(tuple(names), "tofu" if opentofu else "terraform"):
        content = (here / name).read_bytes()
        full = f"{folder}/{name}" if folder not in ("", ".") else name
        found.append(_File(full, content, parse(content, is_json=name.endswith(".json"))))
    return found


def _lifecycle(
    address: str,
    resource: Resource,
    place: Location,
    protected: dict[str, Location],
    ignored: dict[str, tuple[tuple[str, ...], Location]],
) -> None:
    if resource.prevent_destroy:
        protected[address] = place
    elif resource.prevent_destroy is False:  # an override file takes it back
        protected.pop(address, None)
    if resource.ignore_changes:
        ignored[address] = (resource.ignore_changes, place)


def _print(file: _File, *, whole: bool) -> Any:
    if whole or file.parsed.broken:
        return sha256(file.content)
    parsed = file.parsed
    return {
        "calls": [[call.name, None if call.source is None else text_of(call.source)] for call in parsed.modules],
        "providers": [*parsed.providers],
        "types": sorted({resource.type.split("_")[0] for resource in parsed.resources}),
        "required": {name: {k: str(v) for k, v in value.items()} for name, value in parsed.required_providers.items()},
        "backends": [[b.type, {k: str(v) for k, v in b.config.items()}] for b in parsed.backends],
        "versions": [text for text, _ in parsed.required_versions],
    }


def _is_local(source: str) -> bool:
    return source.startswith(("./", "../")) or source in (".", "..")


def _real(source: Path, folder: str | None) -> str | None:
    """Where a folder really is: the tools resolve links first, so what a linked module calls is relative to there."""
    if folder is None:
        return None
    found = (source / folder).resolve()
    root = source.resolve()
    return found.relative_to(root).as_posix().removeprefix(".") if found.is_relative_to(root) else None


def _joined(folder: str, source: str) -> str | None:
    """The called folder from the source's root; None when it leaves it."""
    parts: list[str] = [part for part in folder.split("/") if part not in ("", ".")]
    for part in source.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)
