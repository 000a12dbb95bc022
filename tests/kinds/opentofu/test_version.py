"""Constraints as go-version reads them, which both tools use."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.kinds.opentofu.version import Version, satisfies

numbers = st.integers(0, 30)
versions = st.builds(lambda a, b, c: Version((a, b, c)), numbers, numbers, numbers)


@pytest.mark.parametrize(
    ("constraint", "good", "bad"),
    [
        ("1.12.6", ["1.12.6"], ["1.12.5", "1.12.7", "1.12.6-rc1"]),
        ("= 1.12", ["1.12.0"], ["1.12.1"]),
        ("!= 1.12.0", ["1.12.1"], ["1.12.0", "1.12"]),
        ("> 1.8", ["1.8.1", "2.0.0"], ["1.8.0", "1.7.9"]),
        (">= 1.8, < 2", ["1.8.0", "1.99.0"], ["2.0.0", "1.7.0"]),
        (">=1.8,<2", ["1.9.0"], ["2.1.0"]),
        ("~> 1.12.0", ["1.12.0", "1.12.9"], ["1.13.0", "1.11.9", "2.12.0"]),
        ("~> 1.8", ["1.8.0", "1.12.6"], ["2.0.0", "1.7.9"]),
        ("~> 1", ["1.0.0", "7.0.0"], ["0.9.0"]),
        (">= 1.8, != 1.9.0", ["1.8.0", "1.9.1"], ["1.9.0"]),
        (">= 1.8", [], ["1.12.0-rc1", "2.0.0-beta1"]),
        (">= 1.12.0-beta1", ["1.12.0-rc1", "1.12.0", "1.13.0"], ["1.12.0-alpha1", "1.13.0-rc1"]),
        ("~> 1.12.0-rc1", ["1.12.0-rc2"], ["1.12.0", "1.12.0-beta1"]),
        ("v1.12.6", ["1.12.6"], ["1.12.5"]),
    ],
)
def test_constraint(constraint: str, good: list[str], bad: list[str]) -> None:
    assert [v for v in good if not satisfies(Version.parse(v), constraint)] == []
    assert [v for v in bad if satisfies(Version.parse(v), constraint)] == []


@pytest.mark.parametrize(
    "text", ["", "latest", "1.x", ">= ", "=> 1.2", "1.2, ,1.3", "~ 1.2", "1.2.3.4", "1.2;", ">= 1.8, latest"]
)
def test_what_is_no_constraint_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="version"):
        satisfies(Version((1, 2, 3)), text)


@given(versions, versions)
def test_each_operator_agrees_with_the_order(a: Version, b: Version) -> None:
    assert satisfies(a, f"= {b}") == (a == b)
    assert satisfies(a, f"!= {b}") == (a != b)
    assert satisfies(a, f"< {b}") == (a < b)
    assert satisfies(a, f">= {b}") == (not a < b)
    assert satisfies(a, f"> {b}") == (b < a)
    assert satisfies(a, f"<= {b}") == (not b < a)


@given(versions, numbers, numbers)
def test_the_pessimistic_operator_is_a_range(v: Version, major: int, minor: int) -> None:
    assert satisfies(v, f"~> {major}.{minor}.0") == satisfies(v, f">= {major}.{minor}.0, < {major}.{minor + 1}.0")
    assert satisfies(v, f"~> {major}.{minor}") == satisfies(v, f">= {major}.{minor}, < {major + 1}")


@given(
    versions,
    st.lists(
        st.builds(lambda o, v: f"{o} {v}", st.sampled_from(["<", ">", "=", "!=", ">=", "<="]), versions), min_size=1
    ),
)
def test_parts_must_all_hold(v: Version, parts: list[str]) -> None:
    assert satisfies(v, ", ".join(parts)) == all(satisfies(v, part) for part in parts)


@given(versions)
def test_text_and_back(v: Version) -> None:
    assert Version.parse(str(v)) == v
    assert hash(Version.parse(f"v{v}")) == hash(v)
