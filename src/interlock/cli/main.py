"""The program's door: which verb lives where, and what every error becomes.

A verb's module is imported only when that verb is called, so that `interlock --help` and a shell's completion cost no more than the parser itself.
"""

import io
import sys
from importlib import import_module
from typing import Any

import typer
from typer._click import Command, Context, HelpFormatter  # typer carries its own click; another copy has other classes
from typer._click.exceptions import ClickException, UsageError
from typer.core import TyperGroup

from interlock.model.errors import Exit

#: verb → (module in interlock.cli, what it is for). The order is the order of a working day; help shows it so.
VERBS: dict[str, tuple[str, str]] = {
    "init": ("init", "Write organization.yaml and interlock.yaml for the stacks found here."),
    "validate": ("validate", "Check the configuration and everything it names."),
    "affected": ("affected", "What a commit touches, per component and environment, and why."),
    "plan": ("plan", "What would change, without changing it."),
    "deploy": ("deploy", "Bring a commit through its environments: plan, gates, apply, verify."),
    "approve": ("answer", "Say yes to the plans of a deployment."),
    "reject": ("answer", "Say no to the plans of a deployment."),
    "cancel": ("cancel", "End a deployment, leaving or undoing what it applied."),
    "status": ("status", "What is deployed where, and what is under way."),
    "logs": ("logs", "What the tools said."),
    "rollback": ("rollback", "Go back to the release before, in reverse order."),
    "drift": ("drift", "Where the world differs from what was released."),
    "adopt": ("adopt", "Take what exists already into the ledger."),
    "hold": ("hold", "Revisions that may not come back by themselves."),
    "history": ("history", "The releases of an environment or component."),
    "show": ("show", "One deployment, plan or release, whole."),
    "audit": ("audit", "The record of who did what; `audit verify` proves it."),
    "doctor": ("doctor", "Is everything here that Interlock needs, and how to mend what is not."),
}


class Verbs(TyperGroup):
    """A group that knows its verbs by name and loads one when it is called."""

    def list_commands(self, ctx: Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: Context, cmd_name: str) -> Command | None:
        if cmd_name not in VERBS:
            return None
        module = import_module(f"interlock.cli.{VERBS[cmd_name][0]}")
        built = typer.main.get_command(getattr(module, "app", None) or getattr(module, f"{cmd_name}_app"))
        built.name = cmd_name
        return built

    def resolve_command(self, ctx: Context, args: list[str]) -> tuple[str | None, Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            from interlock.model.units import nearest

            near = nearest(args[0], list(VERBS))
            hint = f" Did you mean '{near}'?" if near else " 'interlock --help' lists them."
            raise UsageError(f"There is no command '{args[0]}'.{hint}")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: Context, formatter: HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl([(verb, summary) for verb, (_, summary) in VERBS.items()])


app = typer.Typer(
    cls=Verbs, rich_markup_mode=None, pretty_exceptions_enable=False, add_completion=False, no_args_is_help=True
)


def _print_version(asked: bool) -> None:
    if asked:
        from interlock import __version__

        typer.echo(f"interlock {__version__}")
        raise typer.Exit


@app.callback(help="A merged commit becomes a verified production deployment, and nothing else does.")
def _root(
    version: bool = typer.Option(
        False, "--version", help="Show the version and exit.", is_eager=True, callback=_print_version
    ),
) -> None:
    """Before every verb; there is nothing to do."""


def main() -> None:
    """Run the command line; every way out is one of the documented exit codes (DESIGN §7)."""
    _print_anything()
    try:
        code = app(standalone_mode=False)
    except UsageError as error:  # wrong flag, missing argument
        error.show(sys.stderr)
        code = Exit.USAGE
    except typer.Abort:
        code = Exit.INTERRUPTED
    except ClickException as error:
        error.show(sys.stderr)
        code = Exit.USAGE
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        code = Exit.INTERRUPTED
    except BrokenPipeError:
        sys.stderr.close()  # the reader went away: nothing more to say to it
        code = Exit.FAILED
    except Exception as error:
        from interlock.cli.failure import report

        code = report(error, sys.argv[1:])
    sys.exit(_exit_code(code))


def _print_anything() -> None:
    """A name that the terminal's encoding lacks (or that is no text at all) is shown escaped; it never ends the program."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _exit_code(code: Any) -> int:
    return int(code) if isinstance(code, int) else 0
