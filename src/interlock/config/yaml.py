"""YAML as we read it: libyaml's events → plain values and their places, in one pass.

Why events: libyaml's own composer recurses in C (a file of `[[[[…` ends the process) and costs seven times as much.

Keys are always text (`8080: x` has the key "8080"; `on` is "on"); what values mean is `scalars`'. Anchors and aliases work; merge keys (`<<`), tags
beside the core ones, several documents and duplicate keys are errors.

Limits, so that no file can exhaust us: 5 MB, 64 levels, 500,000 values once aliases are expanded.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import yaml

from interlock.config import scalars
from interlock.config.places import Placed, Spot
from interlock.model.errors import Location, Problem

MAX_BYTES = 5_000_000
MAX_DEPTH = 64
MAX_VALUES = 500_000

# What YAML does not allow unescaped, and what no path, name or address may hold even when escaped.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x80-\x84\x86-\x9f\ufffe\uffff]")


class _Stop(Exception):
    """The rest of the file cannot be read."""


@dataclass(slots=True)
class _Frame:
    """A mapping or list being filled. `size` counts its values with aliases expanded."""

    container: dict[str, Any] | list[Any]
    spot: Spot
    anchor: str | None
    key: str | None = None
    key_mark: tuple[int, int] = (0, 0)
    first: dict[str, int] = field(default_factory=dict)  # key → the line it was first seen on
    size: int = 1


def read(file: str, data: bytes) -> tuple[Placed | None, tuple[Problem, ...]]:
    """The value of `data`, the only document in it, and everything wrong with it as YAML. None when nothing could be read."""
    return _Reader(file).read(data)


def too_big(file: str, size: int) -> Problem:
    """What is wrong with a file of `size` bytes, which is more than `MAX_BYTES`."""
    message = f"the file has {size:,} bytes; {MAX_BYTES:,} is the most that is read"
    hint = "Split it with `include:`, or use `discover:` and `defaults:`"
    return Problem(Location(file, 1, 1), "file-too-big", message, hint=hint)


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self.anchors: dict[str, tuple[Any, Spot, int] | None] = {}  # None while its value is not complete
        self.stack: list[_Frame] = []
        self.root: Placed | None = None
        self.total = 0

    def read(self, data: bytes) -> tuple[Placed | None, tuple[Problem, ...]]:
        try:
            text = self._text(data)
            self._events(text)
        except _Stop:
            return None, tuple(self.problems)
        if self.root is None or self.root[0] is None:
            if not self.problems:
                self._problem(1, 1, "empty-file", "the file is empty", hint="Write at least one key")
            return None, tuple(self.problems)
        return self.root, tuple(self.problems)

    def _problem(
        self, line: int, column: int, slug: str, message: str, value: str | None = None, hint: str | None = None
    ) -> None:
        self.problems.append(Problem(Location(self.file, line, column), slug, message, value=value, hint=hint))

    def _text(self, data: bytes) -> str:
        if len(data) > MAX_BYTES:
            self.problems.append(too_big(self.file, len(data)))
            raise _Stop
        try:
            text = data.decode("utf-8")
        except UnicodeDecodeError as error:
            before = data[: error.start].decode("utf-8")
            message = f"the byte 0x{data[error.start]:02x} is not UTF-8"
            self._problem(*_place(before, len(before)), "not-utf8", message, hint="Save the file as UTF-8")
            raise _Stop from None
        text = text.removeprefix("\ufeff")
        if bad := _CONTROL.search(text):
            message = f"the control character U+{ord(bad[0]):04X} is not allowed"
            self._problem(*_place(text, bad.start()), "control-character", message)
            raise _Stop
        return text

    def _events(self, text: str) -> None:
        documents = 0
        try:
            loader = yaml.CSafeLoader(text)
            while (event := loader.get_event()) is not None:
                kind = type(event)
                if kind is yaml.ScalarEvent:
                    self._scalar(event)
                elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
                    self._open(event, {} if kind is yaml.MappingStartEvent else [])
                elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
                    self._close()
                elif kind is yaml.AliasEvent:
                    self._alias(event)
                elif kind is yaml.DocumentStartEvent:
                    documents += 1
                    if documents > 1:
                        line, column = _mark(event)
                        self._problem(
                            line, column, "many-documents", "a second document starts here; one file holds one"
                        )
                        raise _Stop
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line, column = _within(text, mark.line + 1, mark.column + 1) if mark else (1, 1)
            self._problem(line, column, "yaml-syntax", _syntax(error), hint=_syntax_hint(text, line, error))
            raise _Stop from None
        except yaml.YAMLError as error:
            self._problem(1, 1, "yaml-syntax", f"not readable as YAML: {' '.join(str(error).split())}")
            raise _Stop from None

    def _scalar(self, event: Any) -> None:
        mark = event.start_mark
        line, column = mark.line + 1, mark.column + 1
        text: str = event.value
        if event.style == '"' and (bad := _CONTROL.search(text)):
            self._problem(
                line, column, "control-character", f"the control character U+{ord(bad[0]):04X} is not allowed"
            )
            raise _Stop
        frame = self.stack[-1] if self.stack else None
        if frame is not None and frame.key is None and isinstance(frame.container, dict):
            self._key(event, text, line, column)
            return
        self._add(self._resolved(event, text, line, column), Spot(self.file, line, column), event.anchor, 1)

    def _expects_key(self) -> bool:
        return bool(self.stack) and isinstance(self.stack[-1].container, dict) and self.stack[-1].key is None

    def _key(self, event: Any, text: str, line: int, column: int) -> None:
        frame = self.stack[-1]
        if event.tag not in (None, "!", scalars.CORE + "str"):
            self._problem(line, column, "key-not-text", "a key is plain text, without a tag", value=text)
        if event.anchor is not None:
            self.anchors[event.anchor] = (text, Spot(self.file, line, column), 1)
        if text == "<<" and event.implicit[0]:
            hint = "Use `defaults:` for what components share"
            self._problem(line, column, "merge-key", "merge keys ('<<') are not supported", hint=hint)
        elif not text.strip():
            self._problem(line, column, "key-not-text", "a key is empty")
        elif text in frame.first:
            message = f"the key '{text}' is here twice; it was first on line {frame.first[text]}"
            self._problem(line, column, "duplicate-key", message, value=text)
        frame.first.setdefault(text, line)
        frame.key, frame.key_mark = text, (line, column)

    def _resolved(self, event: Any, text: str, line: int, column: int) -> Any:
        try:
            if event.tag is not None and event.tag != "!":
                return scalars.tagged(event.tag, text)
            return scalars.plain(text) if event.implicit[0] and event.tag is None else text
        except scalars.ScalarError as error:
            self._problem(line, column, error.slug, str(error), value=error.value, hint=error.hint)
            return text

    def _open(self, event: Any, container: dict[str, Any] | list[Any]) -> None:
        line, column = _mark(event)
        if self._expects_key():
            self._problem(line, column, "key-not-text", "a key is a list or a mapping; keys are text")
            raise _Stop
        if len(self.stack) >= MAX_DEPTH:
            self._problem(line, column, "too-deep", f"nested more than {MAX_DEPTH} levels deep")
            raise _Stop
        core = scalars.CORE + ("map" if isinstance(container, dict) else "seq")
        if event.tag not in (None, "!", core):
            self._problem(
                line,
                column,
                "yaml-tag",
                f"the tag '{scalars.shown(event.tag)}' is not supported",
                scalars.shown(event.tag),
            )
        if event.anchor is not None:
            self.anchors[event.anchor] = None
        spot = Spot(self.file, line, column, children={} if isinstance(container, dict) else [])
        self.stack.append(_Frame(container, spot, event.anchor))

    def _close(self) -> None:
        frame = self.stack.pop()
        self._add(frame.container, frame.spot, frame.anchor, frame.size)

    def _alias(self, event: Any) -> None:
        line, column = _mark(event)
        found = self.anchors.get(event.anchor)
        if found is None:
            if event.anchor in self.anchors:
                slug, message = "recursive-alias", f"'*{event.anchor}' refers to a value that holds it"
            else:
                slug, message = "unknown-anchor", f"'*{event.anchor}' refers to an anchor that nothing before it has"
            self._problem(line, column, slug, message, value=f"*{event.anchor}")
            raise _Stop
        if self._expects_key():
            self._problem(line, column, "key-not-text", "an alias cannot be a key", value=f"*{event.anchor}")
            raise _Stop
        value, spot, size = found
        self._add(value, Spot(self.file, line, column, children=spot.children), None, size)

    def _add(self, value: Any, spot: Spot, anchor: str | None, size: int) -> None:
        if anchor is not None:
            self.anchors[anchor] = (value, spot, size)
        if not self.stack:
            self.root = (value, spot)
            return
        frame = self.stack[-1]
        frame.size += size
        if frame.size > MAX_VALUES:
            message = f"more than {MAX_VALUES:,} values once aliases are expanded"
            self._problem(spot.line, spot.column, "too-many-values", message)
            raise _Stop
        children: Any = frame.spot.children
        if isinstance(frame.container, list):
            frame.container.append(value)
            children.append(spot)
            return
        assert frame.key is not None
        spot.key_line, spot.key_column = frame.key_mark
        if frame.key not in frame.container and frame.key != "<<" and frame.key.strip():
            frame.container[frame.key] = value
            children[frame.key] = spot
        frame.key = None


def _mark(event: Any) -> tuple[int, int]:
    mark = event.start_mark
    return mark.line + 1, mark.column + 1


def _place(text: str, index: int) -> tuple[int, int]:
    return text.count("\n", 0, index) + 1, index - (text.rfind("\n", 0, index) + 1) + 1


def _within(text: str, line: int, column: int) -> tuple[int, int]:
    """A place past the end of the text as the end of its last line."""
    lines = text.splitlines() or [""]
    return (line, column) if line <= len(lines) else (len(lines), len(lines[-1]) + 1)


def _syntax(error: yaml.MarkedYAMLError) -> str:
    words = error.problem or "not readable"
    if (
        error.context
        and error.context_mark
        and error.problem_mark
        and error.context_mark.line != error.problem_mark.line
    ):
        return f"not YAML: {words} {error.context} that starts on line {error.context_mark.line + 1}"
    return f"not YAML: {words}"


def _syntax_hint(text: str, line: int, error: yaml.MarkedYAMLError) -> str | None:
    lines = text.splitlines()
    shown = lines[line - 1] if 0 < line <= len(lines) else ""
    if "\t" in shown[: len(shown) - len(shown.lstrip())]:
        return "Indent with spaces, not tabs"
    if "mapping values are not allowed" in str(error.problem):  # the one case where libyaml's words do not help
        return "Text that holds ': ' needs quotes"
    return None
