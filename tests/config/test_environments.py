"""Governance: a change is judged by the rule before and the rule after, and no change lowers the bar that it must pass itself."""

from dataclasses import dataclass, replace

from hypothesis import given
from hypothesis import strategies as st

from interlock.config.environments import governed
from interlock.model.manifest import ApprovalRule, EnvironmentSpec

TWO = ApprovalRule(("platform",), ("ann", "bob"), 2, False)
NONE = ApprovalRule(("platform",), ("ann", "bob"), 0, True)


@dataclass(frozen=True)
class File:
    environments: tuple[EnvironmentSpec, ...]


def spec(name: str, *rules: ApprovalRule, after: tuple[str, ...] = (), zone: str = "production") -> EnvironmentSpec:
    return EnvironmentSpec(name, zone, after, rules)


def test_a_count_set_to_nothing_still_needs_the_old_count() -> None:
    (production,) = governed(File((spec("production", TWO),)), File((spec("production", NONE),)))
    assert production.approvals == (TWO, NONE)


def test_a_rule_removed_still_holds_and_a_rule_added_holds_at_once() -> None:
    with_rule, without = File((spec("production", TWO),)), File((spec("production"),))
    assert governed(with_rule, without)[0].approvals == (TWO,)
    assert governed(without, with_rule)[0].approvals == (TWO,)


def test_an_equal_rule_is_asked_once() -> None:
    same = File((spec("production", TWO),))
    assert governed(same, same)[0].approvals == (TWO,)


def test_an_environment_that_is_gone_keeps_its_rule() -> None:
    before = File((spec("staging"), spec("production", TWO, after=("staging",))))
    found = governed(before, File((spec("staging"),)))
    assert [(s.name, s.approvals) for s in found] == [("staging", ()), ("production", (TWO,))]


def test_the_first_configuration_is_governed_by_itself() -> None:
    after = File((spec("production", TWO),))
    assert governed(None, after) == after.environments


def test_a_predecessor_removed_still_comes_first() -> None:
    before = File((spec("staging"), spec("production", after=("staging",))))
    found = governed(before, File((spec("production"), spec("staging"))))
    assert [(s.name, s.after) for s in found] == [("staging", ()), ("production", ("staging",))]


def test_edges_turned_round_are_the_new_ones() -> None:
    before = File((spec("a"), spec("b", after=("a",))))
    found = governed(before, File((spec("b"), spec("a", after=("b",)))))
    assert [(s.name, s.after) for s in found] == [("b", ()), ("a", ("b",))]


def test_the_stricter_zone_and_the_longer_soak_hold() -> None:
    before = replace(spec("a"), soak=60.0)
    found = governed(File((before,)), File((replace(spec("a", zone="development"), soak=5.0, on_failure="stop"),)))
    assert (found[0].zone, found[0].soak, found[0].on_failure) == ("production", 60.0, "stop")


_RULES = st.builds(ApprovalRule, st.just(("t",)), st.just(("ann", "bob")), st.integers(0, 2), st.booleans())
_SPECS = st.lists(
    st.builds(
        EnvironmentSpec,
        name=st.sampled_from("abc"),
        zone=st.sampled_from(["development", "staging", "production"]),
        approvals=st.lists(_RULES, max_size=1).map(tuple),
        soak=st.floats(0, 100),
    ),
    unique_by=lambda s: s.name,
    max_size=3,
).map(lambda found: File(tuple(found)))


@given(_SPECS, _SPECS)
def test_nothing_is_ever_less_than_before_or_after(before: File, after: File) -> None:
    found = {s.name: s for s in governed(before, after)}
    for one in (*before.environments, *after.environments):
        assert set(one.approvals) <= set(found[one.name].approvals)
    for one in before.environments:
        assert found[one.name].soak >= one.soak
    assert governed(before, after) == governed(before, after)
