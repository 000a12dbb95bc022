"""`interlock rollback`: go back by hand."""

import sys
from typing import Annotated, Any

import typer

from interlock.cli.options import HERE, Components, Json, Person, Repository, open_project, print_json, verb
from interlock.model.errors import Exit, UsageError

app = verb()


@app.command(
    help="Go back to the release before, dependents first: of an environment's last deployment, of named components, or of everything a deployment "
    "applied. A rollback goes through the same gates, and what it goes back from is held."
)
def rollback(
    components: Components = None,
    env: Annotated[str, typer.Option("--env", "-e", help="The environment.", metavar="ENV")] = "",
    to: Annotated[
        str, typer.Option("--to", help="The release to go back to (with one component).", metavar="RELEASE")
    ] = "",
    deployment: Annotated[
        str, typer.Option("--deployment", help="Undo what this deployment applied.", metavar="DEPLOYMENT")
    ] = "",
    plan: Annotated[bool, typer.Option("--plan", help="Only show what it would do.")] = False,
    wait: Annotated[str | None, typer.Option("--wait", help="How long to wait at a gate.", metavar="TIME")] = None,
    repository: Repository = HERE,
    person: Person = "",
    json_: Json = False,
) -> int:
    from interlock.app.deploying import create, require_lasting_home
    from interlock.app.rolling_back import Request, rollback_manifest
    from interlock.cli.following import follow, patience_of

    if bool(env) == bool(deployment):
        raise UsageError("name either --env ENV or --deployment DEPLOYMENT", hint="interlock status shows both")
    if deployment and (components or to):
        raise UsageError("--deployment undoes everything that it applied; it takes no components and no --to")
    patience = patience_of(wait)
    project = open_project(repository, person)
    require_lasting_home(project)
    manifest = rollback_manifest(project, Request(env, tuple(components or ()), to, deployment))
    if plan:
        return _show(project, manifest, json_)
    asked = [(f"{step.pair.environment}:{step.undoes}:{step.release}", step.pair.component) for step in manifest.steps]
    created = create(project, manifest, asked, None)
    assert created is not None
    return follow(project, created[0].id, patience=patience, json_=json_)


def _show(project: Any, manifest: Any, json_: bool) -> int:
    from interlock.app.rolling_back import rollback_report
    from interlock.cli.progress import Spinner, interruptible
    from interlock.cli.terminal import look
    from interlock.render.plan_json import plan_json
    from interlock.render.plan_terminal import plan_terminal

    with Spinner() as spinner, interruptible() as cancel:
        report = rollback_report(project, manifest, cancel=cancel, progress=spinner.update)
    if json_:
        print_json(plan_json(report))
    else:
        width, color, unicode = look(sys.stdout)
        names = " ".join(sys.argv[1:]).replace(" --plan", "")
        print(plan_terminal(report, width=width, color=color, unicode=unicode, next_command=f"interlock {names}"))
    return int(Exit.FAILED) if any(entry.error for entry in report.entries) else int(Exit.DONE)
