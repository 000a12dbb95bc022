"""When two plans mean the same to who approved one of them, and how a plan is summed up."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.model.change import Action, Change, Note, OutputChange, Undo, masked, unknown
from interlock.model.digest import Keyed
from interlock.model.plan import Blob, Direction, Planned, Tool, intent_digest, sort_changes, substitute, summary

from .build import change, changes, plan, planned

KEYED = Keyed(b"k" * 32)
COMMIT, SQUASHED, TREE, OTHER_TREE = "c0" * 20, "d1" * 20, "7e" * 20, "8f" * 20
PLANNED = Planned(
    (
        Change("item.a", Action.CREATE, after={"name": "a", "secret": masked("d1"), "id": unknown()}),
        Change("item.b", Action.UPDATE, before={"n": 1}, after={"n": 2}),
    ),
    {"lineage": "l", "serial": 3},
    Tool("tofu", "1.12.6", {"acme/lab": "1.0.0"}),
    Blob("ab" * 32, 12),
    (OutputChange("url", Action.UPDATE, "http://a", "http://b"), OutputChange("zone", Action.CREATE, None, "z")),
)
A, B = PLANNED.changes
URL, ZONE = PLANNED.outputs


def intent(made: Planned = PLANNED, keyed: Keyed = KEYED, **more: Any) -> str:
    values = {"component": "app", "environment": "staging", "direction": Direction.DEPLOY, "inputs_digest": "i1"}
    return intent_digest(keyed, planned=made, **(values | more))


@pytest.mark.parametrize(
    "same",
    [
        pytest.param({"base": {"lineage": "l", "serial": 9}}, id="on another base"),
        pytest.param({"artifact": Blob("cd" * 32, 5)}, id="stored as other bytes"),
        pytest.param({"artifact": None}, id="without bytes"),
        pytest.param({"found": (change("item.z", "update"),)}, id="with changes made outside"),
        pytest.param({"notes": (Note("hidden", "something is ignored"),)}, id="with a note"),
        pytest.param({"changes": (B, A)}, id="listed in another order"),
        pytest.param({"outputs": (ZONE, URL)}, id="with outputs in another order"),
        pytest.param({"changes": (A, B, change("data.x", "read"))}, id="with a read more"),
        pytest.param({"changes": (A, B, change("item.c", "none"))}, id="with what stays"),
        pytest.param({"outputs": (URL, ZONE, OutputChange("x", Action.NONE, 1, 1))}, id="with an output that stays"),
    ],
)
def test_the_same_intent(same: dict[str, Any]) -> None:
    assert intent(replace(PLANNED, **same)) == intent()


@pytest.mark.parametrize(
    "other",
    [
        pytest.param({"changes": (A,)}, id="a change less"),
        pytest.param({"changes": (A, B, change("item.c", "delete"))}, id="a change more"),
        pytest.param({"changes": (A, replace(B, action=Action.REPLACE))}, id="another action"),
        pytest.param({"changes": (A, replace(B, address="item.c"))}, id="another address"),
        pytest.param({"changes": (A, replace(B, after={"n": 3}))}, id="another value after"),
        pytest.param({"changes": (A, replace(B, before={"n": 0}))}, id="another value before"),
        pytest.param({"changes": (A, replace(B, after={"n": 2.0}))}, id="another type of value"),
        pytest.param({"changes": (A, replace(B, after={"n": unknown()}))}, id="a value that is not known yet"),
        pytest.param({"changes": (replace(A, after=A.after | {"secret": masked("d2")}), B)}, id="a rotated secret"),
        pytest.param({"changes": (replace(A, after=A.after | {"secret": "d1"}), B)}, id="a secret in clear"),
        pytest.param({"changes": (A, replace(B, undo=Undo.LOSSY))}, id="another way back"),
        pytest.param({"changes": (A, replace(B, create_before_destroy=True))}, id="another order of replacing"),
        pytest.param({"changes": (A, replace(B, previous_address="item.old"))}, id="a move as well"),
        pytest.param({"changes": (A, replace(B, importing="i-1"))}, id="an import as well"),
        pytest.param({"changes": (A, replace(B, deposed="d1"))}, id="a leftover"),
        pytest.param({"outputs": (URL,)}, id="an output less"),
        pytest.param({"outputs": (replace(URL, after="http://c"), ZONE)}, id="another output"),
        pytest.param({"outputs": (replace(URL, sensitive=True), ZONE)}, id="a sensitive output"),
        pytest.param({"tool": Tool("tofu", "1.12.7", PLANNED.tool.providers)}, id="another version of the tool"),
        pytest.param({"tool": Tool("terraform", "1.12.6", PLANNED.tool.providers)}, id="another tool"),
        pytest.param({"tool": Tool("tofu", "1.12.6", {"acme/lab": "1.0.1"})}, id="another version of a provider"),
        pytest.param({"tool": Tool("tofu", "1.12.6", {})}, id="a provider less"),
    ],
)
def test_another_plan_is_another_intent(other: dict[str, Any]) -> None:
    assert intent(replace(PLANNED, **other)) != intent()


@pytest.mark.parametrize(
    "other",
    [
        {"component": "network"},
        {"environment": "production"},
        {"direction": Direction.UNDO},
        {"direction": Direction.REMOVE},
        {"direction": Direction.CORRECT},
        {"inputs_digest": "i2"},
        {"component": "staging", "environment": "app"},
        {"keyed": Keyed(b"o" * 32)},
    ],
    ids=str,
)
def test_elsewhere_it_is_another_intent(other: dict[str, Any]) -> None:
    assert intent(**other) != intent()


def of_commit(commit: str, tree: str = TREE, text: str = "image:{}") -> str:
    """The intent of a plan whose values hold the commit, deep inside and in a key."""
    made = Change("item.a", Action.UPDATE, after={"tag": text.format(commit), "deep": [{commit: [commit]}]})
    return intent(replace(PLANNED, changes=(made,)), commit=commit, tree=tree)


def test_a_squash_merge_of_the_same_tree_keeps_its_intent() -> None:
    assert of_commit(COMMIT) == of_commit(SQUASHED)


def test_a_merge_that_brought_something_else_asks_again() -> None:
    assert of_commit(COMMIT) != of_commit(SQUASHED, OTHER_TREE)


def test_what_stands_beside_the_commit_counts() -> None:
    assert of_commit(COMMIT) != of_commit(SQUASHED, text="other:{}")


def test_a_commit_that_nobody_refers_to_is_only_text() -> None:
    made = replace(PLANNED, changes=(Change("item.a", Action.UPDATE, after={"tag": COMMIT}),))
    other = replace(PLANNED, changes=(Change("item.a", Action.UPDATE, after={"tag": SQUASHED}),))
    assert intent(made) != intent(other)
    assert intent(made, tree=TREE) == intent(made, tree=OTHER_TREE)


@given(st.permutations(range(5)))
def test_however_changes_are_listed(order: list[int]) -> None:
    rows = [Change(f"item.{i % 3}", Action.DELETE, deposed=str(i) if i > 2 else None, before=i) for i in range(5)]
    listed = tuple(rows[i] for i in order)
    assert sort_changes(listed) == sort_changes(rows)
    assert intent(replace(PLANNED, changes=listed)) == intent(replace(PLANNED, changes=tuple(rows)))


def test_substitute_looks_everywhere() -> None:
    value = {"a-x": ["x", 1, None, True, {"b": ("xx",)}], "c": 1.5}
    assert substitute(value, "x", "y") == {"a-y": ["y", 1, None, True, {"b": ["yy"]}], "c": 1.5}


@pytest.mark.parametrize(
    ("rows", "outputs", "text"),
    [
        ([], {}, "no changes"),
        ([["a", "none"], ["d", "read"]], {"x": "none"}, "no changes"),
        ([["a", "create"]], {}, "+1"),
        ([["a", "create"], ["b", "create"], ["c", "delete"], ["d", "update"]], {}, "+2 ~1 -1"),
        ([["a", "replace"], ["b", "move"], ["c", "import"], ["d", "forget"], ["e", "read"]], {}, "±1 →1 ⇐1 ✕1"),
        ([], {"x": "create", "y": "update", "z": "none"}, "outputs 2"),
        ([["a", "delete"]], {"x": "delete"}, "-1"),
    ],
)
def test_summary(rows: list[list[str]], outputs: dict[str, str], text: str) -> None:
    assert summary(plan(changes(rows), outputs)) == text


@given(st.lists(st.sampled_from(Action), max_size=4), st.lists(st.sampled_from(Action), max_size=2))
def test_a_plan_is_empty_when_its_summary_says_so(actions: list[Action], outputs: list[Action]) -> None:
    rows = [[f"item.{i}", action] for i, action in enumerate(actions)]
    made = plan(changes(rows), {f"o{i}": action for i, action in enumerate(outputs)})
    assert made.empty == made.planned.empty == (summary(made) == "no changes")


def test_a_plan_with_nothing_is_empty() -> None:
    assert planned().empty
    assert planned([change("data.x", "read")]).empty
    assert not planned([change("item.a", "forget")]).empty
    assert not planned([], {"url": "delete"}).empty


def test_the_worst_way_back_is_of_what_is_written() -> None:
    lossy = change("item.a", "delete", {"undo": Undo.LOSSY})
    read = change("item.b", "read", {"undo": Undo.IRREVERSIBLE})
    assert plan().worst_undo is Undo.RESTORABLE
    assert plan([lossy, change("item.c", "create"), read]).worst_undo is Undo.LOSSY
    assert plan([lossy, replace(read, action=Action.FORGET)]).worst_undo is Undo.IRREVERSIBLE
