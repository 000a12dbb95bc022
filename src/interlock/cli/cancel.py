"""`interlock cancel`."""

from typing import Annotated

import typer

from interlock.cli.options import HERE, Json, Person, Repository, open_project, print_json, verb
from interlock.model.errors import Exit

app = verb()


@app.command(
    help="End a deployment: running tools are asked to stop, nothing new starts. What it applied stays, or is undone with --rollback."
)
def cancel(
    deployment: Annotated[
        str, typer.Argument(help="The deployment's id, or the beginning of it.", metavar="DEPLOYMENT")
    ],
    rollback: Annotated[
        bool, typer.Option("--rollback", help="Undo what it applied in the environment that is under way.")
    ] = False,
    repository: Repository = HERE,
    person: Person = "",
    json_: Json = False,
) -> int:
    from interlock.app.cancelling import cancel as cancel_

    row, ended = cancel_(open_project(repository, person), deployment, rollback=rollback)
    if json_:
        print_json({"type": "cancel", "version": 1, "deployment": row.id, "ended": ended, "rollback": rollback})
        return int(Exit.DONE)
    if ended:
        typer.echo(f"{row.id} is cancelled.", err=True)
    else:
        typer.echo(
            f"{row.id} was asked to end. See: interlock status {row.id}; if no process runs it: interlock deploy --resume {row.id}",
            err=True,
        )
    return int(Exit.DONE)
