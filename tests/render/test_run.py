"""A deployment, drift, problems and tables as lines: expected texts, and what holds for every deployment."""

import json
import unicodedata
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from interlock.model.check import CheckResult
from interlock.model.drift import DriftEntry, DriftReport, DriftVerdict
from interlock.model.gate import Gate, Verdict
from interlock.model.state import DeploymentState, StepState
from interlock.model.view import DeploymentView, EnvironmentView, StepView
from interlock.render.drift import drift_json, drift_terminal
from interlock.render.line import Look, cells, plain_text
from interlock.render.live import live_tree
from interlock.render.problems import problems_terminal
from interlock.render.run import failure_text, gates_text, next_commands, plain_events, status_text
from interlock.render.table import Cell, Column, table
from interlock.render.tree import tree_lines

from .sample_run import DRIFT, ENDED, MANY, NOW, PROBLEMS, RUNNING, SOURCE

CASES = Path(__file__).parent / "cases" / "run"
COLUMNS = [Column("ID"), Column("State"), Column("Message", flexible=True), Column("Time", right=True)]
ROWS = [
    ["d-3f9k", Cell("verified", "good"), "Grow the web tier and open port 22 to the office, " * 2, "1m20s"],
    ["d-3f9m", "running", "東京", "3s"],
]

FORMS: dict[str, Callable[[], str]] = {
    "running-80.txt": lambda: status_text(RUNNING, NOW, width=80),
    "running-ascii-120.txt": lambda: status_text(RUNNING, NOW, width=120, unicode=False),
    "ended-80.txt": lambda: status_text(ENDED, NOW, width=80),
    "ended-colour-80.txt": lambda: status_text(ENDED, NOW, width=80, color=True).replace("\x1b", "\\e"),
    "many-80.txt": lambda: live_tree(MANY, NOW, 80, rows=20).plain + "\n",
    "events.txt": lambda: "\n".join([*plain_events(None, RUNNING), "--", *plain_events(RUNNING, ENDED)]) + "\n",
    "drift-80.txt": lambda: drift_terminal(DRIFT, width=80),
    "drift.json": lambda: json.dumps(drift_json(DRIFT), indent=2, ensure_ascii=False) + "\n",
    "problems.txt": lambda: problems_terminal(PROBLEMS, sources={"interlock.yaml": SOURCE}),
    "table-60.txt": lambda: table(COLUMNS, ROWS, width=60),
    "table-piped.txt": lambda: table(COLUMNS, ROWS, width=None),
}

texts = st.sampled_from(["", "x", "\x1b[2J\x07", "a\nb", "\u202e", "w" * 300, "東京"])
gates = st.builds(
    Gate, texts, st.sampled_from(Verdict), texts, texts, st.sampled_from(["", "not a time", NOW.isoformat()])
)
steps = st.builds(
    StepView,
    st.from_regex(r"[a-z]{1,12}", fullmatch=True),
    st.just("staging"),
    st.sampled_from(StepState),
    st.sampled_from(["", NOW.isoformat(), "2026-11-21T13:00:00"]),
    st.floats(0, 1e6),
    texts,
    st.lists(gates, max_size=2).map(tuple),
    st.lists(st.builds(CheckResult, texts, texts, st.booleans(), texts), max_size=1).map(tuple),
    st.just(()),
    st.lists(texts, max_size=2).map(tuple),
    error=texts,
    error_hint=texts,
    done=st.integers(0, 3),
    left=st.integers(0, 3),
    undo=texts,
)
views = st.builds(
    lambda state, found, failure: DeploymentView(
        "d-1", state, "c" * 40, (EnvironmentView("staging", tuple(found)),), failure=failure, started=NOW.isoformat()
    ),
    st.sampled_from(DeploymentState),
    st.lists(steps, max_size=6, unique_by=lambda step: step.component),
    texts,
)


@pytest.mark.parametrize("name", FORMS)
def test_as_expected(name: str) -> None:
    assert FORMS[name]() == (CASES / name).read_text(encoding="utf-8")


@given(views, st.integers(40, 120), st.booleans())
def test_nothing_acts_on_the_terminal_and_what_is_bad_is_told(view: DeploymentView, width: int, unicode: bool) -> None:
    text = status_text(view, NOW, width=width, unicode=unicode)
    assert not {c for c in text if c != "\n" and unicodedata.category(c) in ("Cc", "Cf", "Zl", "Zp")}
    for step in view.steps:
        if step.state.bad:
            assert step.name in text, text
    live_tree(view, NOW, width, unicode=unicode)
    gates_text([gate for step in view.steps for gate in step.gates], NOW)


@given(views)
def test_a_bad_end_says_what_is_left_and_what_to_type(view: DeploymentView) -> None:
    if view.state.bad:
        assert "What is left: " in failure_text(view)
        assert any("interlock " in command for command in next_commands(view))


@given(views, views)
def test_events_are_one_line_per_change_of_state(before: DeploymentView, after: DeploymentView) -> None:
    assert plain_events(after, after) == []
    was = {step.name: step for step in before.steps}
    changed = [s for s in after.steps if s.name in was and was[s.name].state is not s.state]
    lines = plain_events(before, after)
    assert all("\n" not in text for text in lines)
    for step in changed:
        assert sum(text.startswith(f"{step.name} ") for text in lines) == 1


@pytest.mark.parametrize("state", list(StepState))
def test_every_step_state_has_its_sign(state: StepState) -> None:
    view = replace(RUNNING, environments=(EnvironmentView("staging", (StepView("web", "staging", state),)),))
    text = "\n".join(plain_text(spans) for spans in tree_lines(view, NOW, Look(80)))
    assert str(state).replace("_", " ") in text


@pytest.mark.parametrize("state", list(DeploymentState))
def test_every_deployment_state_is_shown(state: DeploymentState) -> None:
    assert str(state).replace("_", " ") in status_text(replace(RUNNING, state=state), NOW)


def test_folding_keeps_what_needs_a_person() -> None:
    states = (
        [StepState.VERIFIED] * 200
        + [StepState.FAILED, StepState.BLOCKED, StepState.APPLYING]
        + [StepState.WAITING] * 200
    )
    found = tuple(StepView(f"c{i:03}", "staging", state) for i, state in enumerate(states))
    view = replace(RUNNING, environments=(EnvironmentView("staging", found),))
    lines = [plain_text(spans) for spans in tree_lines(view, NOW, Look(80), rows=10)]
    assert len(lines) < 20
    for name in ("c200", "c201", "c202"):
        assert any(name in text for text in lines)
    assert any("200 waiting, 200 verified" in text for text in lines)


def test_interrupted_is_never_told_as_known() -> None:
    step = StepView("web", "staging", StepState.INTERRUPTED, error="the apply was cut off")
    view = DeploymentView("d-1", DeploymentState.PARTLY_CHANGED, "c", (EnvironmentView("staging", (step,)),))
    assert "staging/web: unknown, cut off while applying" in failure_text(view)


def test_a_view_without_now_has_no_running_times() -> None:
    assert status_text(RUNNING) == status_text(RUNNING)
    assert "5m20s" not in status_text(RUNNING)


@pytest.mark.parametrize(
    ("verdicts", "exit_code"),
    [
        ([], 0),
        (["clean"], 0),
        (["clean", "drifted"], 2),
        (["clean", "unchecked"], 1),
        (["drifted", "unchecked"], 1),
    ],
)
def test_drift_that_could_not_be_checked_is_never_zero(verdicts: list[str], exit_code: int) -> None:
    report = DriftReport(tuple(DriftEntry(f"c{i}", "staging", DriftVerdict(v)) for i, v in enumerate(verdicts)))
    assert int(report.exit) == exit_code
    assert drift_json(report)["exit"] == exit_code


def test_a_table_keeps_its_width_and_aligns_wide_letters() -> None:
    lines = table(COLUMNS, ROWS, width=50).splitlines()
    assert all(cells(text) <= 50 for text in lines)
    assert len({cells(text) for text in lines}) == 1
    assert table(COLUMNS, [], empty="no deployments yet") == "no deployments yet\n"
    with pytest.raises(ValueError):
        table(COLUMNS, [["one"]])
