"""Tables for status, history, audit and lists of drift: columns as wide as what is in them, the last flexible one giving way.

Cells are cut, never wrapped, so that one thing stays one line and can be searched. Piped output is as wide as it needs to be: `width` None.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from interlock.render.line import Line, Look, Span, cells, clean, clip, line, pad, paint

_GAP = 2
_LEAST = 6  # a column that gives way keeps so much


@dataclass(frozen=True)
class Column:
    """`right` aligns numbers and times; `flexible` columns are cut when the table is too wide, those further right first."""

    title: str
    right: bool = False
    flexible: bool = False


@dataclass(frozen=True)
class Cell:
    """Text and the name of a meaning (render.line.SGR)."""

    text: str
    style: str = ""


Row = Sequence[Cell | str]


def table(
    columns: Sequence[Column],
    rows: Iterable[Row],
    *,
    width: int | None = 80,
    color: bool = False,
    unicode: bool = True,
    empty: str = "nothing to show",
) -> str:
    """`empty` is said where there are no rows. Raises ValueError when a row has not one cell a column."""
    look = Look(width or 1_000_000, unicode)
    return paint(table_lines(columns, rows, look, empty=empty), look, color=color)


def table_lines(columns: Sequence[Column], rows: Iterable[Row], look: Look, *, empty: str) -> Iterator[Line]:
    body = [_row(row, columns) for row in rows]
    if not body:
        yield line((empty, "dim"))
        return
    widths = _widths(columns, body, look.width)
    yield tuple(_spans([Cell(column.title, "dim") for column in columns], columns, widths))
    for row in body:
        yield tuple(_spans(row, columns, widths))


def _row(row: Row, columns: Sequence[Column]) -> list[Cell]:
    if len(row) != len(columns):
        raise ValueError(f"{len(row)} cells for {len(columns)} columns")
    found = [cell if isinstance(cell, Cell) else Cell(cell) for cell in row]
    return [Cell(clean(cell.text), cell.style) for cell in found]


def _widths(columns: Sequence[Column], body: list[list[Cell]], room: int) -> list[int]:
    widths = [
        max([cells(column.title), *(cells(row[index].text) for row in body)]) for index, column in enumerate(columns)
    ]
    over = sum(widths) + _GAP * (len(widths) - 1) - room
    for index in reversed(range(len(columns))):
        if over > 0 and columns[index].flexible:
            taken = min(over, max(0, widths[index] - max(_LEAST, cells(columns[index].title))))
            widths[index] -= taken
            over -= taken
    return widths


def _spans(row: Sequence[Cell], columns: Sequence[Column], widths: list[int]) -> Iterator[Span]:
    for index, (cell, column, width) in enumerate(zip(row, columns, widths, strict=True)):
        if index:
            yield Span(" " * _GAP)
        yield Span(pad(clip(cell.text, width), width, right=column.right), cell.style)
