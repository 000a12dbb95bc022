"""What automation may take back by itself; everything else needs a person."""

from typing import Any

import pytest

from interlock.model import undoing
from interlock.model.change import Action, Undo

from .build import change, changes, classified, plan, planned
from .cases import each, load

ALLOWED = load("undoing")["allowed"]
WRITING = [action for action in Action if action not in (Action.READ, Action.NONE)]


def test_the_table_has_every_action() -> None:
    assert set(ALLOWED) == set(map(str, Action))


@pytest.mark.parametrize("back", list(Action), ids=str)
@pytest.mark.parametrize("forward", list(Action), ids=str)
def test_every_forward_and_every_back_action(forward: Action, back: Action) -> None:
    refusals = undoing.allowed(plan([change("a", forward)]), planned([change("a", back)]))
    fits = back not in WRITING or back in ALLOWED[forward]
    assert [refusal.address for refusal in refusals] == ([] if fits else ["a"])
    assert all(str(back) in refusal.reason for refusal in refusals)


@each("undoing", "plans")
def test_plans(case: dict[str, Any]) -> None:
    found = undoing.allowed(plan(changes(case["forward"])), planned(changes(case["undo"])))
    assert [refusal.address for refusal in found] == case["refused"]


@each("undoing", "before_planning")
def test_before_planning(case: dict[str, Any]) -> None:
    found = undoing.before_planning(plan(classified(case["changes"])), case["done"])
    assert [refusal.address for refusal in found] == case["refused"]
    assert all(refusal.reason for refusal in found)


def test_the_reason_is_the_one_that_the_approver_saw() -> None:
    shown = change("a", "forget", {"undo": Undo.IRREVERSIBLE, "undo_reason": "it is let go"})
    assert undoing.before_planning(plan([shown]), None) == (undoing.Refusal("a", "it is let go"),)


def test_done_may_be_read_only_once() -> None:
    found = undoing.before_planning(
        plan(classified([["a", "forget", "irreversible"], ["b", "forget", "irreversible"]])), iter(["b", "a"])
    )
    assert [refusal.address for refusal in found] == ["a", "b"]


@each("undoing", "to_nothing")
def test_to_nothing(case: dict[str, Any]) -> None:
    found = undoing.to_nothing(case["base"], imported=case["imported"])
    assert bool(found) == case["refused"]
    assert all(refusal.address == "" and refusal.reason for refusal in found)
