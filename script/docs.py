"""Writes the reference pages that follow from code: commands, exit codes, configuration. `--check` only says which are out of date.

What a page says comes from where the program has it: help texts of the commands, descriptions of the configuration's fields, the
Exit enumeration. So a command, a setting or an exit code without words is an error here, not an empty cell.
"""

import argparse
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import typer
from typer._click import Command, Context
from typer.core import TyperGroup

from interlock.app.build import kinds
from interlock.cli.main import VERBS, app
from interlock.config import reference
from interlock.model.errors import Exit

REFERENCE = Path(__file__).resolve().parent.parent / "docs" / "reference"
NOTICE = "<!-- Written by `make docs` from the code; edit it there. -->\n\n"
EXITS = {
    Exit.DONE: ("done", "Everything that was asked for happened, or there was nothing to do and the output says why."),
    Exit.FAILED: ("failed", "It failed, and the world is as it was before, or was restored. Also: nothing was begun."),
    Exit.CHANGES: ("changes", "`drift` found drift; `plan --detailed-exitcode` found changes. Nothing went wrong."),
    Exit.BLOCKED: (
        "blocked",
        "A gate is pending or has failed. The output says which, since when, and what would unblock it.",
    ),
    Exit.UNKNOWN: (
        "unknown",
        "It failed, and the world is partly changed, or what is there could not be found out. A person has to look.",
    ),
    Exit.USAGE: ("usage", "The command line is wrong, or names something that nothing has."),
    Exit.CONFIGURATION: (
        "configuration",
        "organization.yaml, interlock.yaml or what they name is invalid, or this machine lacks what they ask for.",
    ),
    Exit.INTERRUPTED: ("interrupted", "A person or a signal asked for the end. What was left how is told."),
}

ARGUMENTS = {  # what arguments mean wherever they stand
    "COMPONENT": "Only these components, by name.",
    "DEPLOYMENT": "The deployment's id, or the beginning of it.",
}


def exit_codes() -> str:
    rows = [f"| {int(code)} | {EXITS[code][0]} | {EXITS[code][1]} |" for code in Exit]
    return "\n".join(
        [
            "# Exit codes",
            "",
            "Every command ends with one of these; there are no others. With `--json` an error is a document of type `error` on stdout",
            "that has the code as `exit`, and a stable `slug` to match on.",
            "",
            "| code | name | meaning |",
            "|---:|---|---|",
            *rows,
            "",
            "A script that only wants to know whether production is as the commit says treats 0 as yes and everything else as no.",
            "In a pipeline, 3 is the code to come back from: run the same command again when the gate may have opened.",
            "",
        ]
    )


def cli() -> str:
    parts = [
        "# Commands",
        "",
        "    interlock [--version] [--help] COMMAND [OPTION]... [ARGUMENT]...",
        "",
        "What a person reads goes to stderr while it happens and to stdout as tables; with `--json` stdout holds one document (or JSON lines",
        "where it streams) with `type` and `version`. How they end: [exit codes](exit-codes.md).",
        "",
        "| command | what it is for |",
        "|---|---|",
        *(f"| [`{verb}`](#interlock-{verb}) | {summary} |" for verb, (_, summary) in VERBS.items()),
        "",
    ]
    group = typer.main.get_command(app)
    assert isinstance(group, TyperGroup)
    context = group.make_context("interlock", [], resilient_parsing=True)
    for verb in VERBS:
        command = group.get_command(context, verb)
        assert command is not None
        parts += list(_command(f"interlock {verb}", command, VERBS[verb][1]))
    return "\n".join(parts)


def configuration() -> str:
    parts = [
        "# Configuration",
        "",
        "Two files at the repository's root: `organization.yaml` says who and where, `interlock.yaml` what. An unknown key, and a reference to",
        "something that is not there, is an error with file, line and column. `interlock validate --schema` prints both JSON Schemas for editors.",
        "",
        "In the keys below `NAME` is a name of your own and `[]` an entry of a list. Times carry units (`250ms`, `60s`, `15m`, `1h30m`).",
        "",
        "Values of variables and checks may hold references: `${components.NAME.outputs.OUTPUT}` of a component in `depends_on`,",
        "`${outputs.OUTPUT}` of the component itself (in checks), `${environment.name}`, `${environment.zone}`, `${commit}`, `${secret:NAME}`. A",
        "literal `${` is `$${`.",
        "",
    ]
    title = ""
    for row in reference.rows(kinds()):
        heading = f"## {row.file}: the kind {row.kind}" if row.kind else f"## {row.file}"
        if heading != title:
            title = heading
            parts += ["", heading, "", "| key | type | default | |", "|---|---|---|---|"]
        if not row.description:
            raise SystemExit(f"docs: {row.file}: {row.key} has no description")
        parts.append(f"| `{row.key}` | {_cell(row.type)} | {_cell(row.default)} | {_cell(row.description)} |")
    return "\n".join(parts) + "\n"


def _command(name: str, command: Command, summary: str = "") -> Iterator[str]:
    """The section of one command and of those below it. Raises SystemExit for anything without help."""
    help_text = " ".join((command.help or summary).split())
    if not help_text:
        raise SystemExit(f"docs: {name} has no help text")
    yield from (f"## {name}", "", help_text, "")
    if isinstance(command, TyperGroup):
        yield from (f"    {name} {' | '.join(command.commands)}", "")
        for child in command.commands.values():
            yield from (
                f"#{line}" if line.startswith("#") else line for line in _command(f"{name} {child.name}", child)
            )
        return
    context = Context(command, info_name=name)
    records = {one.name: one.get_help_record(context) for one in command.params if one.name != "help"}
    rows = [(shown, " ".join(words.split())) for shown, words in filter(None, records.values())]
    usage = [_plain(piece) for piece in command.collect_usage_pieces(context) if piece != "[OPTIONS]"]
    yield from (f"    {' '.join([name, *usage])} [OPTION]...", "")
    rows = [(shown, words or ARGUMENTS.get(shown.split("]")[0].strip("["), "")) for shown, words in rows]
    if missing := [shown for shown, words in rows if not words]:
        raise SystemExit(f"docs: {name}: {', '.join(missing)} has no help text")
    yield from ("| | |", "|---|---|")
    for shown, words in rows:
        yield f"| `{_cell(_plain(shown))}` | {_cell(words.removesuffix(' [required]'))} |"
    yield ""


def _plain(piece: str) -> str:
    """`[[COMPONENT]...]...` and `{DEPLOYMENT} <str>` as a person writes them."""
    piece = piece.split(" <")[0] if piece[0] in "[{" or piece[0].isupper() else piece
    return piece.replace("[[", "[").replace("]]", "]").replace("...]...", "...").strip("{}")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


PAGES: dict[str, Callable[[], str]] = {"cli.md": cli, "configuration.md": configuration, "exit-codes.md": exit_codes}


def outdated() -> dict[str, str]:
    """Page → its text as it should be, of those that differ from what is stored."""
    wanted = {name: NOTICE + make() for name, make in PAGES.items()}
    stored = {name: path.read_text(encoding="utf-8") for name in PAGES if (path := REFERENCE / name).exists()}
    return {name: text for name, text in wanted.items() if stored.get(name) != text}


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/docs.py", description="Writes docs/reference from the code.")
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 when a page is out of date")
    options = parser.parse_args()
    pages = outdated()
    for name, text in sorted(pages.items()):
        if options.check:
            print(f"docs: docs/reference/{name} is out of date; run `make docs`", file=sys.stderr)
        else:
            (REFERENCE / name).write_text(text, encoding="utf-8")
            print(f"docs: wrote docs/reference/{name}", file=sys.stderr)
    return 1 if options.check and pages else 0


if __name__ == "__main__":
    sys.exit(main())
