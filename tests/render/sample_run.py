"""Deployments and drift as they may be in the middle and at the end: what the expected texts in cases/run show."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from interlock.model.change import Action, Change, Note
from interlock.model.check import CheckResult
from interlock.model.drift import DriftCause, DriftEntry, DriftReport, DriftVerdict, Ignored
from interlock.model.errors import Location, Problem
from interlock.model.gate import Gate, Verdict
from interlock.model.state import DeploymentState, StepState
from interlock.model.view import DeploymentView, EnvironmentView, StepView

NOW = datetime(2026, 11, 21, 14, 0, 0, tzinfo=UTC)


def ago(seconds: float) -> str:
    return (NOW - timedelta(seconds=seconds)).isoformat()


GATES = (
    Gate(
        "approval",
        Verdict.PENDING,
        "0 of 1 approvals of team platform",
        "interlock approve d-3f9k --env production",
        ago(320),
    ),
    Gate("hold", Verdict.PASS, "no hold"),
)
RUNNING = DeploymentView(
    "d-3f9k",
    DeploymentState.RUNNING,
    "3f9c2ab1" * 5,
    (
        EnvironmentView(
            "staging",
            (
                StepView("network", "staging", StepState.VERIFIED, ago(90), 12.3, changes="+2 ~1"),
                StepView(
                    "web",
                    "staging",
                    StepState.APPLYING,
                    ago(3),
                    20,
                    "lab_item.web: Still creating... [10s elapsed]",
                    changes="±1 -1",
                ),
                StepView("db", "staging", StepState.PLANNING, ago(8), 8, "lab_item.db: Refreshing state... [id=i-77]"),
                StepView("cache", "staging", StepState.UNCHANGED, ago(8), 1.2),
                StepView("app", "staging", StepState.DEFERRED, ago(8), 0, deferred=("components.web.outputs.url",)),
                StepView("dns", "staging", StepState.WAITING, ago(8), 0, needs=("staging/web", "staging/app")),
            ),
        ),
        EnvironmentView(
            "production",
            (
                StepView("network", "production", StepState.BLOCKED, ago(320), 0, gates=GATES, changes="+2 ~1"),
                StepView("web", "production", StepState.BLOCKED, ago(320), 0, gates=GATES, changes="±1 -1"),
                StepView("db", "production", StepState.WAITING),
            ),
        ),
    ),
    message="Grow the web tier and open port 22 to the office",
    started=ago(100),
    notices=("notification channel ops did not answer: 503",),
)
ENDED = replace(
    RUNNING,
    state=DeploymentState.PARTLY_CHANGED,
    failure="staging/web failed its verification",
    finished=ago(0),
    held="3f9c2ab1" * 5,
    environments=(
        EnvironmentView(
            "staging",
            (
                StepView(
                    "network",
                    "staging",
                    StepState.UNDO_FAILED,
                    ago(90),
                    12.3,
                    changes="+2 ~1",
                    error="undoing failed: lab_item.gateway: 409 still in use",
                    error_hint="it is used by what another client made",
                    undo="p-4a",
                ),
                StepView(
                    "web",
                    "staging",
                    StepState.UNDONE,
                    ago(3),
                    20,
                    changes="±1 -1",
                    error="check health failed",
                    undo="p-4b",
                    checks=(CheckResult("health", "http", False, "status 500, 200 wanted", 5, 10.0),),
                ),
                StepView("db", "staging", StepState.FAILED, ago(8), 8, error="apply failed: 500", done=1, left=2),
                StepView("dns", "staging", StepState.SKIPPED, error="staging/web failed"),
            ),
        ),
    ),
)


def _state(i: int) -> StepState:
    if i % 40 == 3:
        return StepState.APPLYING
    return StepState.WAITING if i % 2 else StepState.VERIFIED


MANY = replace(
    RUNNING,
    environments=(
        EnvironmentView(
            "staging",
            tuple(StepView(f"c{i:03}", "staging", _state(i), ago(3), 1.0, "working") for i in range(300)),
        ),
        RUNNING.environments[1],
    ),
)
DRIFT = DriftReport(
    (
        DriftEntry("network", "staging", DriftVerdict.CLEAN),
        DriftEntry(
            "web",
            "staging",
            DriftVerdict.DRIFTED,
            (DriftCause.CHANGED,),
            (Change("lab_item.web", Action.UPDATE, before={"size": 9}, after={"size": 2}),),
            hidden=(Note("ignored", "tags differs; ignore_changes hides it", "lab_item.web"),),
            ignored=(
                Ignored(
                    "lab_item.web",
                    'tags["touched"]',
                    "lab_item.* tags",
                    "ann@acme.example",
                    "2026-12-31",
                    "set by the scanner",
                ),
            ),
            release="r-12",
            commit="3f9c2ab1" * 5,
            since="2026-11-20T10:00:00+00:00",
        ),
        DriftEntry(
            "db",
            "production",
            DriftVerdict.UNCHECKED,
            error="tofu init failed: no credentials",
            error_hint="AWS_PROFILE was held back",
        ),
    )
)
SOURCE = "components:\n  app:\n    kind: opentofu\n    depends_on: [netwrok]\n\tbad: 1\n"
PROBLEMS = (
    Problem(
        Location("interlock.yaml", 4, 18),
        "unknown-component",
        "component 'netwrok' does not exist",
        value="netwrok",
        nearest="network",
        hint="name a component of this file",
    ),
    Problem(Location("interlock.yaml", 5, 1), "yaml", "a tab cannot indent"),
    Problem(Location("interlock.yaml", 99, 1), "beyond", "a line that is not there"),
    Problem(
        Location("stacks/app/main.tf"),
        "format",
        "is not formatted",
        severity="warning",
        detail="--- a\n+++ b\n-a=1\n+a = 1\n",
        hint="run: tofu fmt stacks/app",
    ),
)
