"""Every verb says what it is for, and costs nothing before it is called."""

import subprocess
import sys

import pytest

from interlock.cli.main import VERBS

HEAVY = ("apprise", "dbos", "httpx", "obstore", "pydantic", "pygit2", "rich", "sqlalchemy", "tree_sitter", "yaml")
LOOK = """
import sys
from importlib import import_module
from interlock.cli.main import VERBS
for module in sorted({module for module, _ in VERBS.values()}):
    import_module(f"interlock.cli.{module}")
    print(module, *sorted(name for name in %r if name in sys.modules))
"""


def test_a_verbs_module_loads_nothing_heavy() -> None:
    done = subprocess.run([sys.executable, "-c", LOOK % (HEAVY,)], capture_output=True, text=True, check=True)
    assert [line for line in done.stdout.splitlines() if " " in line] == []


@pytest.mark.parametrize("verb", VERBS)
def test_help(verb: str) -> None:
    """In this process: the same parser, without the price of a start for each."""
    import typer.testing

    from interlock.cli.main import app

    done = typer.testing.CliRunner().invoke(app, [verb, "--help"])
    assert done.exit_code == 0, done.output
    assert done.output.startswith("Usage: ")
    assert "--help" in done.output
    words = done.output.split("Options:")[0].split("\n\n", 1)[1].strip()
    assert len(words) > 20, f"{verb} does not say what it is for"


@pytest.mark.parametrize("verb", VERBS)
def test_an_unknown_option_is_wrong_usage(verb: str) -> None:
    import typer.testing

    from interlock.cli.main import app

    assert (
        typer.testing.CliRunner().invoke(app, [verb, "--no-such-option"]).exit_code == 2
    )  # click's; main() makes it 64
