"""What a rollback does with each sort of change, and that the plan said so before anybody approved it."""

from typing import Any

import pytest

from e2e.shop import Shop, item
from interlock.testing.labcloud import LabCloud

pytestmark = [pytest.mark.tools, pytest.mark.slow]

#: A check that fails: whatever the commit did was done, and has to be undone.
FAILS = "checks: [{command: {run: ['false'], within: 200ms, interval: 100ms}}]"


def _undo(shop: Shop) -> dict[str, Any]:
    """Address → class of the change, as `interlock plan --json` tells it."""
    plan = shop.run("plan", "--json").expect(0).json
    return {change["address"]: change["undo"] for step in plan["steps"] for change in step["changes"]}


def test_what_automation_takes_back(shop: Shop, lab: LabCloud) -> None:
    """Created, updated, moved, replaced and deleted, in one commit."""
    kept = item("grown") + item("old_name", name="moved") + item("replaced", more='zone = "east"')
    shop.stack("app", main=kept + item("gone"))
    shop.commit("Five items")
    shop.deploy().expect(0)
    before = lab.contents()
    ids = {one.name: one.id for one in lab.items()}
    shop.stack(
        "app",
        main=item("grown", size=2)
        + item("new_name", name="moved")
        + item("replaced", more='zone = "west"')
        + item("made")
        + "moved {\n  from = lab_item.old_name\n  to = lab_item.new_name\n}\n",
        more=FAILS,
    )
    shop.commit("Change everything")
    assert _undo(shop) == {
        "lab_item.grown": "restorable",
        "lab_item.new_name": "restorable",
        "lab_item.made": "restorable",
        "lab_item.replaced": "lossy",
        "lab_item.gone": "lossy",
    }
    shown = shop.run("plan").expect(0).out
    assert "undoing makes a new, empty one" in shown
    assert "what the present one holds is lost" in shown
    mark = shop.mark()
    failed = shop.deploy().expect(1)
    assert shop.status(failed.id)["state"] == "rolled_back"
    assert lab.contents() == before
    done = shop.writes(mark)
    assert len(done) == len(set(done[: len(done) // 2])) * 2, done  # as many back as forward, each once
    after = {one.name: one.id for one in lab.items()}
    assert {name for name in ids if ids[name] == after[name]} == {"grown", "moved"}  # the others are new ones
    assert shop.run("drift").expect(0)


def _imported(shop: Shop, lab: LabCloud) -> tuple[str, str]:
    found = lab.add("dev", "old", size=7)
    return item("old", size=7) + f'import {{\n  to = lab_item.old\n  id = "dev/{found.id}"\n}}\n', "import"


def _forgotten(shop: Shop, lab: LabCloud) -> tuple[str, str]:
    return "removed {\n  from = lab_item.this\n  lifecycle {\n    destroy = false\n  }\n}\n", "let go"


def _undestroyed(shop: Shop, lab: LabCloud) -> tuple[str, str]:
    """It was deployed with `destroy = false`, so taking it out of the source lets it go."""
    return 'output "nothing" { value = 1 }\n', "let go"


def _protected(shop: Shop, lab: LabCloud) -> tuple[str, str]:
    return item("old", more="lifecycle {\n  prevent_destroy = true\n}"), "prevent_destroy"


@pytest.mark.parametrize("case", [_imported, _forgotten, _undestroyed, _protected])
def test_what_a_person_must_do(shop: Shop, lab: LabCloud, case: Any) -> None:
    """Imported, forgotten, protected: the plan says that there is no way back, and the rollback stops there and touches nothing."""
    if case is _undestroyed:
        shop.stack("app", main=item("this", name="app", more="lifecycle {\n  destroy = false\n}"))
        shop.commit("Never destroy it")
    shop.deploy().expect(0)
    main, word = case(shop, lab)
    this = item("this", name="app") if case in (_imported, _protected) else ""
    shop.stack("app", main=this + main, more=FAILS)
    shop.commit("No way back")
    assert "irreversible" in _undo(shop).values()
    assert word in shop.run("plan").expect(0).out
    failed = shop.deploy().expect(4)
    left, mark = lab.contents(), shop.mark()
    assert shop.states(failed.id)["dev/app"] == "undo_failed"
    assert "cannot be undone by itself" in failed.text
    assert word in failed.text
    assert "app" in {one["name"] for one in left["dev"]}
    if case in (_imported, _protected):
        assert "old" in {one["name"] for one in left["dev"]}
    # by hand it is refused as well, for the same reason
    assert shop.run("rollback", "--deployment", failed.id).exit in (1, 4, 64)
    assert shop.writes(mark) == []
    assert lab.contents() == left


def test_a_removed_component_comes_back(shop: Shop, lab: LabCloud) -> None:
    """By itself when something else in the deployment fails, and by hand: a new, empty one, from the sources of its release."""
    shop.stack("old", size=3)
    shop.commit("Two stacks")
    shop.deploy().expect(0)
    before = lab.contents()
    del shop.stacks["old"]
    shop.stack("app", more="checks: [{command: {run: ['false'], within: 3s}}]")
    shop.commit("Remove one, break the other")
    mark = shop.mark()
    failed = shop.deploy().expect(1)
    assert shop.writes(mark) == ["DELETE dev/old", "POST dev/old"]
    assert shop.status(failed.id)["state"] == "rolled_back"
    assert lab.contents() == before
    shop.run("drift").expect(0)

    shop.stack("app")
    shop.commit("Only remove one")
    removed = shop.deploy().expect(0)
    assert shop.sizes() == {"dev/app": 1}
    shown = shop.run("rollback", "--deployment", removed.id, "--plan", "--json").expect(0).json
    assert [(step["component"], step["counts"]["create"]) for step in shown["steps"]] == [("old", 1)]
    shop.run("rollback", "old", "--env", "dev").expect(0)
    assert lab.contents() == before
    # what was gone back from does not go again by itself
    blocked = shop.deploy().expect(3)
    assert shop.gate(blocked.id, "dev/old", "hold")["verdict"] == "fail"
    assert lab.contents() == before
