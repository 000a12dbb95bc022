"""Manifests and releases as stored JSON and back, and the rules that stand on them."""

import dataclasses
import json
import types
from collections.abc import Mapping
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interlock.model.affected import AffectedPair, AffectedReport, LeftOut, Reason, ReasonType, by_weight
from interlock.model.change import masked
from interlock.model.codec import decode, encode
from interlock.model.drift import DriftEntry, DriftReport, DriftVerdict
from interlock.model.errors import Corrupt, Exit
from interlock.model.manifest import EnvironmentSpec, Manifest, Pair, Step
from interlock.model.plan import Blob, Direction, Plan
from interlock.model.receipt import Outcome, Receipt
from interlock.model.release import STANDING, Release, ReleaseStatus
from interlock.model.state import DeploymentState, StepState
from interlock.model.view import DeploymentView

texts = st.text(max_size=6)
plain = st.recursive(
    st.none() | st.booleans() | st.integers() | texts | st.just(masked("a" * 64)),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(texts, inner, max_size=2),
    max_leaves=4,
)
simple: dict[Any, Any] = {
    str: texts,
    bool: st.booleans(),
    int: st.integers(),
    float: st.floats(allow_nan=False),
    Any: plain,
    type(None): st.none(),
}


def of(hint: Any) -> st.SearchStrategy[Any]:
    """Values of an annotation, with every field given: what is left to a default would go unproven."""
    origin, arguments = get_origin(hint), get_args(hint)
    if hint in simple:
        return simple[hint]
    if origin in (Union, types.UnionType):
        return st.one_of([of(argument) for argument in arguments])
    if origin is tuple and arguments[1:] == (...,):
        return st.lists(of(arguments[0]), max_size=2).map(tuple)
    if origin is tuple:
        return st.tuples(*map(of, arguments))
    if origin is Mapping:
        return st.dictionaries(of(arguments[0]), of(arguments[1]), max_size=2)
    if issubclass(hint, Enum):
        return st.sampled_from(hint)
    hints = get_type_hints(hint)
    return st.builds(hint, **{field.name: of(hints[field.name]) for field in dataclasses.fields(hint)})


PAIR = Pair("app", "staging", "opentofu", {"path": "stacks/app"})
STEP = Step(PAIR, Direction.DEPLOY, ("own file",), Blob("ab" * 32, 1), "c1", "t1")
MANIFEST = Manifest("d-1", "deploy", "c1", "t1", "", ("ann",), "ann", (EnvironmentSpec("staging"),), (STEP,))


def through_json(value: Any) -> Any:
    return json.loads(json.dumps(encode(value)))


@pytest.mark.parametrize(
    "type_", [Manifest, Release, Plan, Receipt, DriftReport, DeploymentView], ids=lambda t: t.__name__
)
def test_a_record_reads_back_as_it_was(type_: Any) -> None:
    @settings(suppress_health_check=list(HealthCheck), deadline=None, max_examples=30)
    @given(of(type_))
    def reads_back(value: Any) -> None:
        assert decode(type_, through_json(value)) == value

    reads_back()


@pytest.mark.parametrize("field", [f.name for f in dataclasses.fields(Manifest)][:9])
def test_a_manifest_that_lost_a_field_is_refused(field: str) -> None:
    stored = through_json(MANIFEST)
    del stored[field]
    with pytest.raises(Corrupt):
        decode(Manifest, stored)


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (("steps", 0, "direction"), "sideways"),
        (("steps", 0, "to_nothing"), "false"),
        (("steps", 0, "to_nothing"), 0),
        (("steps", 0, "surprise"), 1),
        (("steps", 0, "pair"), None),
        (("environments", 0, "approvals"), {}),
        (("environments", 0, "approvals"), [{"count": "0"}]),
        (("environments", 0, "approvals"), [{"count": True}]),
        (("environments", 0, "soak"), "1s"),
        (("authors",), "ann"),
        (("authors",), None),
        (("left_out",), [["a", "b"]]),
    ],
    ids=str,
)
def test_a_manifest_that_was_altered_is_refused(place: tuple[Any, ...], value: Any) -> None:
    stored = through_json(MANIFEST)
    inner = stored
    for part in place[:-1]:
        inner = inner[part]
    inner[place[-1]] = value
    with pytest.raises(Corrupt) as caught:
        decode(Manifest, stored)
    assert caught.value.slug == "record-unreadable"


def test_names_of_pair_and_step() -> None:
    assert PAIR.name == STEP.name == "staging/app"


def test_what_stands_and_what_does_not() -> None:
    assert set(STANDING) == {ReleaseStatus.APPLIED, ReleaseStatus.VERIFIED, ReleaseStatus.FAILED}
    assert set(ReleaseStatus) - set(STANDING) == {ReleaseStatus.UNDONE, ReleaseStatus.REMOVED}


def test_only_these_outcomes_are_good() -> None:
    assert {o for o in Outcome if Receipt(o).ok} == {Outcome.COMPLETE, Outcome.UNCHANGED}


def test_states_of_a_step_fit_together() -> None:
    for state in StepState:
        assert not (state.active and state.terminal), state
        assert not (state.done and state.bad), state
        assert state.terminal or not (state.done or state.bad), state
    idle = {state for state in StepState if not (state.active or state.terminal)}
    assert idle == {StepState.WAITING, StepState.DEFERRED, StepState.BLOCKED}


def test_states_of_a_deployment_fit_together() -> None:
    assert {state for state in DeploymentState if state.bad and not state.terminal} == {DeploymentState.INTERRUPTED}
    assert not DeploymentState.VERIFIED.bad
    going = {state for state in DeploymentState if not state.terminal}
    assert going == {DeploymentState.PLANNED, DeploymentState.RUNNING, DeploymentState.BLOCKED,
                     DeploymentState.ROLLING_BACK, DeploymentState.INTERRUPTED}  # fmt: skip


@given(st.lists(st.sampled_from(DriftVerdict), max_size=4))
def test_what_could_not_be_checked_is_never_clean(verdicts: list[DriftVerdict]) -> None:
    report = DriftReport(tuple(DriftEntry(f"c{i}", "staging", verdict) for i, verdict in enumerate(verdicts)))
    if DriftVerdict.UNCHECKED in verdicts:
        assert report.exit is Exit.FAILED
    else:
        assert report.exit is (Exit.CHANGES if DriftVerdict.DRIFTED in verdicts else Exit.DONE)


def test_reasons_in_the_order_that_a_person_wants() -> None:
    found = [Reason(kind, text, path) for kind in reversed(ReasonType) for path in "ba" for text in "yx"]
    ordered = sorted(found, key=by_weight)
    assert [reason.type for reason in ordered[::4]] == list(ReasonType)
    assert [(reason.path, reason.text) for reason in ordered[:4]] == [("a", "x"), ("a", "y"), ("b", "x"), ("b", "y")]
    assert ReasonType.REMOVED is ordered[0].type
    assert ReasonType.DEPENDENCY is ordered[-1].type


def test_affected_as_json_and_by_name() -> None:
    pair = AffectedPair("app", "staging", "opentofu", (Reason(ReasonType.OWN_FILE, "main.tf changed", "app/main.tf"),))
    report = AffectedReport("c1", "t1", (pair,), (LeftOut("net", "staging", "nothing of it changed"),), ("README.md",))
    assert pair.name == "staging/app"
    assert report.get("staging", "app") is pair
    assert report.get("staging", "net") is None
    assert report.get("app", "staging") is None
    document = json.loads(json.dumps(report.to_json()))
    assert (document["type"], document["version"], document["unclaimed"]) == ("affected", 1, ["README.md"])
    assert document["pairs"][0]["reasons"] == [{"type": "own file", "text": "main.tf changed", "path": "app/main.tf"}]
