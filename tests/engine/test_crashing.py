"""Dying at every commit of a deployment, and going on: nothing is done twice, nothing that was done is lost, and no crash is taken for a success."""

from collections.abc import Callable
from pathlib import Path

import pytest

from engine.yard import Died, Yard, broken
from interlock.kind import ApplyRequest
from interlock.model.errors import Cancelled
from interlock.world import World

STOPS = 400


def _each_crash(
    made: Yard, deployment: str, folder: Path, *, before: bool, look: Callable[[Yard, str, int], None]
) -> int:
    """Runs the same deployment again and again, dying at the first commit, the second ...; returns how many commits there are."""
    for at in range(1, STOPS):
        yard = made.copy(folder / str(at))
        try:
            with yard.die_at(at, before=before):
                yard.go_on(deployment)
        except Died:
            yard.go_on(deployment)
            look(yard, deployment, at)
            continue
        return at - 1
    raise AssertionError("it never ended")


@pytest.mark.parametrize("before", [False, True])
def test_forward(place: Path, before: bool) -> None:
    made = Yard(place / "made")
    check = "checks: [{command: {run: [touch, ../../../../checked]}}]"
    made.commit({"a": f"variables: {{size: 1}}, {check}", "b": "depends_on: [a], variables: {size: 1}"})
    made.deploy()
    made.commit({"a": f"variables: {{size: 2}}, {check}", "b": "depends_on: [a], variables: {size: 2}"})
    deployment = made.start()
    checked = next(made.folder.rglob("checked"))
    checked.unlink()

    def look(yard: Yard, deployment: str, at: int) -> None:
        state, sizes = yard.state(deployment), yard.sizes()
        words = f"{at}: {state} {yard.steps(deployment)} {sizes} {yard.failure(deployment)}"
        assert state in ("verified", "partly_changed"), words
        assert len(yard.shelf.journal) == len(set(yard.shelf.journal)), f"{at}: {yard.shelf.journal}"
        if state == "verified":
            assert sizes == {"dev/a": 2, "dev/b": 2}, words
            assert (yard.folder / checked.relative_to(made.folder)).exists(), words
        else:
            assert "interrupted" in yard.steps(deployment).values(), words

    assert _each_crash(made, deployment, place, before=before, look=look) > 10


@pytest.mark.parametrize("before", [False, True])
def test_rolling_back(place: Path, before: bool) -> None:
    made = Yard(place / "made")
    made.commit({"a": "variables: {size: 1}"})
    made.deploy()
    two = "variables: {size: 2}"
    made.commit({"a": two, "b": f"depends_on: [a], {two}", "c": f"depends_on: [b], {two}"})
    made.shelf.faults["dev/c"] = broken
    deployment = made.start()

    def look(yard: Yard, deployment: str, at: int) -> None:
        state, sizes = yard.state(deployment), yard.sizes()
        words = f"{at}: {state} {yard.steps(deployment)} {sizes} {yard.failure(deployment)}"
        if "interrupted" in yard.steps(deployment).values():  # nobody knows what was written: a person decides
            assert state == "partly_changed", words
            return
        assert state == "rolled_back", words
        assert sizes == {"dev/a": 1}, words
        assert yard.shelf.journal[-2:] == ["dev/b gone", "dev/a 1"], words

    assert _each_crash(made, deployment, place, before=before, look=look) > 20


def test_a_refused_apply_is_planned_again_by_the_next_process(place: Path) -> None:
    """Asked to stop before the first write: the plan is used up, nothing was written. Going on must not fail on that."""
    yard = Yard(place / "yard")
    yard.commit({"a": "variables: {size: 1}"})
    deployment = yard.start()

    def stop(_request: ApplyRequest, world: World) -> None:
        assert yard.last is not None
        yard.last.cancel.request()
        yard.last.leaving.set()
        raise Cancelled("asked to stop")

    yard.shelf.faults["dev/a"] = stop
    with pytest.raises(TimeoutError):
        yard.go_on(deployment, timeout=3)
    assert yard.shelf.journal == []
    yard.shelf.faults.clear()
    assert yard.go_on(deployment) == "verified"
    assert yard.shelf.journal == ["dev/a 1"]
