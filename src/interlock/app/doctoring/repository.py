"""The repository, what is written in it, the tools that this asks for, and who works here."""

import platform
import sqlite3
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from interlock.app.bare import bare_world
from interlock.app.doctoring import Check, Found, failed, warned
from interlock.app.doctoring.ground import Ground
from interlock.model.errors import InterlockError, NotFound, ToolMismatch, ToolMissing
from interlock.world.cancel import CancelToken
from interlock.world.environ import base_environ

_SHOWN = 3


def repository_checks(ground: Ground) -> list[Check]:
    return [
        Check("python", lambda: _python()),
        Check("repository", lambda: _repository(ground)),
        Check("working tree", lambda: _working_tree(ground), ("repository",)),
        Check("person", lambda: _person(ground), ("repository",)),
        Check("configuration", lambda: _configuration(ground), ("repository",)),
        Check("tool", lambda: _tool(ground)),
        Check("git", lambda: _git(ground)),
    ]


def _python() -> Iterator[Found]:
    version = platform.python_version()
    said = f"Python {version}, SQLite {sqlite3.sqlite_version}"
    if sys.version_info < (3, 11) or sqlite3.sqlite_version_info < (3, 35):
        yield failed(said, "Python 3.11 and SQLite 3.35 are the oldest that serve")
    else:
        yield Found(said)


def _repository(ground: Ground) -> Iterator[Found]:
    repository = ground.repository
    head = repository.resolve("HEAD")  # raises where there is no commit yet
    try:
        yield Found(f"{repository.root}, HEAD {head[:12]}, first commit {repository.root_commit()[:12]}")
    except NotFound as error:
        yield warned(f"{repository.root}, HEAD {head[:12]}: {error.message}", error.hint or "git fetch --unshallow")


def _working_tree(ground: Ground) -> Iterator[Found]:
    dirty = ground.repository.dirty()
    if dirty:
        shown = ", ".join(dirty[:_SHOWN]) + (f" and {len(dirty) - _SHOWN} more" if len(dirty) > _SHOWN else "")
        yield warned(
            f"differs from HEAD: {shown}", "commit or stash it: `deploy` takes commits only, or name one with --at REV"
        )
    else:
        yield Found("as HEAD has it")


def _person(ground: Ground) -> Iterator[Found]:
    name = ground.repository.identity()
    if name:
        yield Found(f"{name} (Git's user.email)")
    else:
        yield warned(
            "Git does not know your e-mail address, which every change is recorded with",
            "git config user.email you@example.org, or --as",
        )


def _configuration(ground: Ground) -> Iterator[Found]:
    configuration = ground.configuration
    components = len(configuration.components)
    said = f"{components} component{'' if components == 1 else 's'} in {', '.join(spec.name for spec in configuration.environments)}"
    if configuration.warnings:
        yield warned(f"{said}; {len(configuration.warnings)} warnings", "interlock validate shows them")
    else:
        yield Found(said)


def _tool(ground: Ground) -> Iterator[Found]:
    """The programs that the configured components name; without a configuration, whichever would be taken."""
    from interlock.kinds.opentofu import tool

    wanted: dict[tuple[str | None, str | None], str] = {}
    needed = True
    try:
        pairs = [pair for pair in ground.configuration.pairs if pair.kind == "opentofu"]
        needed = bool(pairs)
        for pair in pairs:
            wanted.setdefault((pair.settings.get("tool"), pair.settings.get("version")), pair.name)
    except InterlockError:
        pass  # told by its own check
    with tempfile.TemporaryDirectory(prefix="interlock-doctor-") as scratch:
        world = bare_world(Path(scratch), CancelToken(), lambda _: None)
        told: set[str] = set()
        for (name, version), place in sorted((wanted or {(None, None): ""}).items(), key=lambda item: item[1]):
            try:
                program = tool.find(name, base_environ(ground.environ), world, Path(scratch))
                if version:
                    tool.require(program, [tool.Requirement(version, f"`version` of {place}")])
            except ToolMissing as error:
                found = (
                    failed(error.message, error.hint or "")
                    if needed
                    else warned(f"{error.message}; no component needs it", "")
                )
            except ToolMismatch as error:
                found = failed(error.message, error.hint or "")
            else:
                found = Found(f"{program.path} {program.version}")
            if found.what not in told:
                told.add(found.what)
                yield found


def _git(ground: Ground) -> Iterator[Found]:
    """Repositories are read without it; only people, and later fetching and pushing, need the program."""
    with tempfile.TemporaryDirectory(prefix="interlock-doctor-") as scratch:
        world = bare_world(Path(scratch), CancelToken(), lambda _: None)
        try:
            done = world.proc.run(
                ["git", "--version"],
                what="git --version",
                cwd=Path(scratch),
                environ=base_environ(ground.environ),
                timeout=30,
            )
            yield Found(done.stdout.strip())
        except ToolMissing:
            yield warned(
                "there is no git program on PATH", "install Git; Interlock reads repositories without it, people do not"
            )
