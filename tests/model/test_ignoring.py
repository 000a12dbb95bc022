"""Which differences an `ignore:` rule lets pass, and that no more do."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.model.change import Action, Change
from interlock.model.errors import ConfigurationError
from interlock.model.ignoring import differing, split

from .build import change
from .cases import each

TODAY = date(2026, 5, 10)
values = st.recursive(
    st.integers(0, 2) | st.none(), lambda inner: st.dictionaries(st.sampled_from("abc"), inner), max_leaves=6
)
mappings = st.dictionaries(st.sampled_from("abc"), values)


def rule(address: str, attribute: str | None = None, until: date = TODAY, **more: str) -> dict[str, str]:
    made = {"address": address, "owner": "ann", "reason": "a test", "until": until.isoformat(), **more}
    return made if attribute is None else made | {"attribute": attribute}


@each("ignoring", "covered")
def test_covered(case: dict[str, Any]) -> None:
    found = change(*case["change"])
    left, passed = split([found], [rule(**given) for given in case["rules"]], TODAY)
    if case["passed"] is None:
        assert (left, passed) == ((found,), ())
    else:
        assert left == ()
        assert [[one.address, one.attribute] for one in passed] == case["passed"]
        assert {(one.owner, one.reason, one.until) for one in passed} == {
            (case.get("owner", "ann"), "a test", TODAY.isoformat())
        }


@each("ignoring", "differing")
def test_differing(case: dict[str, Any]) -> None:
    assert differing(case["before"], case["after"]) == case["paths"]


def test_the_rule_is_told_as_it_is_written() -> None:
    found = change("item.a", "update", {"before": {"n": 1}, "after": {"n": 2}})
    _, passed = split([found], [rule("item.*", "n")], TODAY)
    assert [one.rule for one in passed] == ["item.* n"]


@pytest.mark.parametrize(("days", "expired"), [(-1, True), (0, False), (1, False)])
def test_a_rule_holds_to_the_end_of_its_day(days: int, expired: bool) -> None:
    rules = [rule("item.a", until=TODAY + timedelta(days=days))]
    if not expired:
        assert split([], rules, TODAY) == ((), ())
        return
    with pytest.raises(ConfigurationError) as caught:  # though there is nothing to ignore
        split([], rules, TODAY)
    assert [(problem.slug, problem.value) for problem in caught.value.problems] == [("ignore-expired", "2026-05-09")]
    assert "ann" in str(caught.value.problems[0].hint)


def test_every_expired_rule_is_told() -> None:
    past = TODAY - timedelta(days=1)
    with pytest.raises(ConfigurationError) as caught:
        split([], [rule("item.a", until=past), rule("item.b"), rule("item.c", until=past)], TODAY)
    assert [problem.message.split()[4] for problem in caught.value.problems] == ["item.a", "item.c"]


def test_what_is_left_keeps_its_order() -> None:
    found = [change(name, "create") for name in ("item.c", "item.a", "item.b")]
    left, passed = split(found, [rule("item.a")], TODAY)
    assert [one.address for one in left] == ["item.c", "item.b"]
    assert [one.address for one in passed] == ["item.a"]


@given(mappings, mappings)
def test_equal_values_differ_nowhere_and_others_somewhere(before: dict[str, Any], after: dict[str, Any]) -> None:
    def without_null(value: Any) -> Any:
        """Null and absent are the same, and so is a map with nothing else in it beside another map."""
        return (
            {k: w for k, v in value.items() if (w := without_null(v)) is not None} if isinstance(value, dict) else value
        )

    assert differing(before, before) == []
    paths = differing(before, after)
    assert paths == sorted(set(paths))
    if without_null(before) != without_null(after):
        assert paths


@given(st.sampled_from(Action), mappings, mappings, st.lists(st.sampled_from(["a", "b", "c", "a.b", "?", "b.*"])))
def test_a_rule_for_attributes_lets_only_updates_pass(
    action: Action, before: dict[str, Any], after: dict[str, Any], attributes: list[str]
) -> None:
    found = Change("item.a", action, before=before, after=after)
    left, _ = split([found], [rule("item.a", attribute) for attribute in attributes], TODAY)
    if action is not Action.UPDATE:
        assert left == (found,)


@given(mappings, mappings, st.lists(st.sampled_from(["a", "b", "c", "a.b"]), max_size=3))
def test_a_rule_more_never_shows_more(before: dict[str, Any], after: dict[str, Any], attributes: list[str]) -> None:
    found = Change("item.a", Action.UPDATE, before=before, after=after)
    rules = [rule("item.a", attribute) for attribute in attributes]
    left, _ = split([found], rules, TODAY)
    more, _ = split([found], [*rules, rule("item.a", "a.c")], TODAY)
    assert set(map(id, more)) <= set(map(id, left))
