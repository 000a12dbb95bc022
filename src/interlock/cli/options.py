"""Options that many verbs share, declared once. `Where` opens the project that a command is about."""

from pathlib import Path
from typing import Annotated, Any

import typer

Repository = Annotated[
    Path,
    typer.Option(
        "--repository", "-C", help="The repository, or a folder inside it.", show_default="here", metavar="DIR"
    ),
]
Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout.")]
Person = Annotated[
    str, typer.Option("--as", help="Who acts; by default Git's user.email. Unverified.", metavar="EMAIL")
]
Environments = Annotated[
    list[str] | None, typer.Option("--env", "-e", help="Only this environment; may be repeated.", metavar="ENV")
]
Environment = Annotated[str, typer.Option("--env", "-e", help="The environment.", metavar="ENV")]
Components = Annotated[list[str] | None, typer.Argument(metavar="[COMPONENT]...", show_default=False)]
At = Annotated[str | None, typer.Option("--at", help="The Git revision; by default HEAD.", metavar="REV")]
Base = Annotated[
    str | None, typer.Option("--base", help="Compare with this revision instead of what is deployed.", metavar="REV")
]
HERE = Path(".")


def verb(help_: str = "") -> typer.Typer:
    """A Typer that holds one command, without what one command does not need."""
    return typer.Typer(rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False, help=help_ or None)


def open_project(repository: Path, person: str = "") -> Any:
    from interlock.app.build import Project

    return Project.open(repository, person=person)


def print_json(document: dict[str, Any]) -> None:
    import json

    print(json.dumps(document))  # ASCII: whole in every encoding, and for names that are no text
