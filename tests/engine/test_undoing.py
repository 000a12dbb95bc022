"""What going back leaves behind."""

from pathlib import Path

import pytest

from engine.yard import Yard
from interlock.app.cancelling import cancel
from interlock.kind import ApplyRequest
from interlock.model.errors import Cancelled, UsageError
from interlock.model.receipt import Receipt
from interlock.model.state import DeploymentState
from interlock.store import deployments, holds
from interlock.world import World


def test_going_back_does_not_release_what_is_held(place: Path) -> None:
    yard = Yard(place / "yard")
    yard.commit({"a": "variables: {size: 1}"})
    yard.deploy()
    failing = ", checks: [{command: {run: ['false'], failures: 1}}]"
    held = []
    for size in (2, 3):
        held.append(yard.commit({"a": f"variables: {{size: {size}}}{failing}"}))
        assert yard.state(yard.deploy()) == "rolled_back"
    with yard.store.database.read() as tx:
        assert {hold.revision for hold in holds.active(tx)} == set(held)


def test_going_back_after_a_cancel_goes_on_in_the_next_process(place: Path) -> None:
    """The request that ended the way forward is still in the records; it must not end the way back."""
    yard = Yard(place / "yard")
    yard.commit({"a": "variables: {size: 1}"})
    yard.deploy()
    yard.commit({"a": "variables: {size: 2}", "b": "depends_on: [a], variables: {size: 2}"})
    deployment = yard.start()

    def cancel_it(_request: ApplyRequest, _world: World) -> Receipt:
        cancel(yard.project(), deployment, rollback=True)
        raise Cancelled("asked to stop")

    def leave(_request: ApplyRequest, _world: World) -> Receipt:
        assert yard.last is not None
        yard.last.leaving.set()
        raise Cancelled("asked to stop")

    yard.shelf.faults["dev/b"] = cancel_it
    yard.shelf.faults["dev/a"] = lambda request, world: leave(request, world) if yard.sizes()["dev/a"] == 2 else None
    with pytest.raises(TimeoutError):
        yard.go_on(deployment, timeout=4)
    assert yard.step(deployment, "dev/a").state == "undoing"
    with yard.store.database.write() as tx:  # as the process says that leaves
        deployments.set_state(tx, deployment, DeploymentState.INTERRUPTED)
    yard.shelf.faults.clear()
    assert yard.go_on(deployment) == "rolled_back"
    assert yard.sizes() == {"dev/a": 1}


def test_going_back_by_hand_is_no_way_around_a_hold(place: Path) -> None:
    yard = Yard(place / "yard")
    yard.commit({"a": "variables: {size: 1}"})
    yard.deploy()
    yard.commit({"a": "variables: {size: 2}, checks: [{command: {run: ['false'], failures: 1}}]"})
    deployment = yard.deploy()
    assert yard.state(deployment) == "rolled_back"
    bad = yard.step(deployment, "dev/a").release
    with pytest.raises(UsageError, match="held"):
        yard.rollback(environment="dev", components=("a",), to=bad)
    assert yard.sizes() == {"dev/a": 1}
