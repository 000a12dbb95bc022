"""Drift: each cause by its name, nothing that is none, and never a clean answer when nobody could look."""

from collections.abc import Mapping
from typing import Any

import pytest

from e2e.shop import Shop, item
from interlock.testing.labcloud import LabCloud

pytestmark = [pytest.mark.tools, pytest.mark.slow]


def _drift(shop: Shop, exit_: int, **environment: str | None) -> dict[str, Mapping[str, Any]]:
    """Component → its entry."""
    document = shop.run("drift", "--json", environment=environment).expect(exit_).json
    return {entry["component"]: entry for entry in document["entries"]}


def test_what_is_drift_and_what_is_not(shop: Shop, lab: LabCloud) -> None:
    shop.stack("app", main=item("app") + item("other"))
    shop.stack("lax", main=item("lax", more="lifecycle {\n  ignore_changes = [size]\n}"))
    shop.stack("said", main=item("said") + 'output "rev" { value = lab_item.said.revision }\n')
    shop.commit("Three stacks")
    shop.deploy().expect(0)
    mark = shop.mark()
    assert {e["verdict"] for e in _drift(shop, 0).values()} == {"clean"}
    # code that is not deployed yet is none
    shop.stack("app", main=item("app", size=9) + item("other", size=9))
    shop.commit("Not deployed")
    assert _drift(shop, 0)["app"]["verdict"] == "clean"
    lab.edit("dev", "app", size=50)
    lab.remove("dev", "other")
    lab.edit("dev", "lax", size=50)
    lab.edit("dev", "said", revision=40)
    found = _drift(shop, 2)
    assert found["app"]["causes"] == ["changed outside", "deleted outside"]
    assert {c["address"]: c["action"] for c in found["app"]["changes"]} == {
        "lab_item.app": "update",
        "lab_item.other": "create",
    }
    assert found["lax"]["verdict"] == "clean"
    assert "ignore_changes" in str(found["lax"]["hidden"])
    assert (found["said"]["verdict"], found["said"]["causes"]) == ("drifted", ["outputs only"])
    assert shop.writes(mark) == []  # looking changes nothing
    # back to what is released, not to what the code says by now
    shop.run("drift", "--apply").expect(0)
    assert shop.sizes() == {"dev/app": 1, "dev/other": 1, "dev/lax": 50, "dev/said": 1}
    assert sorted(shop.writes(mark)) == ["POST dev/other", "PUT dev/app"]
    _drift(shop, 0)


def test_a_correction_passes_the_gates(shop: Shop, lab: LabCloud) -> None:
    shop.organization("  live: {zone: production, approval: {teams: [platform], count: 1}}")
    shop.commit("Ask somebody")
    shop.approve(shop.deploy().expect(3).id).expect(0)
    shop.deploy().expect(0)
    mark = shop.mark()
    lab.edit("live", "app", size=50)
    waiting = shop.run("drift", "--apply").expect(3)
    assert shop.writes(mark) == []
    shop.approve(waiting.id).expect(0)
    shop.run("drift", "--apply").expect(0)
    assert shop.writes(mark) == ["PUT live/app"]
    assert shop.sizes() == {"live/app": 1}


def test_nobody_could_look_is_never_clean(shop: Shop, lab: LabCloud) -> None:
    shop.stack("other")
    shop.commit("Two stacks")
    shop.deploy().expect(0)
    lab.edit("dev", "other", size=50)
    lab.faults.add("status", methods=("GET",), name="app", status=403, text="not for you")
    found = _drift(shop, 1)
    assert (found["app"]["verdict"], found["other"]["verdict"]) == ("unchecked", "drifted")
    assert "not for you" in found["app"]["error"]["message"]
    lab.faults.clear()
    without = {"PATH": "/usr/bin:/bin"}
    assert {e["verdict"] for e in _drift(shop, 1, **without).values()} == {"unchecked"}
    assert {e["verdict"] for e in _drift(shop, 1, SHOP_READER=None).values()} == {"unchecked"}
    url = lab.url
    lab.stop()
    assert {e["verdict"] for e in _drift(shop, 1).values()} == {"unchecked"}, url


def test_ignore_rules(shop: Shop, lab: LabCloud) -> None:
    shop.deploy().expect(0)
    lab.edit("dev", "app", size=50)
    _drift(shop, 2)
    rule = "{{address: lab_item.this, attribute: {}, owner: platform, reason: tried out, until: {}}}"
    for attribute, until, exit_ in (("size", "2999-01-01", 0), ("content", "2999-01-01", 2)):
        shop.stack("app", more=f"ignore: [{rule.format(attribute, until)}]")
        found = _drift(shop, exit_)["app"]
        assert bool(found["ignored"]) == (exit_ == 0)
    shop.stack("app", more=f"ignore: [{rule.format('size', '2020-01-01')}]")
    expired = shop.run("drift")
    assert expired.exit in (1, 78)
    assert "2020-01-01" in expired.text
    assert "platform" in expired.text
