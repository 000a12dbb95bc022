"""Durations and sizes carry units; whatever else is refused."""

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.model.units import format_duration, nearest, parse_duration, parse_size

from .cases import each


@each("units", "durations")
def test_duration(case: dict[str, Any]) -> None:
    assert parse_duration(case["text"]) == pytest.approx(case["seconds"])


@each("units", "not_durations")
def test_no_duration(case: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration(case["text"])


@each("units", "formatted")
def test_formatted(case: dict[str, Any]) -> None:
    assert format_duration(case["seconds"]) == case["text"]


@each("units", "sizes")
def test_size(case: dict[str, Any]) -> None:
    assert parse_size(case["text"]) == case["bytes"]


@each("units", "not_sizes")
def test_no_size(case: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="is not a size"):
        parse_size(case["text"])


@each("units", "nearest")
def test_nearest(case: dict[str, Any]) -> None:
    assert nearest(case["word"], case["known"]) == case["is"]
    assert nearest(case["word"], case["known"][::-1]) == case["is"]


def test_a_number_without_end_is_neither() -> None:
    """An infinite deadline would be none."""
    with pytest.raises(ValueError, match="is not a duration"):
        parse_duration("9" * 400 + "s")
    with pytest.raises(ValueError, match="is not a size"):
        parse_size("9" * 5000 + "B")


@given(st.text(max_size=10))
def test_any_text_is_a_finite_duration_or_refused(text: str) -> None:
    try:
        seconds = parse_duration(text)
    except ValueError:
        return
    assert math.isfinite(seconds)
    assert seconds >= 0


@given(st.floats(0, 1e7))
def test_what_is_written_reads_back_near_enough(seconds: float) -> None:
    """Within the smallest part that is shown: an hour of days, a minute of hours, a second of minutes."""
    step = 3600 if seconds >= 86399 else 60 if seconds >= 3599 else 1
    assert abs(parse_duration(format_duration(seconds)) - seconds) <= step


@given(st.lists(st.tuples(st.integers(0, 999), st.sampled_from(["ms", "s", "m", "h", "d"])), min_size=1, max_size=4))
def test_parts_add_up(parts: list[tuple[int, str]]) -> None:
    whole = parse_duration("".join(f"{number}{unit}" for number, unit in parts))
    assert whole == pytest.approx(sum(parse_duration(f"{number}{unit}") for number, unit in parts))
