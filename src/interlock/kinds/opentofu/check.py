"""Is what was written well formed? `fmt -check` of the whole repository, `validate` of every stack and of every module, the unused ones too.

Everything happens in a copy: `init` writes lock files, and the tree must stay as it is. No backend is configured and nothing is asked that
needs credentials. Folders are validated side by side; what several of them say about one place is said once.
"""

import json
import os
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from interlock.kind import CheckRequest
from interlock.kinds.opentofu import command, init, tool
from interlock.kinds.opentofu.assemble import Traversal
from interlock.kinds.opentofu.copy import synchronise
from interlock.kinds.opentofu.formatting import unformatted
from interlock.kinds.opentofu.hcl import blocks_of
from interlock.kinds.opentofu.messages import diagnostic
from interlock.kinds.opentofu.module import suffix_of
from interlock.kinds.opentofu.spec import OpenTofuSettings
from interlock.kinds.opentofu.stack import Stack, read_stack
from interlock.model.digest import sha256
from interlock.model.errors import Location, Problem, ToolFailed, ToolMismatch
from interlock.world import World

ALIASES = "interlock_check.tf.json"
AT_ONCE = max(2, os.cpu_count() or 2)


@dataclass(frozen=True)
class _Folder:
    """One folder to validate. `name` is its path from the root, "" the root itself; `is_stack`: a component's own folder."""

    name: str
    is_stack: bool
    program: tool.Program
    stack: Stack


def check(request: CheckRequest, world: World) -> tuple[Problem, ...]:
    """All problems, sorted by place. Raises ToolMissing, ToolFailed, Cancelled."""
    copy = request.work / "tree"
    synchronise(request.root, copy)
    problems: list[Problem] = []
    folders: dict[str, _Folder] = {}
    programs: dict[str | None, tool.Program] = {}

    def program_of(name: str | None) -> tool.Program:
        if name not in programs:
            programs[name] = tool.find(name, request.environ, world, request.work)
        return programs[name]

    for pair, settings in sorted(request.components.items()):
        assert isinstance(settings, OpenTofuSettings)
        place = location_of(request.places.get(pair, ""))
        path = settings.path.strip("/")
        if not _has_configuration(copy / path):
            problems.append(
                Problem(place, "no-configuration", f"'{path or '.'}' holds no configuration file", value=path)
            )
            continue
        program = program_of(settings.tool)
        stack = read_stack(copy, path, opentofu=program.name == "tofu")
        folders.setdefault(path, _Folder(path, True, program, stack))
        problems += _requirements(settings, stack, program, place, pair)
        problems += [
            Problem(place, "no-var-file", f"variable file '{name}' does not exist in '{path}'", value=name)
            for name in settings.var_files
            if not (copy / path / name).is_file()
        ]
    for name in _folders_with_configuration(copy):
        if name not in folders:
            program = program_of(None)
            folders[name] = _Folder(name, False, program, read_stack(copy, name, opentofu=program.name == "tofu"))
    if folders:
        problems += unformatted(copy, next(iter(programs.values())), request, world)
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for found in pool.map(
                lambda one: _validate(one, copy, request, world), [folders[n] for n in sorted(folders)]
            ):
                problems += found
    unique = {(p.location, p.slug, p.message): p for p in problems}
    return tuple(sorted(unique.values(), key=lambda p: (p.location, p.slug, p.message)))


def _requirements(
    settings: OpenTofuSettings, stack: Stack, program: tool.Program, place: Location, pair: str
) -> Iterable[Problem]:
    pinned = [tool.Requirement(settings.version, f"`version` of {pair}")] if settings.version else []
    for requirement in [*pinned, *stack.requirements]:
        try:
            tool.require(program, [requirement])
        except ToolMismatch as error:
            at = place if requirement in pinned else location_of(requirement.place)
            yield Problem(at, error.slug, error.message, value=requirement.constraint, hint=error.hint)


def _validate(folder: _Folder, copy: Path, request: CheckRequest, world: World) -> list[Problem]:
    where = copy / folder.name
    what = folder.name or "the repository's root"
    keep = request.work / "init" / sha256(folder.name.encode())[:16]
    _stand_in_aliases(where, folder)

    def environ(data: Path) -> Mapping[str, str]:
        return command.environment(request.environ, data=data)

    failure: ToolFailed | None = None
    data = keep / "none"
    try:
        data = init.ensure(
            what=what,
            program=folder.program,
            stack=where,
            keep=keep,
            scratch=keep,
            fingerprint=folder.stack.fingerprint,
            backend_config={},
            environ=environ,
            world=world,
            backend=False,
        ).data
    except ToolFailed as error:
        failure = error
    done = world.proc.run(
        command.validate(folder.program.path),
        what=f"validate of {what}",
        cwd=where,
        environ=environ(data),
        accept=(0, 1),
    )
    try:
        said = [diagnostic(one, folder.name) for one in json.loads(done.stdout)["diagnostics"]]
    except (ValueError, KeyError, TypeError) as error:
        raise ToolFailed(f"validate of {what} gave no answer", output=done.stderr[-4000:]) from error
    located = [one for one in said if one.location and failure is not None]
    if failure is not None and not (folder.stack.broken and located):
        # Without modules and providers, validate only complains that they are not there: init's own words say why.
        return [Problem(Location(folder.name or "."), failure.slug, failure.message, detail=failure.output or None)]
    return [
        Problem(
            one.location or Location(folder.name or "."),
            "invalid",
            world.secrets.redact(one.summary),
            severity="warning" if one.severity == "warning" else "error",
            detail=world.secrets.redact(one.detail) or None,
        )
        for one in (located if failure is not None else said)
    ]


def _stand_in_aliases(where: Path, folder: _Folder) -> None:
    """Terraform does not validate a module that is handed aliased providers, as if it were a stack; empty ones stand in. OpenTofu needs none."""
    (where / ALIASES).unlink(missing_ok=True)
    if folder.is_stack or folder.program.name != "terraform":
        return
    aliases = [
        str(alias).split(".", 1)
        for file in sorted(where.glob("*.tf"))
        for block in blocks_of(file.read_bytes())
        if block.type == "terraform"
        for inner in block.blocks
        if inner.type == "required_providers"
        for value in inner.attributes.values()
        if isinstance(value, Mapping)
        for alias in value.get("configuration_aliases") or ()
        if isinstance(alias, Traversal) and "." in alias
    ]
    if aliases:
        providers = {name: [{"alias": a} for n, a in aliases if n == name] for name in sorted({n for n, _ in aliases})}
        (where / ALIASES).write_text(json.dumps({"provider": providers}), encoding="utf-8")


def _folders_with_configuration(copy: Path) -> list[str]:
    found = []
    for folder, below, files in os.walk(copy):
        below[:] = sorted(name for name in below if not name.startswith("."))
        if any(suffix_of(name) and name != ALIASES for name in files):
            found.append(Path(folder).relative_to(copy).as_posix())
    return sorted("" if name == "." else name for name in found)


def _has_configuration(folder: Path) -> bool:
    return folder.is_dir() and any(suffix_of(entry.name) for entry in folder.iterdir() if entry.is_file())


def location_of(place: str) -> Location:
    """`file:line:column` as text, back as a place."""
    parts = place.rsplit(":", 2)
    if len(parts) == 3 and parts[1].isdigit() and parts[2].isdigit():
        return Location(parts[0], int(parts[1]), int(parts[2]))
    file, _, line = place.rpartition(":")
    return Location(file, int(line)) if file and line.isdigit() else Location(place or ".")
