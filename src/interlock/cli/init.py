"""`interlock init`: a first configuration for the stacks that are here."""

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from interlock.cli.options import HERE, Json, Repository, print_json, verb
from interlock.model.errors import Exit

if TYPE_CHECKING:
    from interlock.app.initialising import Drafted

app = verb()


@app.command(
    help="Write organization.yaml and interlock.yaml, with comments, for the OpenTofu and Terraform stacks found in this repository. "
    "Never overwrites a file."
)
def init(
    name: Annotated[
        str, typer.Option("--name", help="The organization's name; by default the repository folder's.", metavar="NAME")
    ] = "",
    only_print: Annotated[bool, typer.Option("--print", help="Print both files and write nothing.")] = False,
    repository: Repository = HERE,
    json_: Json = False,
) -> int:
    from interlock.app.initialising import draft, write

    found = draft(repository, name=name)
    if not only_print:
        write(found)
    if json_:
        print_json(_document(found, written=not only_print))
    elif only_print:
        for file, text in found.files.items():
            print(f"# --- {file}\n{text}")
    else:
        _say(found)
    return int(Exit.DONE)


def _document(found: "Drafted", *, written: bool) -> dict[str, object]:
    stacks = [
        {"path": s.path, "component": found.components[s.path], "reasons": list(s.reasons), "backend": s.backend}
        for s in found.stacks
    ]
    return {
        "type": "init",
        "version": 1,
        "root": str(found.root),
        "written": written,
        "files": dict(found.files),
        "stacks": stacks,
        "environments": list(found.environments),
    }


def _say(found: "Drafted") -> None:
    print(f"Wrote {' and '.join(found.files)} in {found.root}", file=sys.stderr)
    width = max((len(found.components[s.path]) for s in found.stacks), default=0)
    for stack in found.stacks:
        print(
            f"  {found.components[stack.path]:<{width}}  {stack.path or '.'}: {', '.join(stack.reasons)}",
            file=sys.stderr,
        )
    if not found.stacks:
        print("  no stack was found; interlock.yaml shows how one is written", file=sys.stderr)
    print(
        f"Environments: {', '.join(found.environments)}. Look through both files, then: interlock validate",
        file=sys.stderr,
    )
