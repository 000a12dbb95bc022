"""`interlock adopt`: what exists already."""

import sys
from typing import Annotated

import typer

from interlock.cli.options import HERE, At, Environment, Json, Person, Repository, open_project, print_json, verb
from interlock.model.errors import Exit

app = verb()


@app.command(
    help="Record a release for what exists already, when its plan is empty; otherwise show what differs and record nothing."
)
def adopt(
    component: Annotated[str, typer.Argument(help="The component.", metavar="COMPONENT")],
    env: Environment,
    at: At = None,
    repository: Repository = HERE,
    person: Person = "",
    json_: Json = False,
) -> int:
    from interlock.app.adopting import adopt as adopt_
    from interlock.cli.following import follow
    from interlock.cli.progress import Spinner, interruptible
    from interlock.cli.terminal import look
    from interlock.render.plan_json import plan_json
    from interlock.render.plan_terminal import plan_terminal

    project = open_project(repository, person)
    with Spinner() as spinner, interruptible() as cancel:
        deployment, report = adopt_(project, component, env, at=at, cancel=cancel, progress=spinner.update)
    if deployment is not None:
        return follow(project, deployment.id, patience=0.0, json_=json_)
    if json_:
        print_json(plan_json(report))
    else:
        width, color, unicode = look(sys.stdout)
        again = f"interlock adopt {component} --env {env}"
        print(
            plan_terminal(
                report,
                width=width,
                color=color,
                unicode=unicode,
                next_command=f"make the code say what is there, then: {again}",
            )
        )
        typer.echo(f"{component} in {env} is not as this revision says: nothing was recorded.", err=True)
    return int(Exit.FAILED)
