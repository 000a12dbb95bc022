"""`interlock history`: the ledger, newest first."""

from typing import TYPE_CHECKING, Annotated

import typer

from interlock.cli.options import HERE, Json, Repository, open_project, print_json, verb
from interlock.model.errors import Exit

if TYPE_CHECKING:
    from interlock.model.release import Release

app = verb()


@app.command(help="The releases, newest first: of everything, of a component, of an environment.")
def history(
    component: Annotated[str, typer.Argument(metavar="[COMPONENT]", show_default=False)] = "",
    env: Annotated[str, typer.Option("--env", "-e", help="Only this environment.", metavar="ENV")] = "",
    limit: Annotated[int, typer.Option("--limit", "-n", help="How many at the most.", min=1, max=10000)] = 30,
    repository: Repository = HERE,
    json_: Json = False,
) -> int:
    from interlock.cli.tables import ago, columns
    from interlock.store import ledger

    store = open_project(repository).kept
    releases: tuple[Release, ...] = ()
    if store is not None:
        with store.database.read() as tx:
            releases = ledger.history(tx, component=component, environment=env, limit=limit)
    if json_:
        from interlock.model.codec import encode

        print_json({"type": "history", "version": 1, "releases": [encode(release) for release in releases]})
        return int(Exit.DONE)
    if not releases:
        print("No releases yet.")
        return int(Exit.DONE)
    rows = [
        [
            r.id,
            r.environment,
            r.component,
            str(r.direction),
            str(r.status),
            r.commit[:12],
            r.deployment,
            ago(r.at),
            f"restores {r.restores}" if r.restores else "",
        ]
        for r in releases
    ]
    print(columns(rows, ["RELEASE", "ENVIRONMENT", "COMPONENT", "WAY", "STATUS", "COMMIT", "DEPLOYMENT", "WHEN", ""]))
    return int(Exit.DONE)
