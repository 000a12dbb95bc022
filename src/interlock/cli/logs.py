"""`interlock logs`: what the tools said."""

from typing import Annotated

import typer

from interlock.cli.options import HERE, Repository, open_project, verb
from interlock.model.errors import Exit, NotFound

app = verb()


@app.command(
    help="What the tools said in a deployment (by default the newest), step by step; of one component when named."
)
def logs(
    deployment: Annotated[str, typer.Argument(metavar="[DEPLOYMENT]", show_default=False)] = "",
    component: Annotated[str, typer.Argument(metavar="[COMPONENT]", show_default=False)] = "",
    env: Annotated[str, typer.Option("--env", "-e", help="Only this environment.", metavar="ENV")] = "",
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on until the deployment ends.")] = False,
    repository: Repository = HERE,
) -> int:
    from interlock.app.logging import follow_logs, read_logs
    from interlock.store import deployments, steps

    project = open_project(repository)
    with project.records().database.read() as tx:
        if deployment:
            row = deployments.get(tx, deployment)
        else:
            newest = deployments.list_newest(tx, limit=1)
            if not newest:
                raise NotFound("there is no deployment yet", hint="interlock deploy")
            row = newest[0]
        found = [s for s in steps.of(tx, row.id, env) if not component or s.component == component]
    if not found:
        raise NotFound(f"{row.id} has no step of {component or env}")
    names = [(step.environment, step.component) for step in found]
    for name, line in follow_logs(project, row.id, names) if follow else read_logs(project, row.id, names):
        print(f"{name}  {line}" if len(names) > 1 else line, flush=follow)
    return int(Exit.DONE)
