"""Gates, where two deployments or two revisions meet."""

from pathlib import Path

import pytest

from engine.yard import BEA, Died, Yard
from interlock.app.answering import answer
from interlock.app.deploying import create
from interlock.app.drifting import correction_manifest, drift_report
from interlock.app.judging import Selection
from interlock.world.cancel import CancelToken

ASKS = "  prod: {zone: production, approval: {teams: [crew], count: 1}}"


def test_what_changes_nothing_is_not_recorded_in_the_way_of_an_active_deployment(place: Path) -> None:
    """Else the active one, when it fails, would find that its release is no longer the newest, and could not go back."""
    made = Yard(place / "yard")
    made.commit({"a": "variables: {size: 1}"})
    made.deploy()
    made.commit({"a": "variables: {size: 2}, checks: [{command: {run: ['false'], failures: 1}}]"})
    first = made.start()
    for at in range(1, 50):
        yard = made.copy(place / str(at))
        with yard.die_at(at), pytest.raises(Died):
            yard.go_on(first)
        if yard.step(first, "dev/a").release:
            break
    assert yard.step(first, "dev/a").state == "applying"
    second = yard.start("a")
    with pytest.raises(TimeoutError):
        yard.go_on(second, timeout=3)
    assert yard.step(second, "dev/a").state == "blocked"
    assert yard.go_on(first) == "rolled_back"


def test_a_revision_that_changes_nothing_but_the_rules_is_asked_for(place: Path) -> None:
    """In two commits, the first of which changes nothing, nobody gets past the approval."""
    yard = Yard(place / "yard", environments=ASKS)
    yard.commit({"a": "variables: {size: 1}"})
    first = yard.start()
    with pytest.raises(TimeoutError):
        yard.go_on(first, timeout=3)
    answer(yard.project(BEA), first, approves=True)
    assert yard.go_on(first) == "verified"
    yard.commit({"a": "variables: {size: 1} "}, environments="  prod: {zone: production}")
    with pytest.raises(TimeoutError):
        yard.go_on(yard.start(), timeout=3)
    yard.commit({"a": "variables: {size: 2}"})
    with pytest.raises(TimeoutError):
        yard.go_on(yard.start(), timeout=3)
    assert yard.sizes() == {"prod/a": 1}


def test_drift_is_corrected_by_the_rules_of_now_too(place: Path) -> None:
    """It was released when nobody was asked; since then the environment asks."""
    yard = Yard(place / "yard", environments="  prod: {zone: production}")
    yard.commit({"a": "variables: {size: 1}"})
    yard.deploy()
    yard.commit({"a": "variables: {size: 1}"}, environments=ASKS)
    yard.shelf.things["prod/a"] = {"size": 7}
    project = yard.project()
    _, found = drift_report(project, Selection(), cancel=CancelToken(), progress=lambda *_: None)
    manifest = correction_manifest(project, found)
    assert manifest is not None
    created = create(project, manifest, [("correct", "a")], None)
    assert created is not None
    with pytest.raises(TimeoutError):
        yard.go_on(created[0].id, timeout=3)
    assert yard.sizes() == {"prod/a": 7}
    answer(yard.project(BEA), created[0].id, approves=True)
    assert yard.go_on(created[0].id) == "verified"
    assert yard.sizes() == {"prod/a": 1}
