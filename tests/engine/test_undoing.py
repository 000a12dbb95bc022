"""What going back leaves behind."""

from pathlib import Path

from engine.yard import Yard
from interlock.store import holds


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
