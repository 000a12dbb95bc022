"""Planted secrets: whatever the value and wherever it stands, it is not in what leaves; and the stored forms keep what they say."""

import base64
import copy
import html
import json
import pickle
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.model.change import is_masked
from interlock.model.digest import Keyed
from interlock.model.errors import SecretUnresolved
from interlock.world.redaction import Redactor
from interlock.world.secrets import (
    SecretStore,
    SecretText,
    SecretValue,
    from_stored,
    join,
    reveal,
    sensitive,
    to_stored,
)

KEYED = Keyed(b"k" * 32)
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=4, max_size=60).filter(
    lambda v: len(v.strip()) >= 4 and v not in "(secret)" and v.strip() not in "(secret)"
)
TEXTS = st.text(max_size=30)


def store(sources: dict[str, Any] | None = None, environ: dict[str, str] | None = None) -> SecretStore:
    return SecretStore(sources or {}, environ or {}, KEYED)


@given(VALUES, TEXTS, TEXTS)
def test_no_form_of_a_secret_survives(value: str, before: str, after: str) -> None:
    redactor = Redactor()
    redactor.add(value)
    shown = [
        value,
        json.dumps(value)[1:-1],
        json.dumps(value, ensure_ascii=False)[1:-1],
        quote(value, safe=""),
        quote(value),
        quote_plus(value),
    ]
    shown += [
        base64.b64encode(value.encode()).decode(),
        base64.urlsafe_b64encode(value.encode()).decode(),
        html.escape(value),
        repr(value)[1:-1],
    ]
    for form in shown:
        text = redactor.redact(before + form + after)
        assert form not in text.replace("(secret)", "")
        assert redactor.finds(before + form + after)
    assert redactor.redact(redactor.redact(before + value)) == redactor.redact(before + value)


@given(st.text("abcdefghijklmnop+/", min_size=8, max_size=30), st.text("xyz:", max_size=7), st.text("xyz", max_size=7))
def test_a_secret_inside_longer_base64_is_found(value: str, before: str, after: str) -> None:
    redactor = Redactor()
    redactor.add(value)
    encoded = base64.b64encode(f"{before}{value}{after}".encode()).decode()
    if len(value) >= 10:  # 8 characters stay at every alignment
        assert redactor.finds(f"Authorization: Basic {encoded}")
        # Of the encoded value nothing is left but what its neighbours share with it.
        assert (
            max(len(rest) for rest in redactor.redact(encoded).split("(secret)"))
            <= (max(len(before), len(after)) + 2) * 4 / 3 + 4
        )


@given(st.lists(VALUES, min_size=1, max_size=8), st.data())
def test_overlapping_secrets_leave_no_part(values: list[str], data: st.DataObject) -> None:
    redactor = Redactor()
    for value in values:
        redactor.add(value)
    text = "".join(data.draw(st.lists(st.sampled_from(values), max_size=8)))
    assert set(redactor.redact(text)) <= set("(secret)")


def test_lines_of_a_key_are_hidden_one_by_one() -> None:
    redactor = Redactor()
    redactor.add("-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhk\nshort\n-----END PRIVATE KEY-----\n")
    assert redactor.redact("x MIIEvQIBADANBgkqhk y") == "x (secret) y"
    assert redactor.redact("-----BEGIN PRIVATE KEY-----") == "-----BEGIN PRIVATE KEY-----"


def test_what_contains_one_is_replaced_once_and_the_rest_stays() -> None:
    redactor = Redactor()
    for value in ("abc", "   ", "hunter2", "hunter2hunter3"):
        redactor.add(value)
    assert redactor.redact("abc hunter2hunter3, hunter2!") == "abc (secret), (secret)!"
    assert redactor.redact("hunter2hunter2") == "(secret)"


@dataclass(frozen=True)
class Holder:
    value: Any


def test_the_type_shows_nothing() -> None:
    secret = SecretText("hunter2")
    shown = [
        str(secret),
        repr(secret),
        f"{secret:>20}",
        f"{secret}",
        str([secret]),
        str(Holder(secret)),
        str(asdict(Holder(secret))),
    ]
    shown += [json.dumps(secret, default=str), str(vars(Holder(secret))), str(copy.deepcopy(secret))]
    assert not [text for text in shown if "hunter2" in text]
    for refused in (lambda: json.dumps(secret), lambda: pickle.dumps(secret)):
        with pytest.raises(TypeError):
            refused()
    assert (secret.reveal(), secret == SecretText("hunter2"), secret == "hunter2") == ("hunter2", True, False)


def test_joining_keeps_the_secret() -> None:
    secret = SecretText("pw", {"$secret": "DB"})
    joined = join(["postgres://u:", secret, "@h/", 5, True])
    assert isinstance(joined, SecretText)
    assert joined.reveal() == "postgres://u:pw@h/5true"
    assert joined.stored == {"$join": ["postgres://u:", {"$secret": "DB"}, "@h/", 5, True]}
    assert join(["a", 1]) == "a1"


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "$secret", "$join", "$sensitive", "$literal"]), inner, max_size=2)
    ),
    max_leaves=8,
)


@given(JSON, JSON)
def test_stored_forms_come_back(plain: Any, hidden: Any) -> None:
    secrets = store({"DB": {"env": "DB"}}, {"DB": "one two"})
    value = {
        "plain": plain,
        "hidden": sensitive(hidden, secrets),
        "named": secrets.resolve("DB"),
        "text": join(["a-", secrets.resolve("DB")]),
    }
    stored = to_stored(value)
    assert "one two" not in json.dumps(stored["named"]) + json.dumps(stored["text"])
    back = from_stored(json.loads(json.dumps(stored)), secrets)
    assert reveal(back) == {"plain": plain, "hidden": hidden, "named": "one two", "text": "a-one two"}
    assert to_stored(back) == stored
    rotated = from_stored(stored, store({"DB": {"env": "DB"}}, {"DB": "three"}))
    assert reveal(rotated["text"]) == "a-three"


def test_masks_and_scrubbing() -> None:
    secrets = store({"DB": {"env": "DB"}}, {"DB": "hunter2"})
    secret = secrets.resolve("DB")
    scrubbed = secrets.scrub({"a": ["x", "has hunter2 in it", secret, 5, None], "hunter2": 1, "n": 12345678})
    assert "hunter2" not in json.dumps(scrubbed)
    assert [is_masked(item) for item in scrubbed["a"]] == [False, True, True, False, False]
    assert scrubbed["n"] == 12345678
    assert secrets.mask(secret) == secrets.mask("hunter2") != secrets.mask("hunter3")
    hidden = sensitive({"port": 54321098, "on": True, "none": None}, secrets)
    assert isinstance(hidden["port"], SecretValue)
    assert is_masked(secrets.scrub(54321098))
    assert reveal(hidden) == {"port": 54321098, "on": True, "none": None}
    assert secrets.redact("true") == "true"


def test_sources(tmp_path: Path) -> None:
    (tmp_path / "wide").write_text("from file\n")
    (tmp_path / "wide").chmod(0o644)
    (tmp_path / "narrow").write_text("two\nlines\n\n")
    (tmp_path / "narrow").chmod(0o600)
    sources = {
        "ENV": {"env": "E"},
        "WIDE": {"file": str(tmp_path / "wide")},
        "NARROW": {"file": str(tmp_path / "narrow")},
        "COMMAND": {"command": ["sh", "-c", 'printf "%s" "out-$HIDDEN"; echo noise >&2']},
    }
    secrets = store(sources, {"E": "from env", "PATH": "/usr/bin:/bin", "HIDDEN": "x"})
    assert [secrets.resolve(name).reveal() for name in sources] == ["from env", "from file", "two\nlines\n", "out-"]
    assert secrets.redact("from env, out-, from file") == "(secret), (secret), (secret)"
    assert len(secrets.warnings) == 1
    assert "0644" in secrets.warnings[0]
    assert secrets.resolve("ENV").stored == {"$secret": "ENV"}


@pytest.mark.parametrize(
    ("source", "says"),
    [
        ({"env": "UNSET"}, "UNSET"),
        ({"env": "EMPTY"}, "EMPTY"),
        ({"file": "/nowhere/at/all"}, "/nowhere/at/all"),
        ({"file": "/"}, "directory"),
        ({"command": ["sh", "-c", "echo topsecret; exit 4"]}, "exit code 4"),
        ({"command": ["no-such-program"]}, "no-such-program"),
        ({"command": ["true"]}, "true"),
        ({"command": ["printf", "\\377\\376"]}, "UTF-8"),
        ({"command": ["printf", "a\\000b"]}, "NUL"),
        ({}, "no source"),
    ],
)
def test_a_secret_without_a_value_names_its_source(source: dict[str, Any], says: str) -> None:
    secrets = store({"DB_PASSWORD": source}, {"EMPTY": "", "PATH": "/usr/bin:/bin"})
    with pytest.raises(SecretUnresolved) as caught:
        secrets.resolve("DB_PASSWORD")
    assert "DB_PASSWORD" in caught.value.message
    assert says in caught.value.message
    assert "topsecret" not in str(caught.value)
    with pytest.raises(SecretUnresolved) as caught:
        secrets.resolve("DB_PASWORD")
    assert "DB_PASSWORD" in (caught.value.hint or "")
