"""What a file means as YAML: the core schema narrowed to JSON, keys as text, places of everything."""

import json

import pytest
import yaml as pyyaml
from hypothesis import given
from hypothesis import strategies as st

from interlock.config.yaml import MAX_BYTES, read


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("true", True),
        ("TRUE", True),
        ("False", False),
        ("on", "on"),
        ("off", "off"),
        ("yes", "yes"),
        ("n", "n"),
        ("null", None),
        ("~", None),
        ("", None),
        ("12", 12),
        ("-3", -3),
        ("0", 0),
        ("012", "012"),
        ("0o17", "0o17"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("+1", "+1"),
        ("1.5", 1.5),
        ("1e3", 1000.0),
        ("1.", "1."),
        (".inf", ".inf"),
        (".nan", ".nan"),
        ("2026-01-31", "2026-01-31"),
        ("12:30:45", "12:30:45"),
        ("1.12.6", "1.12.6"),
        ("'12'", "12"),
        ("!!str 12", "12"),
        ("!!int 12", 12),
        ("! 12", "12"),
        ('"a\\nb"', "a\nb"),
    ],
)
def test_scalars(text: str, value: object) -> None:
    placed, problems = read("f.yaml", f"key: {text}\nother: 1\n".encode())
    assert problems == ()
    assert placed is not None
    assert placed[0]["key"] == value
    assert type(placed[0]["key"]) is type(value)


@pytest.mark.parametrize("key", ["on", "yes", "true", "null", "8080", "1.5", "2026-01-31", "<"])
def test_keys_are_text(key: str) -> None:
    placed, problems = read("f.yaml", f"{key}: 1\n".encode())
    assert problems == ()
    assert placed is not None
    assert placed[0] == {key: 1}


def test_places_count_from_one_and_know_keys_and_values() -> None:
    placed, _ = read("f.yaml", "\ufeffa:\n  b: [x, {c: é, d: 1}]\n".encode())
    assert placed is not None
    spot = placed[1]
    assert str(spot.find(["a", "b", 1, "c"]).location) == "f.yaml:2:14"
    assert str(spot.find(["a", "b", 1, "d"]).key_location) == "f.yaml:2:17"
    assert str(spot.find(["a", "b", 1, "nothing", "there"]).location) == "f.yaml:2:10"
    assert str(spot.find([]).location) == "f.yaml:1:1"


def test_anchors_work_and_the_alias_has_its_own_place() -> None:
    placed, problems = read("f.yaml", b"x-a: &a {k: [1]}\nb: *a\n")
    assert problems == ()
    assert placed is not None
    assert placed[0]["b"] == {"k": [1]}
    assert str(placed[1].find(["b"]).location) == "f.yaml:2:4"
    assert str(placed[1].find(["b", "k", 0]).location) == "f.yaml:1:14"


def test_exactly_the_limit_is_read() -> None:
    data = b"a: 1\n" + b"#" * (MAX_BYTES - 5)
    assert read("f.yaml", data)[1] == ()
    assert [p.slug for p in read("f.yaml", data + b"#")[1]] == ["file-too-big"]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**15), 10**15) | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(blacklist_categories=("Cs", "Cc", "Zl", "Zp"), blacklist_characters="\ufeff\ufffe\uffff"), max_size=20),
    lambda inner: st.lists(inner, max_size=4)
    | st.dictionaries(st.text(st.characters(min_codepoint=97, max_codepoint=122), min_size=1, max_size=5), inner, max_size=4),
    max_leaves=15,
)  # fmt: skip


@given(_JSON)
def test_json_is_read_as_what_it_says(value: object) -> None:
    placed, problems = read("f.yaml", json.dumps({"k": value}, ensure_ascii=False).encode())
    assert problems == ()
    assert placed is not None
    assert placed[0] == {"k": value}


@given(_JSON)
def test_block_style_is_read_as_what_it_says(value: object) -> None:
    """PyYAML's dumper quotes for YAML 1.1; ours reads a float without a dot, which it writes plain, the same way."""
    text = pyyaml.safe_dump({"k": value}, allow_unicode=False, default_flow_style=False)
    placed, problems = read("f.yaml", text.encode())
    assert problems == ()
    assert placed is not None
    assert placed[0] == {"k": value}


@given(st.binary(max_size=200))
def test_any_bytes_give_a_value_or_problems_with_a_place(data: bytes) -> None:
    placed, problems = read("f.yaml", data)
    assert placed is not None or problems
    for problem in problems:
        assert problem.location.line >= 1
        assert problem.location.column >= 1


@given(st.text(st.sampled_from(list("ab:-[]{},&*!|>'\"#%@?~ \n\t<1.e")), max_size=60))
def test_any_text_of_indicators_gives_a_value_or_problems(text: str) -> None:
    placed, problems = read("f.yaml", text.encode())
    assert placed is not None or problems
