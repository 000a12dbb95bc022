"""The obligations of a kind as tests. Every kind must pass them; a kind that does has plans, exact apply, rollback, drift and removal for nothing.

For the author of a kind: write a `Harness` over a real world (a server, a cluster, a folder; never a mock of the kind's own code), and

    class TestMyKind(KindConformance):
        @pytest.fixture
        def harness(self, tmp_path): ...   # yield MyHarness(tmp_path); close it after

The suite drives the kind as the engine does (`Driver`): sources materialised at one path, plans stored, artifacts in blobs, then looks at the
world itself through `contents`, never only at what the kind says of it.

One file, because it is read as one list: each test is an obligation, and a suite that is inherited has to be one class.

Versions: "one" and "two" are two states of the sources. From "one" to "two" something is created and something updated; nothing that undoing would lose.
"""

import base64
import json
import shutil
import threading
import urllib.parse
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel

from interlock.kind import ApplyRequest, CheckRequest, Kind, PlanRequest
from interlock.model.change import Action
from interlock.model.codec import decode, encode
from interlock.model.digest import Keyed, canonical
from interlock.model.errors import ArtifactMismatch, Cancelled, InterlockError, LeaseLost, StalePlan
from interlock.model.plan import Direction, Plan, Planned, intent_digest
from interlock.model.receipt import Outcome, Receipt
from interlock.testing.world import KEY, Outside

SECRET = "conformance/planted secret+7f3a"  # with characters that JSON, URLs and base64 write differently
_LONG = 120.0  # seconds that a slow apply would take if nobody stopped it


class Harness(ABC):
    """One kind over one fresh, real world. `outside` is the World handed to the kind; `SECRET` must be among the inputs or contents."""

    kind: Kind
    outside: Outside
    folder: Path
    component = "thing"
    environment = "testing"
    zone = "staging"

    @abstractmethod
    def settings(self) -> BaseModel: ...

    @abstractmethod
    def write_source(self, root: Path, version: str) -> None:
        """The component's files of that version, below `root` as in a repository. "broken" is a version that `check` must refuse."""

    @abstractmethod
    def contents(self) -> Any:
        """The world as JSON, read without the kind; what the world makes up by itself (ids, times) left out."""

    @abstractmethod
    def meddle(self) -> None:
        """Change something that the kind deployed, behind its back, so that planning must see it."""

    @abstractmethod
    def move_base(self) -> None:
        """Make every plan stale that was made before, as another client of the same world would."""

    @abstractmethod
    def writes(self) -> int:
        """How many writes the world has seen: its own journal, never the kind's word."""

    def inputs(self) -> Mapping[str, Any]:
        return {}

    def environ(self) -> Mapping[str, str]:
        return {}

    def slow(self, seconds: float) -> None:
        """From now on an apply takes so long, with something written early and something late. 0 ends it."""
        raise NotImplementedError

    def fail(self, failing: bool) -> None:
        """From now on an apply fails after its first write, and the tool's own words hold SECRET."""
        raise NotImplementedError

    def close(self) -> None:  # noqa: B027
        """End what was started. Most worlds need nothing."""


class Driver:
    """Does what the engine does around a kind, and no more."""

    def __init__(self, harness: Harness) -> None:
        self.harness = harness
        self.work = harness.folder / "work"
        self.source = self.work / "source"
        self.work.mkdir(parents=True, exist_ok=True)
        self._plans = 0

    def materialise(self, version: str) -> None:
        shutil.rmtree(self.source, ignore_errors=True)
        self.source.mkdir(parents=True)
        self.harness.write_source(self.source, version)

    def plan(
        self,
        version: str,
        direction: Direction = Direction.DEPLOY,
        *,
        undoing: Plan | None = None,
        to_nothing: bool = False,
        speculative: bool = False,
    ) -> Plan:
        harness = self.harness
        self.materialise(version)
        planned = harness.kind.plan(
            PlanRequest(
                component=harness.component,
                environment=harness.environment,
                zone=harness.zone,
                direction=direction,
                settings=harness.settings(),
                source=self.source,
                work=self.work,
                inputs=harness.inputs(),
                environ=harness.environ(),
                speculative=speculative,
                undoing=undoing,
                undo_to_nothing=to_nothing,
            ),
            harness.outside.reading(),
        )
        return self.stored(version, direction, planned, speculative=speculative)

    def stored(self, version: str, direction: Direction, planned: Planned, *, speculative: bool = False) -> Plan:
        """A `Plan` around it; the closure's blob only remembers which version it was."""
        self._plans += 1
        harness = self.harness
        return Plan(
            id=f"p-{self._plans}",
            component=harness.component,
            environment=harness.environment,
            kind=harness.kind.name,
            direction=direction,
            commit="",
            tree=version,
            planned=planned,
            closure=harness.outside.blobs.put(version.encode()),
            inputs=harness.outside.blobs.put(b"inputs"),
            intent=intent_digest(
                Keyed(KEY),
                component=harness.component,
                environment=harness.environment,
                direction=direction,
                planned=planned,
                inputs_digest="",
            ),
            speculative=speculative,
        )

    def apply(self, plan: Plan) -> Receipt:
        harness = self.harness
        self.materialise(plan.tree)
        request = ApplyRequest(
            plan=decode(
                Plan, json.loads(canonical(encode(plan)))
            ),  # what comes out of the store, not the object that went in
            settings=harness.settings(),
            zone=harness.zone,
            source=self.source,
            work=self.work,
            inputs=harness.inputs(),
            environ=harness.environ(),
        )
        return harness.kind.apply(request, harness.outside.world)

    def deploy(self, version: str) -> tuple[Plan, Receipt]:
        plan = self.plan(version)
        receipt = self.apply(plan)
        assert receipt.ok, receipt
        return plan, receipt


def writing(plan: Plan) -> list[str]:
    return sorted(change.address for change in plan.changes if change.writes)


def holds_secret(*values: Any) -> list[str]:
    """In which forms SECRET is found in the values' JSON, repr and text."""
    text = "\n".join(
        part
        for value in values
        for part in (json.dumps(encode(value), default=repr, ensure_ascii=False), repr(value), str(value))
    )
    forms = {
        "clear": SECRET,
        "JSON": json.dumps(SECRET)[1:-1],
        "URL": urllib.parse.quote(SECRET, safe=""),
        "base64": base64.b64encode(SECRET.encode()).decode(),
    }
    return sorted(name for name, form in forms.items() if form in text)


class KindConformance:
    """Subclass it and give it a `harness` fixture."""

    @pytest.fixture
    def driver(self, harness: Harness) -> Driver:
        return Driver(harness)

    # --- plan

    def test_plan_only_reads(self, driver: Driver) -> None:
        harness = driver.harness
        driver.deploy("one")
        before, writes = harness.contents(), harness.writes()
        assert not driver.plan("two").empty
        assert not driver.plan("two", speculative=True).empty
        assert not driver.plan("one", Direction.REMOVE).empty
        assert (harness.contents(), harness.writes()) == (before, writes)

    def test_plan_leaves_the_sources_alone(self, driver: Driver) -> None:
        def files() -> dict[str, bytes]:
            return {str(p.relative_to(driver.source)): p.read_bytes() for p in driver.source.rglob("*") if p.is_file()}

        driver.materialise("one")
        before = files()
        driver.plan("one")
        assert {path: data for path, data in files().items() if path in before} == before

    def test_plan_is_deterministic_and_sorted(self, driver: Driver) -> None:
        driver.deploy("one")
        first, second = driver.plan("two"), driver.plan("two")
        assert encode(replace(first.planned, artifact=None)) == encode(replace(second.planned, artifact=None))
        assert first.intent == second.intent
        assert [c.sort_key for c in first.changes] == sorted(c.sort_key for c in first.changes)
        assert len({c.sort_key for c in first.changes}) == len(first.changes)

    def test_plan_says_what_it_creates_and_updates(self, driver: Driver) -> None:
        assert {c.action for c in driver.plan("one").changes if c.writes} == {Action.CREATE}
        driver.deploy("one")
        assert Action.UPDATE in {c.action for c in driver.plan("two").changes}

    def test_base_says_whether_something_stood_there(self, driver: Driver) -> None:
        assert driver.plan("one").planned.base.get("empty") is True
        driver.deploy("one")
        assert driver.plan("two").planned.base.get("empty") is not True

    def test_values_survive_being_stored(self, driver: Driver) -> None:
        plan, receipt = driver.deploy("one")
        assert decode(Planned, json.loads(canonical(encode(plan.planned)))) == plan.planned
        assert encode(decode(Receipt, json.loads(canonical(encode(receipt))))) == encode(receipt)

    # --- apply

    def test_apply_does_the_plan_and_says_so(self, driver: Driver) -> None:
        empty = driver.harness.contents()
        plan, receipt = driver.deploy("one")
        assert receipt.outcome is Outcome.COMPLETE
        assert sorted(receipt.done) == writing(plan)
        assert receipt.left == ()
        assert driver.harness.contents() != empty

    def test_plan_after_apply_is_empty(self, driver: Driver) -> None:
        for version in ("one", "two"):
            driver.deploy(version)
            again = driver.plan(version)
            assert again.empty, again.changes

    def test_apply_holds_the_lease_when_it_writes(self, driver: Driver) -> None:
        driver.deploy("one")
        assert driver.harness.outside.lease.checked > 0

    def test_a_lost_lease_writes_nothing(self, driver: Driver) -> None:
        plan = driver.plan("one")
        before, writes = driver.harness.contents(), driver.harness.writes()
        driver.harness.outside.lease.lose()
        with pytest.raises(LeaseLost):
            driver.apply(plan)
        assert (driver.harness.contents(), driver.harness.writes()) == (before, writes)

    def test_a_moved_base_is_refused(self, driver: Driver) -> None:
        driver.deploy("one")
        plan = driver.plan("two")
        driver.harness.move_base()
        before, writes = driver.harness.contents(), driver.harness.writes()
        with pytest.raises(StalePlan):
            driver.apply(plan)
        assert (driver.harness.contents(), driver.harness.writes()) == (before, writes)

    def test_a_second_apply_of_one_plan_changes_nothing(self, driver: Driver) -> None:
        plan, _ = driver.deploy("one")
        before, writes = driver.harness.contents(), driver.harness.writes()
        try:
            receipt = driver.apply(plan)
        except StalePlan:
            pass
        else:
            assert receipt.outcome is Outcome.UNCHANGED
        assert (driver.harness.contents(), driver.harness.writes()) == (before, writes)

    def test_a_speculative_plan_is_never_applied(self, driver: Driver) -> None:
        plan = driver.plan("one", speculative=True)
        before, writes = driver.harness.contents(), driver.harness.writes()
        with pytest.raises(StalePlan):
            driver.apply(plan)
        assert (driver.harness.contents(), driver.harness.writes()) == (before, writes)

    @pytest.mark.parametrize("how", ["altered", "absent", "swapped"])
    def test_a_stored_plan_that_is_not_the_planned_one_is_refused(self, driver: Driver, how: str) -> None:
        plan, blobs = driver.plan("one"), driver.harness.outside.blobs
        assert plan.planned.artifact is not None
        if how == "altered":
            blobs.alter(plan.planned.artifact)
        elif how == "absent":
            blobs.forget(plan.planned.artifact)
        else:
            plan = replace(plan, planned=replace(plan.planned, artifact=blobs.put(b"bytes of something else")))
        before, writes = driver.harness.contents(), driver.harness.writes()
        with pytest.raises(ArtifactMismatch):
            driver.apply(plan)
        assert (driver.harness.contents(), driver.harness.writes()) == (before, writes)

    def test_a_failed_apply_is_told_truthfully(self, driver: Driver) -> None:
        driver.harness.fail(True)
        plan = driver.plan("one")
        before = driver.harness.contents()
        receipt = driver.apply(plan)
        assert receipt.outcome in (Outcome.PARTIAL, Outcome.UNKNOWN, Outcome.FAILED)
        assert receipt.error
        if receipt.outcome is Outcome.FAILED:
            assert driver.harness.contents() == before
        driver.harness.fail(False)
        rest = writing(driver.plan("one"))
        assert not set(receipt.done) & set(rest)
        if receipt.outcome is Outcome.PARTIAL:
            assert set(receipt.left) >= set(rest) & set(writing(plan))
        driver.deploy("one")
        assert driver.plan("one").empty

    def test_cancel_stops_soon_and_leaves_the_truth(self, driver: Driver) -> None:
        harness = driver.harness
        plan, before = driver.plan("one"), harness.contents()
        harness.slow(_LONG)
        asked = threading.Timer(2.0, harness.outside.cancel.request)
        asked.daemon = True
        ended = threading.Event()
        result: list[Receipt | BaseException] = []

        def work() -> None:
            try:
                result.append(driver.apply(plan))
            except BaseException as error:
                result.append(error)
            ended.set()

        asked.start()
        threading.Thread(target=work, daemon=True).start()
        assert ended.wait(_LONG / 2), "the apply went on after it was cancelled"
        outcome = result[0]
        if isinstance(outcome, BaseException):
            assert isinstance(outcome, Cancelled), outcome
            assert harness.contents() == before
        else:
            assert outcome.outcome in (Outcome.PARTIAL, Outcome.UNKNOWN, Outcome.FAILED)
            if outcome.outcome is Outcome.FAILED:
                assert harness.contents() == before
        harness.slow(0)
        harness.outside.renew_cancel()
        rest = writing(driver.plan("one"))
        if isinstance(outcome, Receipt):
            assert not set(outcome.done) & set(rest)
        driver.deploy("one")
        assert driver.plan("one").empty

    # --- undo, remove, drift

    def test_undo_restores_what_plan_sees(self, driver: Driver) -> None:
        driver.deploy("one")
        before = driver.harness.contents()
        forward, _ = driver.deploy("two")
        assert driver.harness.contents() != before
        back = driver.plan("one", Direction.UNDO, undoing=forward)
        assert driver.apply(back).ok
        assert driver.harness.contents() == before
        assert driver.plan("one").empty

    def test_undo_of_a_first_release_leaves_nothing(self, driver: Driver) -> None:
        empty = driver.harness.contents()
        forward, _ = driver.deploy("one")
        back = driver.plan("one", Direction.UNDO, undoing=forward, to_nothing=True)
        assert {c.action for c in back.changes if c.writes} == {Action.DELETE}
        assert driver.apply(back).ok
        assert driver.harness.contents() == empty

    def test_remove_leaves_nothing(self, driver: Driver) -> None:
        empty = driver.harness.contents()
        driver.deploy("two")
        assert driver.apply(driver.plan("two", Direction.REMOVE)).ok
        assert driver.harness.contents() == empty
        assert driver.plan("two", Direction.REMOVE).empty

    def test_drift_is_seen_and_corrected(self, driver: Driver) -> None:
        driver.deploy("one")
        before = driver.harness.contents()
        driver.harness.meddle()
        drifted = driver.plan("one", Direction.CORRECT)
        assert not drifted.empty
        assert driver.apply(drifted).ok
        assert driver.harness.contents() == before

    # --- secrets, check

    def test_no_secret_in_any_value(self, driver: Driver) -> None:
        harness = driver.harness
        plan, receipt = driver.deploy("one")
        later = driver.plan("two")
        assert not holds_secret(plan, receipt, later, harness.outside.lines)
        harness.fail(True)
        try:
            failed: Any = driver.apply(later)
        except InterlockError as error:
            failed = (error.message, error.hint, getattr(error, "output", ""), repr(error))
        assert not holds_secret(failed, harness.outside.lines)

    def test_the_suite_would_find_the_secret(self, driver: Driver) -> None:
        """The world really holds it; otherwise the test above could not fail."""
        driver.deploy("one")
        assert SECRET in json.dumps(driver.harness.contents(), ensure_ascii=False) or SECRET in repr(
            self.revealed(driver.harness)
        )

    @staticmethod
    def revealed(harness: Harness) -> list[str]:
        return [value.reveal() for value in harness.inputs().values() if hasattr(value, "reveal")]

    @pytest.mark.parametrize(("version", "good"), [("one", True), ("two", True), ("broken", False)])
    def test_check_judges_without_touching(self, driver: Driver, version: str, good: bool) -> None:
        harness = driver.harness
        root = harness.folder / "repository"
        root.mkdir()
        harness.write_source(root, version)
        before = {path.relative_to(root): path.is_file() and path.read_bytes() for path in root.rglob("*")}
        name = f"{harness.environment}/{harness.component}"
        request = CheckRequest(
            root, {name: harness.settings()}, {name: "interlock.yaml:3:5"}, harness.folder / "check", harness.environ()
        )
        (harness.folder / "check").mkdir()
        problems = harness.kind.check(request, harness.outside.reading())
        assert (not [p for p in problems if p.severity == "error"]) is good, problems
        assert list(problems) == sorted(problems)
        assert {path.relative_to(root): path.is_file() and path.read_bytes() for path in root.rglob("*")} == before

    def test_sources_name_the_own_files(self, driver: Driver) -> None:
        from interlock.world.folder import folder_tree  # needs pygit2, which other tests of a kind do without

        harness = driver.harness
        root = harness.folder / "repository"
        root.mkdir()
        harness.write_source(root, "one")
        tree = folder_tree(root)
        sources = harness.kind.sources(harness.settings(), tree)
        assert list(sources) == sorted(sources)
        names = [source.path for source in sources]
        for path in root.rglob("*"):
            if path.is_file():
                where = path.relative_to(root).as_posix()
                assert any(
                    where == name or name == "" or (name.endswith("/") and where.startswith(name)) for name in names
                ), where
        settings = harness.settings()
        identities = {harness.kind.identity(settings, tree, harness.component, e) for e in ("staging", "production")}
        assert all(identities)
