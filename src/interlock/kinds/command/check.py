"""Is it well formed? A component's `check` program says so: exit code 0 and no reported error.

Components that differ only in what the program is not told (their environment's other settings) share one run. Each runs in a copy of
its own sources; nothing of the tree is touched.
"""

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

from interlock.kind import CheckRequest
from interlock.kinds.command.protocol import PROTOCOL, RESULT_VARIABLE, BadResult, CheckReport, parse, read_json
from interlock.kinds.command.run import program, remove, workspace
from interlock.kinds.command.sources import literal_folder, matching
from interlock.kinds.command.spec import CommandSettings
from interlock.model.digest import canonical
from interlock.model.errors import Location, Problem, TimedOut, ToolFailed, ToolMissing
from interlock.world import World


def check(request: CheckRequest, world: World) -> tuple[Problem, ...]:
    """All problems of all components, sorted. Raises Cancelled."""
    runs: dict[tuple[str, ...], list[str]] = {}
    for name, settings in sorted(request.components.items()):
        assert isinstance(settings, CommandSettings)
        if settings.check:
            runs.setdefault((settings.path, settings.timeout, "\0".join(settings.reads), *settings.check), []).append(
                name
            )
    problems: set[Problem] = set()
    for names in runs.values():
        settings = request.components[names[0]]
        assert isinstance(settings, CommandSettings)
        problems.update(_run(settings, names, request, world))
    return tuple(sorted(problems, key=lambda p: (p.location, p.slug, p.message)))


def _run(settings: CommandSettings, names: list[str], request: CheckRequest, world: World) -> list[Problem]:
    place = _location(request.places, names[0])
    component = names[0].partition("/")[2]
    request.work.mkdir(parents=True, exist_ok=True)
    closure, result = request.work / "check", request.work / "check-result.json"
    remove(closure)
    remove(result)
    try:
        _copy(settings, request.root, closure)
        with workspace(closure, request.work) as root:
            folder = root / settings.folder
            if not folder.is_dir():
                return [Problem(place, "no-such-folder", f"there is no folder '{settings.path}'", value=settings.path)]
            world.proc.run(
                [program(settings.check[0], folder), *settings.check[1:]],
                what=f"check of {component}",
                cwd=folder,
                environ={**request.environ, RESULT_VARIABLE: str(result)},
                timeout=settings.seconds,
                stdin=canonical(
                    {
                        "protocol": PROTOCOL,
                        "verb": "check",
                        "component": component,
                        "environments": [n.partition("/")[0] for n in names],
                    }
                ),
                on_line=world.log,
                keep=64_000,
            )
        return _reported(result, settings) if os.path.lexists(result) else []
    except BadResult as bad:
        return [Problem(place, "bad-result", f"the check of {component}: {bad}")]
    except ToolFailed as failed:
        # Reported problems are better than an exit code, but only if there is one that is an error.
        try:
            reported = _reported(result, settings)
        except BadResult:
            reported = []
        if any(problem.severity == "error" for problem in reported):
            return reported
        return [
            *reported,
            Problem(place, "check-failed", failed.message, hint=failed.hint, detail=failed.output or None),
        ]
    except (ToolMissing, TimedOut) as error:
        return [Problem(place, error.slug, error.message, hint=error.hint)]
    finally:
        remove(result)
        remove(closure)


def _reported(result: Path, settings: CommandSettings) -> list[Problem]:
    """Files are named from the component's folder. Raises BadResult."""
    prefix = f"{settings.folder}/" if settings.folder else ""
    return [
        Problem(
            Location(prefix + one.file, one.line, one.column),
            "check",
            one.message,
            hint=one.hint,
            severity=one.severity,
        )
        for one in parse(CheckReport, read_json(result)).problems
    ]


def _copy(settings: CommandSettings, root: Path, into: Path) -> None:
    into.mkdir(parents=True)
    if (root / settings.folder).is_dir():
        shutil.copytree(
            root / settings.folder,
            into / settings.folder,
            symlinks=True,
            dirs_exist_ok=True,
            ignore=shutil.ignore_patterns(".git"),
        )
    for glob in settings.reads:
        below = root / literal_folder(glob)
        paths = [path.relative_to(root).as_posix() for path in below.rglob("*") if path.is_file()]
        for path in matching(glob, paths):
            (into / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(root / path, into / path, follow_symlinks=False)


def _location(places: Mapping[str, str], name: str) -> Location:
    file, _, rest = places.get(name, "interlock.yaml").partition(":")
    line, _, column = rest.partition(":")
    return Location(file, int(line or 0), int(column or 0))
