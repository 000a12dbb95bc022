"""The tree of a running deployment as a Rich renderable, for `rich.live.Live`. The only module here that imports Rich.

The lines are those of `render.tree`; only their styles are said in Rich's words. Import it when a terminal is known to be there.
"""

from collections.abc import Iterable
from datetime import datetime

from rich.text import Text

from interlock.model.view import DeploymentView
from interlock.render.line import Line, Look, shown
from interlock.render.tree import tree_lines

_RICH = {
    "add": "green",
    "remove": "red",
    "change": "yellow",
    "replace": "magenta",
    "good": "green",
    "bad": "bold red",
    "warn": "yellow",
    "info": "cyan",
    "strong": "bold",
    "dim": "dim",
}


def live_tree(view: DeploymentView, now: datetime, width: int, *, rows: int = 40, unicode: bool = True) -> Text:
    """`width` in cells; `rows` is how many lines of the screen there are for steps (its height, less about six). Redraw often: `now` moves it."""
    look = Look(max(width - 1, 40), unicode)
    return rich_text(tree_lines(view, now, look, rows=rows), look)


def rich_text(lines: Iterable[Line], look: Look) -> Text:
    """No markup is read out of the lines, and nothing is wrapped: they are already as wide as they may be."""
    text = Text(no_wrap=True, overflow="crop", end="")
    for number, spans in enumerate(lines):
        if number:
            text.append("\n")
        for span in spans:
            text.append(shown(span, look), _RICH.get(span.style, ""))
    return text
