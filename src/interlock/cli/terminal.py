"""What the terminal can show: its width, colours (NO_COLOR and CLICOLOR_FORCE are honoured) and characters beyond ASCII."""

import os
import shutil
from typing import TextIO


def look(stream: TextIO) -> tuple[int, bool, bool]:
    """(columns, colour?, unicode?) of a stream."""
    terminal = stream.isatty()
    color = (terminal and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb") or os.environ.get(
        "CLICOLOR_FORCE", "0"
    ) != "0"
    unicode = (stream.encoding or "").lower().replace("-", "") == "utf8"
    width = shutil.get_terminal_size((100, 24)).columns if terminal or "COLUMNS" in os.environ else 100
    return width, color, unicode
