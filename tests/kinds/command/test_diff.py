"""From answers to changes: what is masked, in which order, and what a build's change is."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.kinds.command.diff import Masking, build_changes, changes, output, outputs
from interlock.kinds.command.protocol import PlanResult, ResultOutput, parse_plan
from interlock.model.change import Action, Undo, is_masked, masked, unknown
from interlock.model.digest import Keyed

KEYED = Keyed(b"k" * 32)
MASKING = Masking(
    lambda value: masked(KEYED.digest("value", value)), lambda value: value
)  # nothing registered: only marks protect


def plan(*found: dict[str, Any]) -> PlanResult:
    return parse_plan({"protocol": 1, "changes": list(found), "base": {}}, "spec", [])


@pytest.mark.parametrize("secret", ["pin", 1234, True, 0.5, ["a", "b"], {"k": "v"}, None])
def test_what_is_marked_is_masked_whatever_it_is(secret: Any) -> None:
    (change,) = changes(
        plan(
            {
                "address": "a",
                "action": "update",
                "before": {"x": [secret]},
                "after": {"x": ["new"]},
                "sensitive_paths": [["x", 0]],
            }
        ),
        MASKING,
    )
    assert is_masked(change.before["x"][0])
    assert is_masked(change.after["x"][0])
    assert change.before != change.after  # that it changed can be seen, what it is cannot


def test_nested_marks_mask_the_outermost() -> None:
    (change,) = changes(
        plan({"address": "a", "action": "create", "after": {"x": {"y": 1}}, "sensitive_paths": [["x"], ["x", "y"]]}),
        MASKING,
    )
    assert is_masked(change.after["x"])


def test_a_whole_value_and_one_side_only() -> None:
    first, second = changes(
        plan(
            {"address": "b", "action": "delete", "before": {"k": "s"}, "sensitive_paths": [["k"]]},
            {
                "address": "a",
                "action": "update",
                "before": {"k": "s"},
                "after": {"other": 1},
                "sensitive_paths": [["k"]],
            },
        ),
        MASKING,
    )
    assert (first.address, second.address) == ("a", "b")
    assert is_masked(first.before["k"])
    assert first.after == {"other": 1}
    assert is_masked(second.before["k"])


@given(st.lists(st.text(alphabet="abc/._", min_size=1, max_size=4), unique=True, max_size=6))
def test_changes_are_sorted(addresses: list[str]) -> None:
    found = changes(plan(*[{"address": a, "action": "create", "after": 1} for a in addresses]), MASKING)
    assert [c.address for c in found] == sorted(addresses)


def test_how_it_is_undone_is_hopeless_unless_said() -> None:
    (said, unsaid, reading) = changes(
        plan(
            {"address": "a", "action": "create", "after": 1, "undo": "lossy", "undo_reason": "it comes back empty"},
            {"address": "b", "action": "create", "after": 1},
            {"address": "c", "action": "read", "after": 1},
        ),
        MASKING,
    )
    assert (said.undo, said.undo_reason) == (Undo.LOSSY, "it comes back empty")
    assert unsaid.undo is Undo.IRREVERSIBLE
    assert unsaid.undo_reason
    assert (reading.undo, reading.undo_reason) == (Undo.RESTORABLE, "")


@pytest.mark.parametrize(
    ("before", "after", "action"),
    [
        (None, None, Action.NONE),
        (1, 1, Action.NONE),
        (1, True, Action.UPDATE),
        (None, 0, Action.CREATE),
        ("", None, Action.DELETE),
        ("a", unknown(), Action.UPDATE),
    ],
)
def test_output_actions(before: Any, after: Any, action: Action) -> None:
    for sensitive in (False, True):
        change = output("x", before, after, sensitive, MASKING)
        assert change.action is action
        for given_, shown in ((before, change.before), (after, change.after)):
            assert is_masked(shown) is (sensitive and given_ is not None and given_ != unknown())


def test_outputs_are_sorted() -> None:
    found = outputs({"b": ResultOutput(after=1), "a": ResultOutput(after=2)}, MASKING)
    assert [o.name for o in found] == ["a", "b"]


RECORDED = {"source": "s1", "inputs": {"$masked": "i1"}, "program": ["make"], "artifacts": {"app": "d1"}}


@pytest.mark.parametrize(
    ("recorded", "wanted", "lost", "action", "reason"),
    [
        (None, None, [], None, ""),
        (None, RECORDED, [], Action.CREATE, ""),
        (RECORDED, None, [], Action.DELETE, ""),
        (RECORDED, RECORDED, [], None, ""),
        (RECORDED, {**RECORDED, "source": "s2"}, [], Action.UPDATE, "changed: source"),
        (
            RECORDED,
            {**RECORDED, "inputs": {"$masked": "i2"}, "program": ["make", "all"]},
            [],
            Action.UPDATE,
            "changed: inputs, program",
        ),
        (
            RECORDED,
            {**RECORDED, "artifacts": {"app": "d2"}},
            [],
            None,
            "",
        ),  # a build that is not repeatable is no drift
        (RECORDED, RECORDED, ["app"], Action.UPDATE, "stored bytes absent or altered: app"),
    ],
)
def test_builds(recorded: Any, wanted: Any, lost: list[str], action: Action | None, reason: str) -> None:
    found = build_changes(recorded, wanted, lost)
    if action is None:
        assert found == ()
    else:
        assert [(c.address, c.action, c.reason, c.undo) for c in found] == [("build", action, reason, Undo.RESTORABLE)]
        json.dumps(found[0].after)
