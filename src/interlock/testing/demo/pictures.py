"""Terminal pictures for the README: what commands of a real run printed, as SVG."""

import io
import re
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import MONOKAI
from rich.text import Text

from interlock.testing.demo.stage import WIDTH, Ran

#: File → which run of which command it shows.
SHOWN = {
    "plan.svg": ("interlock plan", 0),
    "failure.svg": ("interlock deploy", 1),
}


def write(ran: Sequence[Ran], folder: Path) -> None:
    """Raises LookupError when the run had no such command with that exit code."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (command, code) in SHOWN.items():
        found = [one for one in ran if (one.command, one.code) == (command, code)]
        if not found:
            raise LookupError(f"no `{command}` ended with {code}")
        console = Console(width=WIDTH, record=True, file=io.StringIO(), force_terminal=True, color_system="standard")
        console.print(Text.assemble(("$ ", "bold green"), (command, "bold")))
        console.print(Text.from_ansi(found[0].shown))
        svg = console.export_svg(title="interlock", theme=MONOKAI, unique_id=name.removesuffix(".svg"))
        svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.DOTALL)  # a picture loads nothing from elsewhere
        svg = svg.replace("<svg ", '<svg xml:space="preserve" ', 1)  # some renderers drop indentation otherwise
        (folder / name).write_text(svg + "\n", encoding="utf-8")
