"""Text from outside inside Markdown, so that it stays text: no HTML, no links, no mentions, no broken fences or tables.

Hosts look for mentions and references (@team, #12, !34) after Markdown and entities were resolved; only code, or an invisible break after the
sign, keeps them from notifying people or closing issues.
"""

import re

from interlock.render.line import clean, escaped

_SIGILS = re.compile(r"([@#!$~%&])(?=\w)")
_BREAK = "\u2060"  # word joiner: no width, no line break


def prose(text: str) -> str:
    """One line of words. Entities, not backslashes, for what could start HTML; a break after what could start a mention."""
    text = _SIGILS.sub(rf"\1{_BREAK}", clean(text))
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    text = re.sub(r"(?i)\b(https?|ftp|mailto|www)(?=[:.])", rf"\1{_BREAK}", text)
    text = re.sub(r"([\\`*_{}\[\]()|~^])", r"\\\1", text)
    return re.sub(r"^(\d*)([#+=.-])", r"\1\\\2", text)  # no heading, list or rule where it stands first on its line


def code(text: str) -> str:
    """A code span on one line, also inside a table, whose fence is longer than any run of backticks inside."""
    text = clean(text).replace("|", "¦")
    if not text:
        return ""
    fence = "`" * (_longest(text) + 1)
    space = " " if text.startswith("`") or text.endswith("`") or (text[0] == text[-1] == " ") else ""
    return f"{fence}{space}{text}{space}{fence}"


def fenced(lines: list[str], language: str = "") -> str:
    """A fenced block whose fence no line inside can close; lines are made harmless."""
    body = [escaped(text.replace("\n", " ").replace("\r", " ")) for text in lines]
    fence = "`" * max(3, max((_longest(text) for text in body), default=0) + 1)
    return "\n".join([f"{fence}{language}", *body, fence])


def _longest(text: str) -> int:
    return max((len(run) for run in re.findall("`+", text)), default=0)
