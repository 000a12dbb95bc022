"""Masks, unknowns, what writes, and how the words rank."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.model.change import MASK, UNKNOWN, Action, Change, Undo, is_masked, is_unknown, masked, unknown

from .test_digest import plain


@given(st.text())
def test_a_mask_is_a_mask_and_nothing_else(digest: str) -> None:
    assert is_masked(masked(digest))
    assert not is_unknown(masked(digest))


def test_an_unknown_is_an_unknown_and_nothing_else() -> None:
    assert is_unknown(unknown())
    assert not is_masked(unknown())
    assert unknown() is not unknown()  # nobody alters another's


@given(plain)
def test_plain_values_are_neither(value: Any) -> None:
    assert not is_masked(value)
    assert not is_unknown(value)


@pytest.mark.parametrize(
    "value", [None, "", "$masked", ["$masked"], {}, {MASK: "d", "more": 1}, {UNKNOWN: True, "more": 1}]
)
def test_what_only_looks_like_it_is_neither(value: Any) -> None:
    assert not is_masked(value)
    assert not is_unknown(value)


def test_only_reads_and_nothing_write_nothing() -> None:
    assert {a for a in Action if not Change("a", a).writes} == {Action.READ, Action.NONE}


def test_ways_back_from_harmless_to_hopeless() -> None:
    assert sorted(Undo, key=lambda undo: undo.rank) == [Undo.RESTORABLE, Undo.LOSSY, Undo.IRREVERSIBLE]


def test_words_are_kept_as_they_are_stored() -> None:
    """They stand in databases, in JSON and in scripts."""
    assert [str(a) for a in Action] == [
        "create",
        "update",
        "replace",
        "delete",
        "move",
        "import",
        "forget",
        "read",
        "none",
    ]
    assert [str(u) for u in Undo] == ["restorable", "lossy", "irreversible"]


def test_leftovers_come_after_the_object_itself() -> None:
    found = [Change("b", Action.DELETE), Change("a", Action.DELETE, deposed="d"), Change("a", Action.UPDATE)]
    assert [(c.address, c.deposed) for c in sorted(found, key=lambda c: c.sort_key)] == [
        ("a", None),
        ("a", "d"),
        ("b", None),
    ]
