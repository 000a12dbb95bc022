"""`interlock status`: what is deployed, and what is under way."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from interlock.cli.options import HERE, Json, Repository, open_project, print_json, verb
from interlock.model.errors import Exit

if TYPE_CHECKING:
    from interlock.app.standing import Standing

app = verb()


@app.command(
    help="What is deployed where and what is under way; or one deployment. With --check, whether it is healthy now."
)
def status(
    deployment: Annotated[str, typer.Argument(metavar="[DEPLOYMENT]", show_default=False)] = "",
    env: Annotated[str, typer.Option("--env", "-e", help="Only this environment.", metavar="ENV")] = "",
    check: Annotated[
        bool, typer.Option("--check", help="Run the checks of what is deployed now; exit with 1 when one fails.")
    ] = False,
    repository: Repository = HERE,
    json_: Json = False,
) -> int:
    project = open_project(repository)
    if deployment:
        return _one(project, deployment, json_)
    from interlock.app.standing import standing

    found = standing(project, env)
    results = _check(project, found) if check else {}
    if json_:
        print_json(_document(found, results))
    else:
        from interlock.cli.tables import standing_text

        print(standing_text(found, results))
    return (
        int(Exit.FAILED)
        if any(not result.passed for several in results.values() for result in several)
        else int(Exit.DONE)
    )


def _one(project: Any, deployment: str, json_: bool) -> int:
    from interlock.app.viewing import view_json, view_of

    view = view_of(project.records(), deployment)
    if json_:
        print_json(view_json(view))
        return int(Exit.DONE)
    from interlock.cli.following import ending

    print(ending(view))
    return int(Exit.DONE)


def _check(project: Any, found: "Standing") -> dict[tuple[str, str], Any]:
    from interlock.app.standing import check_now
    from interlock.cli.progress import Spinner, interruptible

    results = {}
    with Spinner() as spinner, interruptible() as cancel:
        for release in found.releases:
            name = f"{release.environment}/{release.component}"
            spinner.update(name, "checking")
            results[release.environment, release.component] = check_now(project, release, cancel)
            spinner.update(name, "")
    return results


def _document(found: "Standing", results: dict[tuple[str, str], Any]) -> dict[str, Any]:
    from interlock.app.viewing import view_json

    return {
        "type": "status",
        "version": 1,
        "releases": [
            {
                "environment": r.environment,
                "component": r.component,
                "release": r.id,
                "status": str(r.status),
                "commit": r.commit,
                "deployment": r.deployment,
                "at": r.at,
                "verified_at": r.verified_at,
                "checks": [vars(c) for c in results.get((r.environment, r.component), ())],
            }
            for r in found.releases
        ],
        "deployments": [view_json(view) for view in found.active],
        "holds": [vars(hold) for hold in found.held],
        "drift": [vars(record) for record in found.drift.values()],
    }
