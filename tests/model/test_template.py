"""References in values: what is one, what it resolves to, and what is refused."""

import contextlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.model.template import FORMS, Reference, TemplateError, parse, references, resolve, text_of

from .cases import each, load

VALUES = load("template")["values"]
names = st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,6}", fullmatch=True)
reference_values = st.one_of(
    st.builds(lambda a, b: Reference("component_output", (a, b)), names, names),
    st.builds(lambda a, b: Reference("component_artifact", (a, b)), names, names),
    st.builds(lambda a: Reference("output", (a,)), names),
    st.sampled_from([Reference("environment", ("name",)), Reference("environment", ("zone",))]),
    st.just(Reference("commit", ("commit",))),
    st.builds(lambda a: Reference("secret", (a.replace("-", "_"),)), names),
)
texts = st.text(alphabet=st.sampled_from("ab $é{}\n"), max_size=12)


def look_up(reference: Reference) -> Any:
    return VALUES[str(reference)]


def shown(part: str | Reference) -> Any:
    return part if isinstance(part, str) else {part.form: list(part.arguments)}


@each("template", "parse")
def test_parse(case: dict[str, Any]) -> None:
    assert [shown(part) for part in parse(case["text"])] == case["parts"]


@each("template", "malformed")
def test_malformed(case: dict[str, Any]) -> None:
    with pytest.raises(TemplateError) as caught:
        parse(case["text"])
    assert caught.value.text == case["part"]


@each("template", "resolve")
def test_resolve(case: dict[str, Any]) -> None:
    found = resolve(case["value"], look_up)
    assert found == case["is"]
    assert type(found) is type(case["is"])


@each("template", "unresolvable")
def test_unresolvable(case: dict[str, Any]) -> None:
    with pytest.raises(TemplateError):
        resolve(case["value"], look_up)


def test_what_cannot_be_looked_up_raises() -> None:
    with pytest.raises(KeyError):
        resolve({"a": ["${outputs.other}"]}, look_up)


def test_every_form_is_named_to_who_writes_another() -> None:
    with pytest.raises(TemplateError) as caught:
        parse("${nothing}")
    assert FORMS in str(caught.value)
    for form in FORMS.replace("NAME", "a").replace("OUTPUT", "b").split(", "):
        assert isinstance(parse(f"${{{form}}}")[0], Reference)


def test_references_of_a_document_in_its_order() -> None:
    value = {"b": ["${outputs.x}", "${commit}-${outputs.x}"], "a": {"c": "${secret:S}"}, "d": "$${commit}", "${n}": 1}
    assert [str(r) for r in references(value)] == ["outputs.x", "commit", "outputs.x", "secret:S"]


def test_a_joiner_sees_every_part() -> None:
    assert resolve("a${commit}b", look_up, join=lambda parts: parts) == ["a", "abc123", "b"]


def test_a_joiner_is_not_asked_for_a_whole_value() -> None:
    assert resolve("${commit}", look_up, join=lambda parts: pytest.fail("asked")) == "abc123"


@given(reference_values)
def test_a_reference_reads_back_as_itself(reference: Reference) -> None:
    assert parse(f"${{{reference}}}") == (reference,)


@given(texts)
def test_an_escaped_text_comes_back_as_it_is(text: str) -> None:
    """Nothing in it is a reference. A dollar right before `${` belongs to the escape, so it is set apart here."""
    text = text.replace("$${", "$ {")
    assert list(references(text.replace("${", "$${"))) == []
    assert resolve(text.replace("${", "$${"), lambda reference: pytest.fail(str(reference))) == text


@given(st.lists(st.one_of(st.text(alphabet="ab {}", max_size=5), reference_values), max_size=6))
def test_parts_come_back_in_order(parts: list[str | Reference]) -> None:
    text = "".join(part if isinstance(part, str) else f"${{{part}}}" for part in parts)
    found = resolve(text, lambda reference: f"<{reference}>")
    assert found == "".join(part if isinstance(part, str) else f"<{part}>" for part in parts)


@given(st.text(max_size=30))
def test_any_text_parses_or_is_refused(text: str) -> None:
    parts: tuple[Any, ...] = ()
    with contextlib.suppress(TemplateError):
        parts = parse(text)
    assert all(part != "" for part in parts)


@given(st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text())
def test_scalars_have_a_text(value: Any) -> None:
    assert isinstance(text_of(value), str)
