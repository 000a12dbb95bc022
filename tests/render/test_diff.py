"""What differs, by path. Cases: `before`, `after`, `replace_paths` and the lines a person reads; rules by hypothesis."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.model.change import Action, Change, masked, unknown
from interlock.render.diff import Diff, How, diff, same
from interlock.render.line import Look, plain_text
from interlock.render.plan_change import difference_lines
from interlock.render.view import ChangeView

CASES = sorted((Path(__file__).parent / "cases" / "diff").glob("*.json"))

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-3, 3)
    | st.sampled_from(["", "a", "b", "two\nlines\n", '{"a": 1}', '{"a": 2}'])
)
marks = st.sampled_from([masked("1" * 64), masked("2" * 64), unknown()])
values = st.recursive(
    scalars | marks,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["a", "b", "name", "id"]), inner, max_size=4)
    ),
    max_leaves=12,
)


def test_there_are_cases() -> None:
    assert len(CASES) > 25


@pytest.mark.parametrize("path", CASES, ids=lambda p: p.stem)
def test_case(path: Path) -> None:
    case = json.loads(path.read_text())
    action = Action.CREATE if case["before"] is None else Action.UPDATE
    forced = tuple(tuple(p) for p in case["replace_paths"])
    found = diff(case["before"], case["after"], forced)
    change = Change("x", action, before=case["before"], after=case["after"], replace_paths=forced)
    lines = [plain_text(spans) for spans in difference_lines(ChangeView(change, found), Look(80), 0)]
    assert lines == case["lines"]


@given(values, values)
def test_nothing_is_reported_exactly_when_both_are_the_same(before: object, after: object) -> None:
    assert bool(diff(before, after).differences) == (not same(before, after))


@given(values)
def test_a_value_does_not_differ_from_itself(value: object) -> None:
    assert diff(value, json.loads(json.dumps(value))) == Diff((), 0)


@given(values, values)
def test_the_way_back_mirrors_the_way(before: object, after: object) -> None:
    """What is added one way is removed the other."""
    there, back = diff(before, after).differences, diff(after, before).differences
    assert bool(there) == bool(back)
    if not there:
        return
    if (
        all(d.how in (How.ADDED, How.REMOVED, How.CHANGED) for d in there + back)
        and not _lists(before)
        and not _lists(after)
    ):
        mirror = {How.ADDED: How.REMOVED, How.REMOVED: How.ADDED, How.CHANGED: How.CHANGED}
        assert {(d.path, mirror[d.how]) for d in there} == {(d.path, d.how) for d in back}


@given(st.lists(st.integers(0, 50), max_size=12), st.integers(51, 60), st.data())
def test_an_item_put_into_a_list_is_one_addition(items: list[int], new: int, data: st.DataObject) -> None:
    where = data.draw(st.integers(0, len(items)))
    found = diff({"a": items}, {"a": [*items[:where], new, *items[where:]]}).differences
    assert [(d.how, d.path, d.after) for d in found] == [(How.ADDED, ("a", where), new)]


@given(st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1, max_size=8), st.data())
def test_items_known_by_name_are_compared_with_themselves(names: list[str], data: st.DataObject) -> None:
    before = [{"name": name, "port": 1} for name in names]
    shuffled = data.draw(st.permutations(names))
    changed = data.draw(st.sampled_from(names))
    after = [{"name": name, "port": 2 if name == changed else 1} for name in shuffled]
    found = [d for d in diff(before, after).differences if d.how is not How.REORDERED]
    assert [(d.path, d.before, d.after) for d in found] == [((shuffled.index(changed), "port"), 1, 2)]


@given(values, values)
def test_no_line_shows_what_a_mask_hides(before: object, after: object) -> None:
    change = Change("x", Action.UPDATE, before={"v": before}, after={"v": after})
    view = ChangeView(change, diff(change.before, change.after))
    text = "\n".join(plain_text(spans) for spans in difference_lines(view, Look(400), 0))
    assert "1" * 64 not in text
    assert "2" * 64 not in text
    assert "$masked" not in text


def test_a_large_list_is_paired_by_position_and_ends_soon() -> None:
    before = [{"v": i, "w": 0} for i in range(400)]
    after = [{"v": i, "w": 1} for i in range(401)]
    found = diff(before, after).differences
    assert len(found) == 402


def _lists(value: object) -> bool:
    if isinstance(value, str):
        return value.startswith("[")
    if isinstance(value, dict):
        return any(_lists(v) for v in value.values())
    return isinstance(value, list)
