"""Problems in what the user wrote, each with its place and, where the text is at hand, the line itself with a caret under it."""

from collections.abc import Iterable, Iterator, Mapping

from interlock.model.errors import Problem
from interlock.render.line import Line, Look, cells, clean, clean_lines, clip, line, paint, prose

_DETAIL = 40  # lines


def problems_terminal(
    problems: Iterable[Problem],
    *,
    sources: Mapping[str, str] | None = None,
    width: int = 80,
    color: bool = False,
    unicode: bool = True,
) -> str:
    """`sources` maps a file's path, as in the problems, to its text."""
    look = Look(max(width, 40), unicode)
    return paint(problem_lines(problems, look, sources), look, color=color)


def problem_lines(problems: Iterable[Problem], look: Look, sources: Mapping[str, str] | None = None) -> Iterator[Line]:
    for problem in problems:
        style = "bad" if problem.severity == "error" else "warn"
        head = line((str(problem.location), "strong"), ": ", (f"{problem.severity}: ", style))
        yield from prose(clean(problem.message), look, indent=4, first=head)
        yield from _excerpt(problem, look, style, (sources or {}).get(problem.location.file))
        if problem.nearest:
            yield line("    ", (f"did you mean '{clean(problem.nearest)}'?", "info"))
        if problem.hint:
            yield from prose(clean(problem.hint), look, indent=4, first=line("    "), style="info")
        yield from _detail(problem, look)


def _excerpt(problem: Problem, look: Look, style: str, source: str | None) -> Iterator[Line]:
    """The line and a caret. A line longer than the width is cut around the column, so that the caret still points at something."""
    place = problem.location
    lines = source.splitlines() if source is not None and place.line else []
    if not 0 < place.line <= len(lines):
        return
    raw = lines[place.line - 1]
    start = max(0, place.column - 1)
    before = (clean_lines(raw[:start]) or [""])[0] if raw[:start].strip() else " " * len(raw[:start].expandtabs(4))
    before += " " * (len(raw[:start].expandtabs(4)) - len(before))  # `clean_lines` trims what is at the end
    rest = (clean_lines(raw[start:]) or [""])[0]
    gutter = f"{place.line:>5} "
    room = look.width - len(gutter) - 2
    if cells(before) > room // 2:
        before = look.glyph("…") + before[-(room // 2) :]
    yield line((gutter + look.glyph("│ "), "dim"), clip(before + rest, room))
    if place.column:
        length = max(1, min(_length(problem, rest), room - cells(before)))
        yield line((" " * len(gutter) + look.glyph("│ "), "dim"), " " * cells(before), ("^" * length, style))


def _length(problem: Problem, rest: str) -> int:
    value = problem.value or ""
    if value and rest.startswith((value, f'"{value}', f"'{value}")):
        return cells(value) + (0 if rest.startswith(value) else 2)
    return 1


def _detail(problem: Problem, look: Look) -> Iterator[Line]:
    """A diff or a tool's words; a diff in colour."""
    lines = clean_lines(problem.detail or "")
    for text in lines[:_DETAIL]:
        style = {"+": "add", "-": "remove"}.get(text[:1], "dim")
        yield line("    ", (look.glyph("│ "), "dim"), (clip(text, look.width - 6), style))
    if len(lines) > _DETAIL:
        yield line("    ", (look.glyph(f"… {len(lines) - _DETAIL} more lines"), "dim"))
