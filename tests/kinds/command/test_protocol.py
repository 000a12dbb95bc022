"""Documents of programs: read strictly, and nothing of what they hold in the complaint."""

import contextlib
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.kinds.command.protocol import ApplyResult, BadResult, parse_apply, parse_plan, read_json

CASES = json.loads((Path(__file__).parent / "results" / "plans.json").read_text())


@pytest.mark.parametrize("case", CASES, ids=[case["why"] for case in CASES])
def test_plans(case: dict[str, Any]) -> None:
    target = case.get("target", "spec")
    if case["good"]:
        assert parse_plan(case["result"], target, ["url"]).target == target
    else:
        with pytest.raises(BadResult, match=case["says"]):
            parse_plan(case["result"], target, ["url"])


@pytest.mark.parametrize(
    ("result", "says"),
    [
        ({"protocol": 1, "done": ["b"], "outputs": {"url": {"value": 1}}}, "not a change of the plan"),
        ({"protocol": 1, "done": ["a"]}, "not published"),
        ({"protocol": 1, "done": ["a"], "outputs": {"url": {"value": 1}, "x": {"value": 1}}}, "not declared"),
        ({"protocol": 1, "done": "a", "outputs": {"url": {"value": 1}}}, "malformed"),
        ({"protocol": 1, "outputs": {"url": 1}}, "malformed"),
        ({"done": ["a"]}, "protocol"),
    ],
)
def test_applies_that_lie(result: Any, says: str) -> None:
    with pytest.raises(BadResult, match=says):
        parse_apply(result, ["a"], ["url"], publishes=True)


def test_an_honest_apply() -> None:
    result = parse_apply(
        {"protocol": 1, "done": ["a"], "outputs": {"url": {"value": [1], "sensitive": True}}},
        ["a"],
        ["url"],
        publishes=True,
    )
    assert result.outputs["url"].sensitive
    assert parse_apply({"protocol": 1}, ["a"], ["url"], publishes=False) == ApplyResult(protocol=1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b" ",
        b"{",
        b"{} {}",
        b"\xff",
        b'{"a": NaN}',
        b'{"a": Infinity}',
        b'{"a": 1, "a": 2}',
        b'{"b": {"a": 1, "a": 1}}',
        b"[" * 200_000,
        b'{"\x00": 1}',
        b'{"a": 1e999}',
        b'{"a": "\\ud800"}',
    ],
)
def test_files_that_are_no_result(tmp_path: Path, data: bytes) -> None:
    file = tmp_path / "result.json"
    file.write_bytes(data)
    with pytest.raises(BadResult):
        read_json(file)


def test_absent_large_links_and_folders_are_no_result(tmp_path: Path) -> None:
    file = tmp_path / "result.json"
    with pytest.raises(BadResult, match="no result"):
        read_json(file)
    other = tmp_path / "other.json"
    other.write_text("{}")
    file.symlink_to(other)
    with pytest.raises(BadResult, match="no result"):
        read_json(file)
    file.unlink()
    file.mkdir()
    with pytest.raises(BadResult, match="no result"):
        read_json(file)
    other.write_bytes(b" " * 9_000_000)
    with pytest.raises(BadResult, match="larger"):
        read_json(other)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda v: (
        st.lists(v, max_size=3)
        | st.dictionaries(
            st.sampled_from(["protocol", "changes", "base", "address", "action", "after", "x"]), v, max_size=4
        )
    ),
    max_leaves=12,
)


@given(json_values)
def test_any_document_is_read_or_refused(value: Any) -> None:
    for read in (
        lambda: parse_plan(value, "spec", ["url"]),
        lambda: parse_apply(value, ["a"], ["url"], publishes=True),
    ):
        with contextlib.suppress(BadResult):
            read()


@given(st.text(min_size=12, max_size=30).filter(lambda t: t.strip() == t and t.isprintable()))
def test_a_complaint_never_holds_a_value(secret: str) -> None:
    for result in (
        {"protocol": secret, "changes": [], "base": {}},
        {"protocol": 1, "changes": [{"address": "a", "action": secret, "after": secret}], "base": {}},
        {"protocol": 1, "changes": [{"address": "a", "action": "none", "before": secret}], "base": {}},
        {"protocol": 1, "changes": secret, "base": {}},
    ):
        with pytest.raises(BadResult) as caught:
            parse_plan(result, "spec", [])
        assert secret not in str(caught.value)
