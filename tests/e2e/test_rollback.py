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
    for told in ("no room for c2", "b is frozen", f"interlock rollback --deployment {failed.id}"):
        assert told in failed.text
    # the way on that it names does the rest
    lab.faults.clear()
    mark = chain.mark()
    chain.run("rollback", "--deployment", failed.id).expect(0)
    assert chain.writes(mark) == ["PUT dev/b", "PUT dev/a"]
    assert set(chain.sizes().values()) == {1}
    chain.run("drift").expect(0)
