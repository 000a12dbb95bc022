"""`interlock deploy`: bring a commit through its environments."""

from typing import Annotated

import typer

from interlock.cli.options import (
    HERE,
    At,
    Base,
    Components,
    Environments,
    Json,
    Person,
    Repository,
    open_project,
    print_json,
    verb,
)
from interlock.model.errors import Exit, UsageError

app = verb()


@app.command(
    help="Plan, ask for what is needed, apply and verify, environment after environment. By default what HEAD changes. "
    "The same command again follows, or goes on with, what is unfinished."
)
def deploy(
    components: Components = None,
    env: Environments = None,
    at: At = None,
    base: Base = None,
    resume: Annotated[
        str | None, typer.Option("--resume", help="Go on with this deployment.", metavar="DEPLOYMENT")
    ] = None,
    wait: Annotated[
        str | None,
        typer.Option(
            "--wait",
            help="How long to wait at a gate; by default for ever on a terminal, else not at all.",
            metavar="TIME",
        ),
    ] = None,
    repository: Repository = HERE,
    person: Person = "",
    json_: Json = False,
) -> int:
    from interlock.app.deploying import start_deploy
    from interlock.app.judging import Selection
    from interlock.cli.following import follow, patience_of

    patience = patience_of(wait)
    project = open_project(repository, person)
    if resume is not None:
        if components or env or at or base:
            raise UsageError("--resume names a deployment; it takes no components, --env, --at or --base")
        return follow(project, _named(project, resume), patience=patience, json_=json_)
    started = start_deploy(project, at=at, selection=Selection(tuple(components or ()), tuple(env or ())), base=base)
    if started.deployment is None:
        _nothing(started.judged, json_)
        return int(Exit.DONE)
    return follow(project, started.deployment.id, patience=patience, json_=json_)


def _named(project: object, prefix: str) -> str:
    from interlock.store import deployments

    with project.store.database.read() as tx:  # type: ignore[attr-defined]
        return str(deployments.get(tx, prefix).id)


def _nothing(judged: object, json_: bool) -> None:
    """Deploying what is deployed says so, and why each component was left out."""
    report = judged.report  # type: ignore[attr-defined]
    if json_:
        left = [{"component": x.component, "environment": x.environment, "reason": x.reason} for x in report.left_out]
        print_json({"type": "nothing-to-deploy", "version": 1, "commit": report.commit, "left_out": left})
        return
    typer.echo(f"Nothing to deploy: {report.commit[:12]} changes nothing that is not deployed already.", err=True)
    for left in report.left_out:
        typer.echo(f"  {left.environment}/{left.component}: {left.reason}", err=True)
