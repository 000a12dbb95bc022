"""`interlock affected`: what a commit concerns."""

from typing import Annotated

import typer

from interlock.cli.options import HERE, Base, Json, Repository, open_project, print_json, verb
from interlock.model.errors import Exit

app = verb()


@app.command(
    help="Show which components a revision concerns in which environments, each compared with what is deployed there, and why. "
    "Only reads: nothing is planned, and a fresh clone stays as it is."
)
def affected(
    at: Annotated[
        str | None, typer.Option("--at", help="The Git revision; by default the working tree.", metavar="REV")
    ] = None,
    base: Base = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Every reason, what is left out and why, and files nobody reads.")
    ] = False,
    repository: Repository = HERE,
    json_: Json = False,
) -> int:
    from interlock.app.judging import judge

    report = judge(open_project(repository), at=at, base=base).report
    if json_:
        print_json(dict(report.to_json()))
        return int(Exit.DONE)
    from interlock.render.affected import affected_text

    print(affected_text(report, explain=explain), end="")
    return int(Exit.DONE)
