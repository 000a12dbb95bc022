"""`fmt -check -diff` of a tree → one problem a file, with its diff."""

from collections.abc import Iterator
from pathlib import Path

from interlock.kind import CheckRequest
from interlock.kinds.opentofu import command, tool
from interlock.model.errors import Location, Problem
from interlock.world import World

_OLD = "--- old/"


def unformatted(copy: Path, program: tool.Program, request: CheckRequest, world: World) -> list[Problem]:
    """A file that cannot be parsed is not formatted either: `validate` says so better, unless it is one that validate does not read."""
    done = world.proc.run(
        command.fmt(program.path, Path(".")),
        what="format check",
        cwd=copy,
        environ=command.environment(request.environ, data=request.work / "no-data"),
        accept=(0, 2, 3),
    )
    hint = f"run: {program.name} fmt -recursive"
    problems = [
        Problem(Location(name), "unformatted", "not formatted", hint=hint, detail=diff)
        for name, diff in diffs(done.stdout)
    ]
    if done.exit_code == 2:
        said = world.secrets.redact(done.stderr).strip()
        problems.append(Problem(Location("."), "unreadable", "some files cannot be read", detail=said[-4000:] or None))
    return problems


def diffs(said: str) -> Iterator[tuple[str, str]]:
    """(file, unified diff) of what `fmt -diff` prints: before each diff stands a line with the file's name."""
    lines = said.splitlines()
    starts = [i for i, line in enumerate(lines) if line.startswith(_OLD)]
    for number, start in enumerate(starts):
        end = starts[number + 1] - 1 if number + 1 < len(starts) else len(lines)
        yield lines[start].removeprefix(_OLD), "\n".join(lines[start:end])
