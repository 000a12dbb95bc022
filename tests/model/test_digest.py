"""Canonical bytes, plain and keyed digests."""

import hashlib
import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from interlock.model.digest import Keyed, canonical, sha256

KEY, OTHER = b"k" * 32, b"o" * 32
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("value", "data"),
    [
        ({"b": 1, "a": [1, 2.5, None, True]}, b'{"a":[1,2.5,null,true],"b":1}'),
        ("é ü", '"é ü"'.encode()),
        ((), b"[]"),
        ({}, b"{}"),
        ({"z": {"y": 1, "x": 2}}, b'{"z":{"x":2,"y":1}}'),
    ],
)
def test_canonical(value: Any, data: bytes) -> None:
    assert canonical(value) == data


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [-float("inf")], "\ud800"], ids=repr)
def test_what_has_no_canonical_form_is_refused(value: Any) -> None:
    with pytest.raises(ValueError):
        canonical(value)


@pytest.mark.parametrize("value", [b"bytes", {1, 2}, object()], ids=["bytes", "set", "object"])
def test_what_is_no_json_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        canonical(value)


@given(st.dictionaries(st.text(), plain, max_size=5))
def test_the_order_of_keys_says_nothing(value: dict[str, Any]) -> None:
    assert canonical(dict(reversed(value.items()))) == canonical(value)
    assert json.loads(canonical(value)) == value


@given(plain, plain)
def test_other_values_have_other_bytes(one: Any, other: Any) -> None:
    assume(json.dumps(one, sort_keys=True) != json.dumps(other, sort_keys=True))
    assert canonical(one) != canonical(other)


def test_the_values_that_python_takes_for_equal_are_told_apart() -> None:
    assert len({canonical(value) for value in (1, 1.0, True, "1", [1])}) == 5


def test_sha256_is_the_standard_one() -> None:
    assert sha256(b"") == hashlib.sha256(b"").hexdigest()
    assert sha256(b"") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@given(plain)
def test_a_keyed_digest_depends_on_key_purpose_and_value(value: Any) -> None:
    keyed = Keyed(KEY)
    found = keyed.digest("intent", value)
    assert found == Keyed(KEY).digest("intent", value)
    assert len(found) == 64
    assert (
        len({found, keyed.digest("value", value), Keyed(OTHER).digest("intent", value), sha256(canonical(value))}) == 4
    )


def test_a_purpose_has_a_key_of_its_own() -> None:
    keyed = Keyed(KEY)
    derived = {keyed.derive(purpose) for purpose in ("", "blob", "audit", "blob/audit")}
    assert len(derived) == 4
    assert all(len(key) == 32 and key != KEY for key in derived)


def test_a_digest_cannot_be_made_from_another_purpose() -> None:
    """`digest` keys with the derived key, so that what one use may learn is worthless in another."""
    keyed = Keyed(KEY)
    assert keyed.digest("a", "x") != Keyed(keyed.derive("a")).digest("a", "x")


@pytest.mark.parametrize("length", [0, 1, 31])
def test_a_short_key_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Keyed(b"k" * length)


def test_the_key_is_never_shown() -> None:
    keyed = Keyed(b"very-secret-key-of-32-bytes-long")
    assert "secret" not in repr(keyed) + str(keyed) + f"{keyed}"
