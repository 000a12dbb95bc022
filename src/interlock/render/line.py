"""Styled lines: what everything shown in a terminal is made of before it becomes text, colour or a Rich object.

A line is a tuple of spans, each with the name of a meaning ("add", "bad"), never of a colour. So one rendering serves a terminal, a pipe, an
ASCII-only console and a live display, and what is tested is what is shown. Whatever is in a span, `paint` lets no character through that acts on a terminal.
"""

import json
import textwrap
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, replace


@dataclass(frozen=True)
class Span:
    text: str
    style: str = ""


Line = tuple[Span, ...]

#: Meaning → SGR parameters. Rich's names for the same are in `render.live`.
SGR = {
    "add": "32",
    "remove": "31",
    "change": "33",
    "replace": "35",
    "good": "32",
    "bad": "1;31",
    "warn": "33",
    "info": "36",
    "strong": "1",
    "dim": "2",
}

_ASCII = {
    "→": "->",
    "…": "...",
    "±": "+/-",
    "⇐": "<=",
    "✕": "x",
    "✓": "ok",
    "✗": "!!",
    "●": "*",
    "◌": "..",
    "◆": "#",
    "▸": ">",
    "·": "-",
    "─": "-",
    "│": "|",
    "├": "|",
    "└": "`",
    "↶": "<-",
    "⚠": "!",
}


@dataclass(frozen=True)
class Look:
    """How wide (in cells), and whether the encoding of where it goes has more than ASCII."""

    width: int = 80
    unicode: bool = True

    def glyph(self, text: str) -> str:
        """Our own signs, or their ASCII forms. For text that may hold others', see `paint`."""
        return text if self.unicode else "".join(_ASCII.get(c, c) for c in text)


def line(*parts: str | Span | tuple[str, str]) -> Line:
    return tuple(
        part if isinstance(part, Span) else Span(part) if isinstance(part, str) else Span(*part) for part in parts
    )


def cells(text: str) -> int:
    """How many columns a terminal uses: 2 for wide East Asian characters, 0 for combining ones."""
    if text.isascii():
        return len(text)
    return sum(_cell(c) for c in text)


def _cell(c: str) -> int:
    if unicodedata.combining(c) or unicodedata.category(c) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(c) in "WF" else 1


def clip(text: str, width: int, *, ellipsis: str = "…") -> str:
    """`text` in at most `width` cells; what is cut is said by the ellipsis."""
    if cells(text) <= width:
        return text
    room = width - len(ellipsis)
    if room <= 0:
        return ellipsis[: max(width, 0)]
    kept, used = [], 0
    for c in text:
        used += _cell(c)
        if used > room:
            break
        kept.append(c)
    return "".join(kept).rstrip() + ellipsis


def pad(text: str, width: int, *, right: bool = False) -> str:
    space = " " * max(0, width - cells(text))
    return space + text if right else text + space


def clean(text: str) -> str:
    """Text from outside on one line: control and direction characters, line breaks and runs of space become single spaces."""
    return " ".join("".join(c if _harmless(c) else " " for c in text).split())


def clean_lines(text: str) -> list[str]:
    """The same for text whose lines and indentation matter (a tool's words, a file)."""
    return ["".join(c if _harmless(c) else " " for c in part.expandtabs(4)).rstrip() for part in text.splitlines()]


def escaped(text: str) -> str:
    """`text` with every character that could act on a terminal, or hide, as JSON would escape it."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(_escape(c) for c in text)


def _escape(c: str) -> str:
    if not _harmless(c):
        return f"\\u{ord(c):04x}" if c == "\x7f" else json.dumps(c)[1:-1]
    return c


def _harmless(c: str) -> bool:
    return (c.isascii() and c.isprintable()) or unicodedata.category(c) not in (
        "Cc",
        "Cf",
        "Cs",
        "Zl",
        "Zp",
        "Co",
        "Cn",
    )


def prose(text: str, look: Look, *, indent: int = 0, first: Line = (), style: str = "") -> list[Line]:
    """Words wrapped to the width. `first` goes before the first line, in the indentation of the others or longer."""
    head = sum(cells(span.text) for span in first)
    room = max(20, look.width - indent)
    wrapped = textwrap.wrap(
        text, room, initial_indent="x" * max(0, head - indent), break_long_words=False, break_on_hyphens=False
    ) or [""]
    lines = [(*first, Span(wrapped[0][max(0, head - indent) :], style))]
    lines += [line(" " * indent, (part, style)) for part in wrapped[1:]]
    return lines


def paint(lines: Iterable[Line], look: Look, *, color: bool) -> str:
    """The lines as text, each ended by a newline. Nothing but our own SGR sequences can be in it."""
    out = []
    for spans in lines:
        text = "".join(_paint_span(span, look, color=color) for span in _trimmed(spans))
        out.append(text + "\n")
    return "".join(out)


def plain_text(spans: Line) -> str:
    return "".join(span.text for span in spans).rstrip()


def _trimmed(spans: Line) -> Line:
    """No spaces at the end of a line."""
    kept = list(spans)
    while kept:
        text = kept[-1].text.rstrip(" ")
        if text:
            return (*kept[:-1], replace(kept[-1], text=text))
        kept.pop()
    return ()


def shown(span: Span, look: Look) -> str:
    """The text of a span as it may go to a terminal, whoever made it: nothing in it acts, and it is ASCII where it must be."""
    text = escaped(span.text)
    if not look.unicode and not text.isascii():
        text = look.glyph(text).encode("ascii", "backslashreplace").decode()
    return text


def _paint_span(span: Span, look: Look, *, color: bool) -> str:
    text = shown(span, look)
    if color and text.strip() and (code := SGR.get(span.style)):
        return f"\x1b[{code}m{text}\x1b[0m"
    return text
