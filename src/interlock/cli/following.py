"""Showing a deployment while it goes: a live tree on a terminal, plain lines elsewhere, JSON lines with --json; then its exit code."""

import json
import sys
from typing import TYPE_CHECKING, Any

from interlock.cli.terminal import look
from interlock.model.errors import UsageError
from interlock.model.units import parse_duration
from interlock.model.view import DeploymentView

if TYPE_CHECKING:
    from rich.text import Text


def patience_of(wait: str | None) -> float | None:
    """Seconds to wait at a gate; None is for ever. Raises UsageError."""
    if wait is None:
        return None if sys.stderr.isatty() else 0.0
    try:
        return parse_duration(wait)
    except ValueError as error:
        raise UsageError(f"--wait: {error}") from error


def follow(project: Any, deployment: str, *, patience: float | None, json_: bool) -> int:
    """Run the deployment or follow it to its end, showing it. Returns the exit code."""
    from interlock.app.running import at_end, run_or_follow

    display = _display(json_)
    at_end(display.close)
    try:
        code = run_or_follow(project, deployment, patience=patience, show=display.show)
    finally:
        display.close()
    return int(code)


def _display(json_: bool) -> "JsonLines | PlainLines | LiveTree":
    if json_:
        return JsonLines()
    return LiveTree() if sys.stderr.isatty() else PlainLines()


class JsonLines:
    """A line per change on stdout; the last one is the whole deployment."""

    def __init__(self) -> None:
        self._last: DeploymentView | None = None
        self._states: dict[str, str] = {}

    def show(self, view: DeploymentView) -> None:
        self._last = view
        for step in view.steps:
            if self._states.get(step.name) != step.state:
                self._states[step.name] = step.state
                event = {
                    "type": "step",
                    "version": 1,
                    "deployment": view.id,
                    "step": step.name,
                    "state": str(step.state),
                    "error": step.error,
                }
                print(json.dumps(event), flush=True)

    def close(self) -> None:
        from interlock.app.viewing import view_json

        if self._last is not None:
            print(json.dumps(view_json(self._last)), flush=True)
            self._last = None


class PlainLines:
    """One line per change of a step's state on stderr, and how it ended."""

    def __init__(self) -> None:
        self._last: DeploymentView | None = None
        self._closed = False

    def show(self, view: DeploymentView) -> None:
        from interlock.render.run import plain_events

        for line in plain_events(self._last, view):
            print(line, file=sys.stderr, flush=True)
        self._last = view

    def close(self) -> None:
        if self._last is not None and not self._closed:
            self._closed = True
            print(ending(self._last), file=sys.stderr, flush=True)


class LiveTree:
    """A tree redrawn in place; it stays on the screen as it was last."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.live import Live

        self._console = Console(stderr=True)
        self._live = Live(
            console=self._console, auto_refresh=False, transient=True, redirect_stdout=False, redirect_stderr=False
        )
        self._started = False
        self._last: DeploymentView | None = None

    def show(self, view: DeploymentView) -> None:
        if not self._started:
            self._live.start()
            self._started = True
        self._last = view
        self._live.update(self._drawn(view), refresh=True)

    def _drawn(self, view: DeploymentView) -> "Text":
        """The tree; while people are waited for, also what they can do."""
        from datetime import UTC, datetime

        from rich.text import Text

        from interlock.render.live import live_tree
        from interlock.render.run import status_text

        now, width, rows = datetime.now(UTC), self._console.width, max(5, self._console.height - 6)
        if view.state != "blocked":
            return live_tree(view, now, width, rows=rows)
        shown = status_text(
            view, now, width=width - 1, color=self._console.color_system is not None, rows=max(3, rows - 8)
        )
        return Text.from_ansi(shown, no_wrap=True, overflow="crop")

    def close(self) -> None:
        if self._started:
            self._live.stop()
            self._started = False
            if self._last is not None:
                print(ending(self._last), file=sys.stderr, flush=True)


def ending(view: DeploymentView) -> str:
    """How it stands or ended: the tree, the gates that stop it, what failed, what was left how, and what to type next."""
    from datetime import UTC, datetime

    from interlock.render.run import status_text

    width, color, unicode = look(sys.stderr)
    text = status_text(view, datetime.now(UTC), width=width, color=color, unicode=unicode)
    if view.state == "blocked":
        text += f"\nIt waits. Go on later with the same command, or: interlock deploy --resume {view.id}"
    return text
