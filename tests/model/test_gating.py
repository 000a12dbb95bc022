"""Every gate: who and what lets it pass, and that no missing answer does."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from interlock.model import gating
from interlock.model.gate import Gate, Verdict, overall, stricter
from interlock.model.gating import Said
from interlock.model.manifest import ApprovalRule

from .cases import each

people = st.sampled_from(["ann", "Ann", "bob", "cat", "dan", "eve"])
rules = st.builds(
    ApprovalRule,
    st.just(("platform",)),
    st.lists(people, max_size=4).map(tuple),
    st.integers(0, 3),
    st.booleans(),
)
answers = st.lists(st.builds(Said, people, st.booleans(), st.sampled_from(["1", "2"])), max_size=5)
verdicts = st.builds(Gate, st.just("g"), st.sampled_from(Verdict), st.text(max_size=3))


def judged(case: dict[str, Any], gate: Gate) -> None:
    assert gate.verdict == case["verdict"]
    assert gate.reason, "a gate explains itself"
    assert bool(gate.unblock) == (gate.verdict is not Verdict.PASS), "what is blocked can be unblocked"
    for part in case.get("says", []):
        assert part in gate.reason
    for part in case.get("unblock", []):
        assert part in gate.unblock
    for part in case.get("never", []):
        assert part not in gate.reason


def rule_of(given: dict[str, Any]) -> ApprovalRule:
    listed = {key: tuple(given.get(key, ())) for key in ("teams", "members")}
    return ApprovalRule(**listed, count=given["count"], self_approve=given.get("self_approve", False))


def approval(asked: list[ApprovalRule], said: list[Said] | None, authors: list[str]) -> Gate:
    return gating.approval(asked, said, authors, deployment="d-1", environment="production")


@each("gating", "approval")
def test_approval(case: dict[str, Any]) -> None:
    said = None
    if case["said"] is not None:
        said = [Said(person, yes, str(number), *comment) for number, (person, yes, *comment) in enumerate(case["said"])]
    judged(case, approval([rule_of(rule) for rule in case["rules"]], said, case["authors"]))


@each("gating", "earlier")
def test_earlier(case: dict[str, Any]) -> None:
    judged(case, gating.earlier(case["environments"], case["blocking"]))


@each("gating", "one_active")
def test_one_active(case: dict[str, Any]) -> None:
    judged(case, gating.one_active("production", case["holder"], "d-1", known=case["known"]))


@each("gating", "hold")
def test_hold(case: dict[str, Any]) -> None:
    judged(case, gating.hold("production", "app", case["reason"], known=case["known"]))


@given(st.lists(rules, max_size=2), answers, st.lists(people, max_size=2))
def test_a_pass_has_enough_people_for_every_rule(
    asked: list[ApprovalRule], said: list[Said], authors: list[str]
) -> None:
    verdict = approval(asked, said, authors).verdict
    wanted = [rule for rule in asked if rule.count]
    enough = all(
        sum(
            any(answer.approves and answer.person.lower() == person for answer in said)
            for person in {member.lower() for member in rule.members}
            if rule.self_approve or person not in [author.lower() for author in authors]
        )
        >= rule.count
        for rule in wanted
    )
    members = {member.lower() for rule in wanted for member in rule.members}
    rejected = any(not answer.approves and answer.person.lower() in members for answer in said)
    assert verdict == (Verdict.FAIL if rejected else Verdict.PASS if enough else Verdict.PENDING)


@given(st.lists(rules, max_size=2), rules, answers, st.lists(people, max_size=2))
def test_no_further_rule_makes_it_easier(
    asked: list[ApprovalRule], further: ApprovalRule, said: list[Said], authors: list[str]
) -> None:
    """So that no merge request lowers the bar that it must pass."""
    before = approval(asked, said, authors).verdict
    for together in ([*asked, further], [further, *asked]):
        assert approval(together, said, authors).verdict.rank >= before.rank


@given(st.lists(rules, min_size=1, max_size=2), answers, st.lists(people, max_size=2))
def test_without_an_answer_it_is_never_easier_than_with_one(
    asked: list[ApprovalRule], said: list[Said], authors: list[str]
) -> None:
    unread = approval(asked, None, authors).verdict
    assert unread == (Verdict.PENDING if any(rule.count for rule in asked) else Verdict.PASS)


@given(st.lists(rules, max_size=2), answers, st.randoms())
def test_the_order_of_answers_says_nothing(asked: list[ApprovalRule], said: list[Said], random: Any) -> None:
    mixed = list(said)
    random.shuffle(mixed)
    assert approval(asked, mixed, []).verdict == approval(asked, said, []).verdict


def test_the_first_rejection_is_the_one_told() -> None:
    said = [Said("bob", False, "2", "later"), Said("ann", False, "1", "first")]
    assert "ann: first" in approval([ApprovalRule(members=("ann", "bob"), count=1)], said, []).reason


def test_verdicts_from_good_to_bad() -> None:
    assert sorted(Verdict, key=lambda verdict: verdict.rank) == [Verdict.PASS, Verdict.PENDING, Verdict.FAIL]


@given(verdicts, verdicts)
def test_the_stricter_of_two(first: Gate, second: Gate) -> None:
    found = stricter(first, second)
    assert found.verdict.rank == max(first.verdict.rank, second.verdict.rank)
    assert found is first or second.verdict.rank > first.verdict.rank


@given(st.lists(verdicts, max_size=4))
def test_overall_is_a_pass_only_when_each_is(gates: list[Gate]) -> None:
    found = overall(tuple(gates))
    assert (found is Verdict.PASS) == all(gate.verdict is Verdict.PASS for gate in gates)
    assert (found is Verdict.FAIL) == any(gate.verdict is Verdict.FAIL for gate in gates)
