"""`interlock hold`: revisions that failed and may not come back by themselves."""

from typing import Annotated

import typer

from interlock.cli.options import HERE, Json, Person, Repository, open_project, print_json, verb
from interlock.model.errors import Exit

app = verb("Revisions that failed in an environment and may not come back by themselves.")


@app.command("list", help="Show what is held where, since when and why.")
def list_(
    env: Annotated[str, typer.Option("--env", "-e", help="Only this environment.", metavar="ENV")] = "",
    repository: Repository = HERE,
    json_: Json = False,
) -> int:
    from interlock.cli.tables import ago, columns
    from interlock.render.line import clean
    from interlock.store import holds

    store = open_project(repository).kept
    held: tuple[holds.Hold, ...] = ()
    if store is not None:
        with store.database.read() as tx:
            held = holds.active(tx, environment=env)
    if json_:
        print_json({"type": "holds", "version": 1, "holds": [vars(hold) for hold in held]})
    elif not held:
        print(f"Nothing is held{f' in {env}' if env else ''}.")
    else:
        rows = [
            [h.environment, h.component, h.revision[:12], h.deployment, ago(h.since), clean(h.reason)] for h in held
        ]
        print(columns(rows, ["ENVIRONMENT", "COMPONENT", "REVISION", "DEPLOYMENT", "SINCE", "REASON"]))
    return int(Exit.DONE)


@app.command(
    short_help="Let a component be deployed again, with a reason.",
    help="Let what is held of a component in an environment be deployed again. Recorded with your name and the reason.",
)
def release(
    environment: Annotated[str, typer.Argument(help="The environment.", metavar="ENV")],
    component: Annotated[str, typer.Argument(help="The component, by name.", metavar="COMPONENT")],
    reason: Annotated[
        str, typer.Option("--reason", help="Why it may come back; kept in the audit record.", metavar="TEXT")
    ],
    repository: Repository = HERE,
    person: Person = "",
    json_: Json = False,
) -> int:
    from interlock.app.holding import release_hold

    revisions, by = release_hold(open_project(repository, person), environment, component, reason=reason)
    if json_:
        print_json(
            {
                "type": "hold-released",
                "version": 1,
                "environment": environment,
                "component": component,
                "revisions": list(revisions),
                "person": by,
            }
        )
    else:
        told = ", ".join(revision[:12] for revision in revisions)
        typer.echo(f"{component} in {environment} is no longer held: {told} may be deployed again.", err=True)
    return int(Exit.DONE)
