"""Finding many secret values in much text.

Each value is looked for as it is, and as it would look inside JSON (Python's, Go's), a URL, HTML, a program's quoted echo, and base64 (at each of
the three alignments, so that it is found inside a longer encoded text, a Basic credential say). Of a value with several lines, each line of
at least 8 characters is looked for by itself, because output is handled line by line.

One regular expression holds the first 4 characters of every form, as a tree, and finds candidates at C speed; what follows is compared
directly. So adding a value costs little, and text is read once however many there are. Where forms overlap, all of what they cover is replaced:
no part of one is left because another began before it.
"""

import base64
import html
import json
import re
import threading
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

REPLACEMENT = "(secret)"
SHORTEST = 4  # characters; shorter values cannot be told from ordinary text
SHORTEST_LINE = 8
_SHORTEST_ENCODED = 8
_HEAD = 4
_ARMOUR = re.compile(r"-----(BEGIN|END) [A-Z0-9 ]+-----")


class Redactor:
    """May be used from several threads; what was added before a call is hidden by it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._values: set[str] = set()
        self._forms: dict[str, list[str]] = {}  # head → forms, longest first
        self._heads: re.Pattern[str] | None = None
        self._stale = False
        self.longest = 0  # characters of the longest form

    def add(self, value: str) -> None:
        """Values of fewer than 4 characters, or of blanks alone, are not looked for."""
        if len(value.strip()) < SHORTEST or value in REPLACEMENT:
            return
        with self._lock:
            if value in self._values:
                return
            self._values.add(value)
            for form in forms(value):
                # A new list each time: another thread may be reading the old one.
                known = self._forms.get(form[:_HEAD], [])
                self._forms[form[:_HEAD]] = sorted({*known, form}, key=lambda f: (-len(f), f))
                self.longest = max(self.longest, len(form))
            self._stale = True

    def redact(self, text: str) -> str:
        spans = list(self._spans(text))
        if not spans:
            return text
        parts, position = [], 0
        for start, end in spans:
            parts += [text[position:start], REPLACEMENT]
            position = end
        parts.append(text[position:])
        return "".join(parts)

    def finds(self, text: str) -> bool:
        """Does `text` hold any of the values?"""
        return next(self._spans(text), None) is not None

    def _spans(self, text: str) -> Iterator[tuple[int, int]]:
        """What to replace: disjoint, in order."""
        heads = self._pattern()
        if heads is None:
            return
        begin = end = -1
        found = heads.search(text)
        while found:
            start = found.start()
            stop = next((start + len(f) for f in self._forms[found[0]] if text.startswith(f, start)), 0)
            if stop:
                if start > end and end >= 0:
                    yield begin, end
                    begin = -1
                begin = start if begin < 0 else begin
                end = max(end, stop)
            found = heads.search(text, start + 1)
        if end >= 0:
            yield begin, end

    def _pattern(self) -> re.Pattern[str] | None:
        if self._stale:
            with self._lock:
                self._heads = re.compile(_tree(sorted(self._forms)))
                self._stale = False
        return self._heads


def forms(value: str) -> set[str]:
    """Every text that shows `value`."""
    found = set()
    lines = [line.strip() for line in value.splitlines()]
    whole = [value, value.strip()]
    for text in whole + [line for line in lines if len(line) >= SHORTEST_LINE and not _ARMOUR.fullmatch(line)]:
        found |= _encodings(text)
    return {form for form in found if len(form) >= SHORTEST}


def _encodings(text: str) -> set[str]:
    plain = json.dumps(text, ensure_ascii=False)[1:-1]
    escaped = json.dumps(text)[1:-1]
    quoted = {
        quote(text, safe="", errors="surrogatepass"),
        quote(text, errors="surrogatepass"),
        quote_plus(text, errors="surrogatepass"),
    }
    found = {text, plain, escaped, repr(text)[1:-1], html.escape(text), html.escape(text, quote=False)}
    # Go's JSON also escapes what HTML would read; HCL doubles the sign that begins a template.
    found |= {_go(form) for form in (plain, escaped)}
    found |= {form.replace("${", "$${").replace("%{", "%%{") for form in (text, plain)}
    found |= quoted | {_lower_hex(form) for form in quoted}
    data = text.encode("utf-8", "surrogatepass")
    for offset in range(3):
        # The first and last characters of a piece depend on its neighbours, unless it ends where the encoded text does.
        padded = base64.b64encode(b"\0" * offset + data).decode()
        inner = padded[(0, 2, 3)[offset] :].rstrip("=")
        if (offset + len(data)) % 3:
            inner = inner[:-1]
        if len(inner) >= _SHORTEST_ENCODED:
            found |= {inner, inner.replace("+", "-").replace("/", "_")}
    whole = base64.b64encode(data).decode()
    return found | {whole, whole.rstrip("="), whole.replace("+", "-").replace("/", "_")}


def _go(form: str) -> str:
    return form.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _lower_hex(form: str) -> str:
    return re.sub(r"%[0-9A-F]{2}", lambda found: found[0].lower(), form)


def _tree(heads: list[str]) -> str:
    """A regular expression for any of `heads` (of one length, sorted), branching character by character."""
    if heads == [""]:
        return ""
    groups: dict[str, list[str]] = {}
    for head in heads:
        groups.setdefault(head[0], []).append(head[1:])
    branches = [re.escape(first) + _tree(rest) for first, rest in groups.items()]
    return branches[0] if len(branches) == 1 else f"(?:{'|'.join(branches)})"
