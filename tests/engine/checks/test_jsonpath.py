"""Paths into JSON: one value or an error, never a guess."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.engine.checks.jsonpath import NoSuchValue, equal, get, parse

DOCUMENT = {"a": {"b": [{"c": 1}, {"c": True}]}, "x.y": "dotted", "with space": None, "n": 1.0, 'q"': 5}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("$", DOCUMENT),
        ("a.b[0].c", 1),
        ("$.a.b[1].c", True),
        ("a.b[-1].c", True),
        ('["x.y"]', "dotted"),
        ('$["with space"]', None),
        ('["q\\""]', 5),
        ('a["b"][0]["c"]', 1),
    ],
)
def test_it_finds(path: str, value: Any) -> None:
    assert get(DOCUMENT, path) == value


@pytest.mark.parametrize("path", ["missing", "a.c", "a.b[2]", "a.b[-3]", "a.b.c", "a[0]", "n.x", '["with space"].x'])
def test_what_is_not_there_is_an_error(path: str) -> None:
    with pytest.raises(NoSuchValue):
        get(DOCUMENT, path)


@pytest.mark.parametrize(
    "path",
    ["", " ", ".a", "a.", "a..b", "a[", "a[]", "a[*]", "a[1:2]", "a b", "$a b", 'a["b]', "a]b", "a[0]c", "..", "a.*["],
)
def test_what_is_no_path_is_an_error(path: str) -> None:
    with pytest.raises(ValueError, match="is not a path"):
        parse(path)


@given(st.text(max_size=30))
def test_any_text_is_a_path_or_an_error(text: str) -> None:
    try:
        steps = parse(text)
    except ValueError:
        return
    assert all(isinstance(step, str | int) for step in steps)


def test_equality_is_that_of_json() -> None:
    assert equal(1, 1.0)
    assert not equal(True, 1)
    assert not equal(0, False)
    assert not equal("1", 1)
    assert not equal(None, False)
    assert not equal([1], [1, 2])
    assert not equal({"a": 1}, {"a": True})
    assert equal({"a": [1, {"b": None}]}, {"a": [1.0, {"b": None}]})


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda v: st.lists(v, max_size=3) | st.dictionaries(st.text(max_size=2), v, max_size=3),
)


@given(json_values, json_values)
def test_equal_values_are_those_with_equal_text(left: Any, right: Any) -> None:
    assert equal(left, right) == (json.dumps(left, sort_keys=True) == json.dumps(right, sort_keys=True))
