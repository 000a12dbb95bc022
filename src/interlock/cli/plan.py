"""`interlock plan`: what would change."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from interlock.cli.options import (
    HERE,
    At,
    Base,
    Components,
    Environments,
    Json,
    Repository,
    open_project,
    print_json,
    verb,
)
from interlock.model.errors import Exit

if TYPE_CHECKING:
    from interlock.model.report import PlanReport

app = verb()


@app.command(
    help="Show what a revision would change, in every environment, without changing it. By default the working tree as it stands."
)
def plan(
    components: Components = None,
    env: Environments = None,
    at: At = None,
    base: Base = None,
    markdown: Annotated[
        Path | None, typer.Option("--markdown", help="Also write it as Markdown (at most 60 kB).", metavar="FILE")
    ] = None,
    detailed: Annotated[bool, typer.Option("--detailed-exitcode", help="Exit with 2 when there are changes.")] = False,
    repository: Repository = HERE,
    json_: Json = False,
) -> int:
    from interlock.app.judging import Selection
    from interlock.app.planning import plan_report
    from interlock.cli.progress import Spinner, interruptible

    project = open_project(repository)
    with Spinner() as spinner, interruptible() as cancel:
        report = plan_report(
            project,
            at=at,
            base=base,
            selection=Selection(tuple(components or ()), tuple(env or ())),
            cancel=cancel,
            progress=spinner.update,
        )
    if markdown is not None:
        from interlock.render.markdown import plan_markdown

        markdown.write_text(plan_markdown(report), encoding="utf-8")
    if json_:
        from interlock.render.plan_json import plan_json

        print_json(plan_json(report))
    else:
        _show(report, _next(components, env, at))
    if cancel.requested:
        return int(Exit.INTERRUPTED)
    if any(entry.error or (entry.plan is None and not entry.deferred) for entry in report.entries):
        return int(Exit.FAILED)
    changes = any(entry.deferred or (entry.plan is not None and not entry.plan.empty) for entry in report.entries)
    return int(Exit.CHANGES) if detailed and changes else int(Exit.DONE)


def _next(components: list[str] | None, env: list[str] | None, at: str | None) -> str | None:
    """The command that deploys what was shown; None leaves it to the report."""
    if not components and not env:
        return None
    words = [
        "interlock deploy",
        *(components or ()),
        *(f"--env {name}" for name in env or ()),
        *([f"--at {at}"] if at else ()),
    ]
    return " ".join(words)


def _show(report: "PlanReport", next_command: str | None) -> None:
    from interlock.cli.terminal import look
    from interlock.render.plan_terminal import plan_terminal

    width, color, unicode = look(sys.stdout)
    print(plan_terminal(report, width=width, color=color, unicode=unicode, next_command=next_command))
