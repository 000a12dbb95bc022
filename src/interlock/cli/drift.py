"""`interlock drift`: where the world differs from what was released."""

import sys
from typing import Annotated

import typer

from interlock.cli.options import (
    HERE,
    Components,
    Environments,
    Json,
    Person,
    Repository,
    open_project,
    print_json,
    verb,
)
from interlock.model.errors import Exit

app = verb()


@app.command(
    help="Compare the world with what was released. Exit 0: no drift; 2: drift; 1: something could not be checked. With --apply, bring it back "
    "through the same gates."
)
def drift(
    components: Components = None,
    env: Environments = None,
    apply: Annotated[bool, typer.Option("--apply", help="Correct what drifted.")] = False,
    wait: Annotated[
        str | None, typer.Option("--wait", help="With --apply: how long to wait at a gate.", metavar="TIME")
    ] = None,
    repository: Repository = HERE,
    person: Person = "",
    json_: Json = False,
) -> int:
    from interlock.app.drifting import correction_manifest, drift_report
    from interlock.app.judging import Selection
    from interlock.cli.following import follow, patience_of
    from interlock.cli.progress import Spinner, interruptible
    from interlock.cli.terminal import look
    from interlock.render.drift import drift_json, drift_terminal

    patience = patience_of(wait)
    project = open_project(repository, person)
    with Spinner() as spinner, interruptible() as cancel:
        selection = Selection(tuple(components or ()), tuple(env or ()))
        report, found = drift_report(project, selection, cancel=cancel, progress=spinner.update)
    if json_:
        print_json(drift_json(report))
    else:
        width, color, unicode = look(sys.stdout)
        print(drift_terminal(report, width=width, color=color, unicode=unicode), flush=True)
    if cancel.requested:
        return int(Exit.INTERRUPTED)
    if not apply or report.exit is not Exit.CHANGES:
        return int(report.exit)
    from interlock.app.deploying import create, require_lasting_home

    require_lasting_home(project)
    manifest = correction_manifest(project, found)
    assert manifest is not None
    asked = [(f"correct:{step.pair.environment}:{step.release}", step.pair.component) for step in manifest.steps]
    created = create(project, manifest, asked, None)
    assert created is not None
    return follow(project, created[0].id, patience=patience, json_=json_)
