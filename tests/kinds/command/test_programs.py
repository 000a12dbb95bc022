"""Programs that fail, lie, escape and leak, run for real."""

import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from interlock.kind import ApplyRequest, PlanRequest
from interlock.kinds.command.kind import CommandKind
from interlock.kinds.command.spec import CommandSettings
from interlock.model.digest import Keyed
from interlock.model.errors import InterlockError, TimedOut, ToolFailed, ToolMissing
from interlock.model.plan import Blob, Direction, Plan, Planned, intent_digest
from interlock.model.receipt import Outcome, Receipt
from interlock.testing.world import Outside, environ, outside, secret

KIND = CommandKind()
WRITE = "import json, os, sys; document = json.load(sys.stdin); write = lambda d: json.dump(d, open(os.environ['INTERLOCK_RESULT'], 'w')); "
EMPTY = "{'protocol': 1, 'changes': [], 'base': {}, 'target': document['target']}"
#: plans to create "a" until the file `flag` outside is there
ONE = (
    WRITE
    + "there = os.path.exists(os.environ['FLAG']); changes = [] if there else [{'address': 'a', 'action': 'create', 'after': 1, 'undo': 'restorable'}]; "
    "write({'protocol': 1, 'changes': changes, 'base': {'there': there}})"
)
MAKE = WRITE + "open(os.environ['FLAG'], 'w').close(); write({'protocol': 1, 'done': ['a']})"


class Case:
    """One component of programs given as text, in a world of its own."""

    def __init__(self, folder: Path, **settings: Any) -> None:
        self.out: Outside = outside(folder)
        self.work = folder / "work"
        self.source = self.work / "source"
        (self.source / "app").mkdir(parents=True)
        self.flag = folder / "flag"
        programs = {
            key: (sys.executable, "-c", text)
            for key, text in settings.items()
            if key in ("plan", "apply", "undo", "check")
        }
        others = {key: value for key, value in settings.items() if key not in programs}
        self.settings = CommandSettings(path="app", **programs, **others)
        self.inputs: dict[str, Any] = {}
        self.artifacts: dict[str, Path] = {}

    def plan(self, direction: Direction = Direction.DEPLOY, **more: Any) -> Planned:
        request = PlanRequest(
            component="thing", environment="testing", zone="staging", direction=direction, settings=self.settings, source=self.source, work=self.work,
            inputs=self.inputs, environ=environ(FLAG=str(self.flag)), artifacts=self.artifacts, held_back=("AWS_PROFILE",), **more,
        )  # fmt: skip
        return KIND.plan(request, self.out.world)

    def apply(self, planned: Planned, direction: Direction = Direction.DEPLOY) -> Receipt:
        blob = Blob("0" * 64, 0)
        plan = Plan("p-1", "thing", "testing", "command", direction, "", "", planned, blob, blob, "")
        request = ApplyRequest(
            plan,
            self.settings,
            "staging",
            self.source,
            self.work,
            self.inputs,
            environ(FLAG=str(self.flag)),
            artifacts=self.artifacts,
        )
        return KIND.apply(request, self.out.world)


@pytest.mark.parametrize(
    ("program", "slug"),
    [
        (WRITE + "write({}); sys.exit(1)", "tool-failed"),
        (WRITE + f"write({EMPTY}); sys.exit(2)", "tool-failed"),
        ("pass", "bad-result"),
        (WRITE + "open(os.environ['INTERLOCK_RESULT'], 'w').write('nonsense')", "bad-result"),
        (WRITE + "write({'protocol': 1})", "bad-result"),
        (WRITE + "os.mkdir(os.environ['INTERLOCK_RESULT'])", "bad-result"),
        ("import os; os.kill(os.getpid(), 9)", "tool-failed"),
    ],
)
def test_a_plan_program_that_fails_is_no_plan(tmp_path: Path, program: str, slug: str) -> None:
    with pytest.raises(ToolFailed) as caught:
        Case(tmp_path, plan=program, apply="pass").plan()
    assert caught.value.slug == slug
    assert caught.value.hint


def test_what_was_held_back_is_named(tmp_path: Path) -> None:
    with pytest.raises(ToolFailed) as caught:
        Case(tmp_path, plan="raise SystemExit('no credentials')", apply="pass").plan()
    assert "AWS_PROFILE" in (caught.value.hint or "")
    assert "no credentials" in caught.value.output


def test_a_missing_program_and_a_slow_one(tmp_path: Path) -> None:
    case = Case(tmp_path, plan="import time; time.sleep(600)", apply="pass", timeout="500ms")
    with pytest.raises(TimedOut):
        case.plan()
    for name in ("no-such-program-anywhere", "./not-here"):
        case.settings = case.settings.model_copy(update={"plan": (name,)})
        with pytest.raises(ToolMissing):
            case.plan()


def test_a_removal_by_a_program_that_ignores_it_is_refused(tmp_path: Path) -> None:
    case = Case(tmp_path, plan=ONE, apply=MAKE)
    case.flag.touch()
    assert case.plan().empty
    with pytest.raises(ToolFailed, match="target"):
        case.plan(Direction.REMOVE)


def test_the_copy_is_fresh_and_the_sources_stay(tmp_path: Path) -> None:
    program = (
        WRITE
        + f"assert os.listdir('.') == ['kept'], os.listdir('.'); open('left', 'w'); os.chmod('.', 0o500); write({EMPTY})"
    )
    case = Case(tmp_path, plan=program, apply="pass")
    (case.source / "app" / "kept").write_text("x")
    assert case.plan().empty
    assert case.plan().empty
    assert [p.name for p in (case.source / "app").iterdir()] == ["kept"]


def test_what_the_program_is_told(tmp_path: Path) -> None:
    program = (
        WRITE + "assert document['variables'] == {'n': 1, 's': 'hidden-value', 'f': document['artifacts']['components.b.artifacts.x']}, document; "
        "assert open(document['variables']['f']).read() == 'made'; assert document['direction'] == 'deploy' and document['undoing'] is None; "
        f"assert 'hidden-value' not in str(os.environ) + str(sys.argv[1:]); print('token hidden-value'); write({EMPTY})"
    ).replace("hidden-value", "hidden-" + "'+'" + "value")  # fmt: skip
    case = Case(tmp_path, plan=program, apply="pass")
    made = tmp_path / "made"
    made.write_text("made")
    case.inputs = {"n": 1, "s": secret(case.out, "hidden-value"), "f": "components.b.artifacts.x"}
    case.artifacts = {"components.b.artifacts.x": made}
    assert case.plan().empty
    assert "token (secret)" in case.out.lines


def test_an_honest_apply_completes(tmp_path: Path) -> None:
    case = Case(tmp_path, plan=ONE, apply=MAKE)
    receipt = case.apply(case.plan())
    assert receipt == Receipt(Outcome.COMPLETE, done=("a",), base={"empty": False, "program": {"there": True}})


@pytest.mark.parametrize("what", ["the arguments", "the sources"])
def test_an_approval_is_of_the_programs_too(tmp_path: Path, what: str) -> None:
    """They say the same about what would change, and may do something else."""

    def intent(planned: Planned) -> str:
        return intent_digest(
            Keyed(b"k" * 32),
            component="thing",
            environment="testing",
            direction=Direction.DEPLOY,
            planned=planned,
            inputs_digest="",
        )

    case = Case(tmp_path, plan=ONE, apply=MAKE)
    approved = case.plan()
    assert intent(case.plan()) == intent(approved)
    if what == "the arguments":
        case.settings = case.settings.model_copy(update={"apply": (sys.executable, "-c", "pass")})
    else:
        (case.source / "app" / "helper.py").write_text("other = True\n")
    changed = case.plan()
    assert changed.changes == approved.changes
    assert intent(changed) != intent(approved)


@pytest.mark.parametrize(
    ("apply", "outcome", "slug", "done"),
    [
        (
            WRITE + "write({'protocol': 1, 'done': ['a']})",
            Outcome.FAILED,
            "not-converged",
            (),
        ),  # says done, did nothing
        (WRITE + "write({'protocol': 1, 'done': []})", Outcome.FAILED, "bad-result", ()),
        (
            WRITE + "open(os.environ['FLAG'], 'w'); write({'protocol': 1, 'done': []})",
            Outcome.PARTIAL,
            "bad-result",
            ("a",),
        ),  # did it, denies it
        (
            WRITE + "open(os.environ['FLAG'], 'w'); write({'protocol': 1, 'done': ['a', 'b']})",
            Outcome.PARTIAL,
            "bad-result",
            ("a",),
        ),
        (WRITE + "open(os.environ['FLAG'], 'w'); sys.exit(1)", Outcome.PARTIAL, "tool-failed", ("a",)),
        ("raise SystemExit(1)", Outcome.FAILED, "tool-failed", ()),
        (MAKE.replace("write({'protocol': 1", "write({'protocol': 2"), Outcome.PARTIAL, "bad-result", ("a",)),
    ],
)
def test_an_apply_is_judged_by_looking(
    tmp_path: Path, apply: str, outcome: Outcome, slug: str, done: tuple[str, ...]
) -> None:
    case = Case(tmp_path, plan=ONE, apply=apply)
    receipt = case.apply(case.plan())
    assert (receipt.outcome, receipt.error_slug, receipt.done) == (outcome, slug, done)
    assert receipt.left == (() if done else ("a",))
    assert receipt.error


def test_when_looking_fails_after_an_apply_nothing_is_known(tmp_path: Path) -> None:
    plan = ONE.replace("write({", "sys.exit('blind') if there else write({")
    case = Case(tmp_path, plan=plan, apply=MAKE)
    receipt = case.apply(case.plan())
    assert (receipt.outcome, receipt.done, receipt.left) == (Outcome.UNKNOWN, (), ("a",))
    assert "blind" in receipt.error


def test_a_declared_output_that_was_not_published_is_a_failure(tmp_path: Path) -> None:
    case = Case(tmp_path, plan=ONE, apply=MAKE, outputs=("url",))
    receipt = case.apply(case.plan())
    assert (receipt.outcome, receipt.error_slug) == (Outcome.PARTIAL, "bad-result")


def test_an_undo_program_is_used_for_a_rollback(tmp_path: Path) -> None:
    case = Case(tmp_path, plan=ONE, apply="raise SystemExit('not I')", undo=MAKE.replace("done", "done"))
    assert case.apply(case.plan(Direction.UNDO), Direction.UNDO).outcome is Outcome.COMPLETE


def test_artifacts_of_programs_are_stored(tmp_path: Path) -> None:
    case = Case(tmp_path, plan=ONE, apply="open('out.txt', 'w').write('made'); " + MAKE, artifacts={"text": "out.txt"})
    receipt = case.apply(case.plan())
    assert case.out.blobs.get(receipt.artifacts["text"]) == b"made"


BUILDS = {
    "absent": ("pass", "not there"),
    "a folder": ("import os; os.makedirs('out/app')", "not there"),
    "a link out": ("import os; os.mkdir('out'); os.symlink('/etc/passwd', 'out/app')", "not there"),
    "a failing build": ("import os; os.mkdir('out'); open('out/app', 'w'); raise SystemExit(1)", "exit code 1"),
}


@pytest.mark.parametrize(("program", "says"), BUILDS.values(), ids=BUILDS)
def test_a_build_without_its_file_changes_nothing(tmp_path: Path, program: str, says: str) -> None:
    case = Case(tmp_path, apply=program, artifacts={"app": "out/app"})
    receipt = case.apply(case.plan())
    assert receipt.outcome is Outcome.FAILED
    assert says in receipt.error
    assert case.out.states.versions == []
    assert not case.plan().empty


def test_a_file_of_the_sources_does_not_pass_for_built(tmp_path: Path) -> None:
    case = Case(tmp_path, apply="pass", artifacts={"app": "app.txt"})
    (case.source / "app" / "app.txt").write_text("old")
    receipt = case.apply(case.plan())
    assert (receipt.outcome, receipt.error_slug) == (Outcome.FAILED, "bad-artifact")


def test_a_kept_build_is_put_back_without_running_anything(tmp_path: Path) -> None:
    program = "import os, time; open('app.out', 'w').write(open('in').read() + str(time.time_ns())); open(os.environ['FLAG'], 'a').write('x')"
    case = Case(tmp_path, apply=program, artifacts={"app": "app.out"})
    inside = case.source / "app" / "in"
    files = []
    for text in ("one", "two", "one"):
        inside.write_text(text)
        planned = case.plan()
        assert [c.address for c in planned.changes] == ["build"]
        files.append(case.apply(planned).artifacts["app"])
        assert case.plan().empty
    assert files[0] == files[2] != files[1]
    assert case.flag.read_text() == "xx"
    case.out.blobs.forget(files[1])
    inside.write_text("two")  # kept in the record, but its bytes are gone: built again
    planned = case.plan()
    assert planned.notes == ()
    assert case.apply(planned).outcome is Outcome.COMPLETE
    assert case.flag.read_text() == "xxx"


def test_a_rotated_secret_is_another_build_and_shows_only_that(tmp_path: Path) -> None:
    case = Case(tmp_path, apply="open('o', 'w')", artifacts={"app": "o"})
    case.inputs = {"token": secret(case.out, "first-secret")}
    case.apply(case.plan())
    case.inputs = {"token": secret(case.out, "second-secret")}
    (change,) = case.plan().changes
    assert change.reason == "changed: inputs"
    assert "second-secret" not in repr(change)
    state = case.out.states.versions[-1].data
    assert b"first-secret" not in state


def test_a_build_needs_managed_state(tmp_path: Path) -> None:
    case = Case(tmp_path, apply="pass", artifacts={"app": "o"})
    case.out.world = replace(case.out.world, state=None)
    with pytest.raises(InterlockError, match="managed state"):
        case.plan()


def test_a_record_that_is_not_ours_is_refused(tmp_path: Path) -> None:
    case = Case(tmp_path, apply="pass", artifacts={"app": "o"})
    for data in (b"{}", b'{"version": 4, "serial": 1, "lineage": "x", "resources": []}', b"[]", b"nonsense"):
        case.out.states.versions = [replace_version(data)]
        with pytest.raises(InterlockError, match="not one of ours"):
            case.plan()


def replace_version(data: bytes) -> Any:
    from interlock.app.state.protocol import StateVersion

    return StateVersion(data, 1, "x")


def test_the_stored_plan_of_another_component_is_refused(tmp_path: Path) -> None:
    case = Case(tmp_path, plan=ONE, apply=MAKE)
    planned = case.plan()
    assert planned.artifact
    draft = json.loads(case.out.blobs.get(planned.artifact))
    stolen = replace(planned, artifact=case.out.blobs.put(json.dumps({**draft, "component": "other"}).encode()))
    with pytest.raises(InterlockError, match="belongs to other"):
        case.apply(stolen)
    assert not case.flag.exists()
