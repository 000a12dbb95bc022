"""`interlock validate`: is what was written well formed?"""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from interlock.cli.options import HERE, Json, Repository, print_json, verb
from interlock.model.errors import Exit, UsageError

if TYPE_CHECKING:
    from interlock.app.validating import Validation

app = verb()


@app.command(
    help="Check organization.yaml, interlock.yaml and, with every kind's own check, what they name. By default in the working tree as it stands. "
    "Nothing is deployed or asked for credentials; everything wrong is told at once, with exit code 78."
)
def validate(
    file: Annotated[
        str,
        typer.Argument(
            help="With --schema: only this file's schema, `organization` or `interlock`.",
            metavar="[FILE]",
            show_default=False,
        ),
    ] = "",
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema of both files, for editors, and check nothing.")
    ] = False,
    at: Annotated[
        str | None, typer.Option("--at", help="The Git revision; by default the working tree.", metavar="REV")
    ] = None,
    repository: Repository = HERE,
    json_: Json = False,
) -> int:
    if schema:
        return _schema(file)
    if file:
        raise UsageError(
            f"validate takes no argument '{file}'",
            hint="it checks everything; `--schema organization` or `--schema interlock` names a file",
        )
    from interlock.app.validating import validate_repository
    from interlock.cli.progress import Spinner, interruptible

    with Spinner() as spinner, interruptible() as cancel:
        found = validate_repository(repository, at=at, cancel=cancel, progress=spinner.update)
    if json_:
        print_json(_document(found))
    else:
        _show(found)
    return int(Exit.DONE if found.valid else Exit.CONFIGURATION)


def _schema(file: str) -> int:
    import json

    from interlock.app.build import kinds
    from interlock.config.schema import schemas
    from interlock.model.units import nearest

    found = schemas(kinds())
    if not file:
        print(json.dumps(found, indent=2, ensure_ascii=False))
        return int(Exit.DONE)
    name = f"{file.removesuffix('.yaml')}.yaml"
    if name not in found:
        near = nearest(name, list(found))
        raise UsageError(
            f"there is no schema of '{file}'",
            hint=f"did you mean '{near}'?" if near else f"there is {' and '.join(found)}",
        )
    print(json.dumps(found[name], indent=2, ensure_ascii=False))
    return int(Exit.DONE)


def _document(found: "Validation") -> dict[str, object]:
    from interlock.render.plan_json import problem_json

    return {
        "type": "validate",
        "version": 1,
        "valid": found.valid,
        "commit": found.commit,
        "components": list(found.components),
        "environments": list(found.environments),
        "checked": list(found.kinds),
        "problems": [problem_json(problem) | {"detail": problem.detail} for problem in found.problems],
    }


def _show(found: "Validation") -> None:
    from interlock.cli.terminal import look
    from interlock.render.problems import problems_terminal

    width, color, unicode = look(sys.stdout)
    if found.problems:
        print(
            problems_terminal(found.problems, sources=found.sources, width=width, color=color, unicode=unicode).rstrip()
        )
    errors = len(found.errors)
    warnings = len(found.problems) - errors
    counted = ", ".join(filter(None, (_plural(errors, "error"), _plural(warnings, "warning"))))
    if found.valid:
        said = (
            f"Valid: {_plural(len(found.components), 'component') or 'no component'} in {', '.join(found.environments)}"
        )
        print(f"{said}{f' ({counted})' if counted else ''}")
    else:
        print(f"Not valid: {counted}")


def _plural(count: int, word: str) -> str:
    return "" if not count else f"{count} {word}" if count == 1 else f"{count} {word}s"
