"""A failing deployment goes back by itself, a good one when a person says so: newest first, each step exactly, the lab cloud's journal as the witness."""

import pytest

from e2e.shop import Shop, item
from interlock.testing.labcloud import LabCloud

pytestmark = [pytest.mark.tools, pytest.mark.slow]


def _chain(shop: Shop, size: int) -> None:
    """a ← b ← c ← d; c is two items, made one after the other."""
    shop.stack("a", size=size)
    shop.stack("b", size=size, depends_on=["a"])
    shop.stack(
        "c", main=item("c1", size=size) + item("c2", size=size, more="depends_on = [lab_item.c1]"), depends_on=["b"]
    )
    shop.stack("d", size=size, depends_on=["c"])


@pytest.fixture
def chain(shop: Shop) -> Shop:
    """Four verified stacks at size 1, and a commit that makes them 2."""
    del shop.stacks["app"]
    _chain(shop, 1)
    shop.commit("Four stacks")
    shop.deploy().expect(0)
    _chain(shop, 2)
    shop.commit("Make them bigger")
    return shop


def test_a_failing_third_step_puts_everything_back(chain: Shop, lab: LabCloud) -> None:
    before, mark = lab.contents(), chain.mark()
    lab.faults.add("status", methods=("PUT",), name="c2", status=422, text="no room for c2")
    failed = chain.deploy().expect(1)
    assert lab.contents() == before
    # the half-applied step goes first, then newest first
    assert chain.writes(mark) == ["PUT dev/a", "PUT dev/b", "PUT dev/c1", "PUT dev/c1", "PUT dev/b", "PUT dev/a"]
    assert chain.status(failed.id)["state"] == "rolled_back"
    assert chain.states(failed.id) == {"dev/a": "undone", "dev/b": "undone", "dev/c": "undone", "dev/d": "skipped"}
    assert "no room for c2" in failed.text
    held = chain.run("hold", "list", "--json").expect(0).json
    assert chain.git("rev-parse", "HEAD") in str(held)
    # the same revision does not come back by itself, and what is deployed is what was deployed
    lab.faults.clear()
    mark = chain.mark()
    again = chain.deploy().expect(3)
    assert chain.gate(again.id, "dev/a", "hold")["verdict"] == "fail"
    assert chain.writes(mark) == []
    chain.run("drift").expect(0)


def test_an_inverse_that_fails_stops_and_tells_what_was_left(chain: Shop, lab: LabCloud) -> None:
    mark = chain.mark()
    lab.faults.add("status", methods=("PUT",), name="c2", status=422, text="no room for c2")
    lab.faults.add("status", methods=("PUT",), name="b", after=1, status=422, text="b is frozen")
    failed = chain.deploy().expect(4)
    # c1 went back, b could not, a was not tried: nothing is skipped
    assert chain.writes(mark) == ["PUT dev/a", "PUT dev/b", "PUT dev/c1", "PUT dev/c1"]
    assert chain.sizes() == {"dev/a": 2, "dev/b": 2, "dev/c1": 1, "dev/c2": 1, "dev/d": 1}
    assert chain.status(failed.id)["state"] == "partly_changed"
    states = chain.states(failed.id)
    assert (states["dev/c"], states["dev/b"], states["dev/d"]) == ("undone", "undo_failed", "skipped")
    assert states["dev/a"] not in ("undone", "skipped")
    assert {hold["component"] for hold in chain.run("hold", "list", "--json").expect(0).json["holds"]} == {
        "a",
        "b",
        "c",
    }
    for told in ("no room for c2", "b is frozen", f"interlock rollback --deployment {failed.id}"):
        assert told in failed.text
    # the way on that it names does the rest
    lab.faults.clear()
    mark = chain.mark()
    chain.run("rollback", "--deployment", failed.id).expect(0)
    assert chain.writes(mark) == ["PUT dev/b", "PUT dev/a"]
    assert set(chain.sizes().values()) == {1}
    chain.run("drift").expect(0)


def _sized(shop: Shop, *sizes: int) -> list[str]:
    """Deploys `app` at each size; returns the deployments' ids."""
    made = []
    for size in sizes:
        shop.stack("app", size=size)
        shop.commit(f"Size {size}")
        made.append(shop.deploy().expect(0).id)
    return made


def test_by_hand_back_and_further_back_and_forth(shop: Shop) -> None:
    first, _, third = _sized(shop, 1, 2, 3)
    head = shop.git("rev-parse", "HEAD")
    mark = shop.mark()
    shown = shop.run("rollback", "app", "--env", "dev", "--plan", "--json").expect(0).json
    (step,) = shown["steps"]
    assert step["direction"] == "undo"
    assert [(d["text"], d["before"], d["after"]) for d in step["changes"][0]["differences"] if d["text"] == "size"] == [
        ("size", 3, 2)
    ]
    assert shop.writes(mark) == []  # shown only
    # not the newest any more: it says so, and from where to go back
    refused = shop.run("rollback", "--deployment", first).expect(64)
    assert "no longer the newest" in refused.text
    back = shop.run("rollback", "--deployment", third).expect(0)
    assert shop.sizes() == {"dev/app": 2}
    assert shop.writes(mark) == ["PUT dev/app"]
    assert shop.status(back.id)["purpose"] == "rollback"
    # what it went back from stays away
    blocked = shop.deploy().expect(3)
    assert shop.gate(blocked.id, "dev/app", "hold")["verdict"] == "fail"
    assert shop.sizes() == {"dev/app": 2}
    shop.run("cancel", blocked.id)
    # further back, and by name to a release of before
    shop.run("rollback", "app", "--env", "dev").expect(0)
    assert shop.sizes() == {"dev/app": 1}
    releases = shop.sql("SELECT id, document FROM releases WHERE deployment = ? ORDER BY number", third)
    assert len(releases) == 1
    assert head in releases[0][1]
    shop.run("rollback", "app", "--env", "dev", "--to", releases[0][0]).expect(0)
    assert shop.sizes() == {"dev/app": 3}
    assert shop.writes(mark) == ["PUT dev/app"] * 3
    shop.run("drift").expect(0)


def test_by_hand_it_passes_the_gates(shop: Shop) -> None:
    shop.organization("  live: {zone: production, approval: {teams: [platform], count: 1}}")
    for size in (1, 2):
        shop.stack("app", size=size)
        shop.commit(f"Size {size}")
        shop.approve(shop.deploy().expect(3).id).expect(0)
        shop.deploy().expect(0)
    mark = shop.mark()
    waiting = shop.run("rollback", "app", "--env", "live").expect(3)
    assert shop.gate(waiting.id, "live/app", "approval")["verdict"] == "pending"
    assert shop.writes(mark) == []
    shop.approve(waiting.id).expect(0)
    shop.run("rollback", "app", "--env", "live").expect(0)
    assert shop.sizes() == {"live/app": 1}
    assert shop.writes(mark) == ["PUT live/app"]


def test_a_first_release_that_fails_is_removed_where_nothing_was(shop: Shop, lab: LabCloud) -> None:
    lab.add("dev", "somebody-elses", size=5)
    before = lab.contents()
    shop.stack("app", more="checks: [{command: {run: ['false'], within: 200ms}}]")
    shop.commit("A first release that fails")
    failed = shop.deploy().expect(1)
    assert shop.writes() == ["POST dev/app", "DELETE dev/app"]
    assert lab.contents() == before
    assert shop.status(failed.id)["state"] == "rolled_back"


USER = 'variable "id" { type = string }\noutput "seen" { value = var.id }\n'


def _east_and_west(shop: Shop) -> None:
    """`app` is replaced from east to west; `user` writes its id, `third` what `user` publishes."""
    for zone in ("east", "west"):
        shop.stack("app", zone=f'"{zone}"')
        for name, upstream, output in (("user", "app", "id"), ("third", "user", "seen")):
            shop.stack(
                name,
                main=item(name, more="content = var.id") + USER,
                depends_on=[upstream],
                more=f'variables: {{environment: "${{environment.name}}", id: "${{components.{upstream}.outputs.{output}}}"}}',
            )
        shop.commit(f"In the {zone}")
        if zone == "east":
            shop.deploy().expect(0)


def _all_in_line(shop: Shop, lab: LabCloud) -> None:
    """What uses the id has the id of the thing that is there, in the east; and that is what is recorded."""
    app = lab.item("dev", "app")
    assert app.written["zone"] == "east"
    assert {lab.item("dev", name).written["content"] for name in ("user", "third")} == {app.id}
    shop.run("drift").expect(0)
    mark = shop.mark()
    shop.stack("app", zone='"east"')
    shop.commit("Back in the code, too")
    shop.deploy().expect(0)
    assert shop.writes(mark) == []


def test_dependants_follow_an_upstream_that_came_back_as_another(shop: Shop, lab: LabCloud) -> None:
    """Undoing a replacement makes a third thing with a third id: who uses the id is planned again with it, whether it was undone or not."""
    _east_and_west(shop)
    lab.faults.add("status", methods=("PUT",), name="user", times=1, status=422, text="user is busy")
    failed = shop.deploy().expect(1)
    assert shop.status(failed.id)["state"] == "rolled_back"
    _all_in_line(shop, lab)


def test_dependants_follow_a_rollback_by_hand(shop: Shop, lab: LabCloud) -> None:
    _east_and_west(shop)
    shop.deploy().expect(0)
    shop.run("rollback", "app", "user", "--env", "dev").expect(0)
    _all_in_line(shop, lab)
    # and nothing is taken from under what stands on it
    mark = shop.mark()
    first = shop.sql("SELECT id FROM deployments ORDER BY number")[0][0]
    assert shop.run("rollback", "--deployment", first).exit == 64
    assert shop.writes(mark) == []
