"""`interlock approve` and `interlock reject`."""

from typing import Annotated

import typer

from interlock.cli.options import HERE, Json, Person, Repository, open_project, print_json, verb
from interlock.model.errors import Exit

approve_app = verb()
reject_app = verb()

_Deployment = Annotated[str, typer.Argument(help="The deployment's id, or the beginning of it.", metavar="DEPLOYMENT")]
_Env = Annotated[str, typer.Option("--env", "-e", help="Only the plans of this environment.", metavar="ENV")]
_Step = Annotated[str, typer.Option("--step", help="Only the plan of this component.", metavar="COMPONENT")]
_Comment = Annotated[str, typer.Option("--comment", help="Why; kept with the answer.", metavar="TEXT")]


@approve_app.command(
    help="Say yes to the plans of a deployment that wait for it. Approving a plan approves its way back too, as shown."
)
def approve(
    deployment: _Deployment,
    env: _Env = "",
    step: _Step = "",
    comment: _Comment = "",
    repository: Repository = HERE,
    person: Person = "",
    json_: Json = False,
) -> int:
    return _answer(deployment, env, step, comment, repository, person, json_, approves=True)


@reject_app.command(help="Say no to the plans of a deployment: it ends.")
def reject(
    deployment: _Deployment,
    env: _Env = "",
    step: _Step = "",
    comment: _Comment = "",
    repository: Repository = HERE,
    person: Person = "",
    json_: Json = False,
) -> int:
    return _answer(deployment, env, step, comment, repository, person, json_, approves=False)


def _answer(
    deployment: str,
    env: str,
    step: str,
    comment: str,
    repository: Repository,
    person: str,
    json_: bool,
    *,
    approves: bool,
) -> int:
    from interlock.app.answering import answer

    done = answer(
        open_project(repository, person),
        deployment,
        approves=approves,
        environment=env,
        component=step,
        comment=comment,
    )
    if json_:
        covered = [{"step": name, "plan": plan, "changes": changes} for name, plan, changes in done.covered]
        print_json(
            {
                "type": "answer",
                "version": 1,
                "deployment": done.deployment,
                "approves": approves,
                "person": done.person,
                "covered": covered,
            }
        )
        return int(Exit.DONE)
    typer.echo(f"{'Approved' if approves else 'Rejected'} by {done.person} (unverified):", err=True)
    for name, plan, changes in done.covered:
        typer.echo(f"  {name}  {changes}  {plan}", err=True)
    on = (
        f"Go on: interlock deploy --resume {done.deployment}"
        if approves
        else f"See how it ends: interlock status {done.deployment}"
    )
    typer.echo(on, err=True)
    return int(Exit.DONE)
