"""kill -9 of everything, at every point that matters: nothing is repeated, nothing is forgotten, and nobody has to clean up a lock."""

import json
import subprocess
from pathlib import Path

import pytest

from e2e.shop import TWO, Running, Shop, until

pytestmark = [pytest.mark.tools, pytest.mark.slow]

FIRST = """\
resource "lab_item" "first" {{
  collection = var.environment
  name       = "first"
  size       = {size}
}}
"""
SECOND = """\
resource "terraform_data" "pause" {{
  triggers_replace = [lab_item.first.size]
  provisioner "local-exec" {{ command = "sleep {seconds}" }}
}}
resource "lab_item" "second" {{
  collection = var.environment
  name       = "second"
  depends_on = [terraform_data.pause]
}}
"""


def kill(shop: Shop, running: Running) -> None:
    """The program and its group; its tools lead groups of their own and have to end all the same."""
    running.kill()
    running.process.communicate()
    until(lambda: not shop.tools_running(), "every tool has ended", within=15)


def test_killed_in_the_middle_of_an_apply(shop: Shop) -> None:
    """The first change is made, the second is not: told as interrupted, with the difference and the way on; the next deploy makes the rest.

    Between the two a program of the stack's own sleeps: neither it nor the tool outlives us.
    """
    shop.stack("app", main=FIRST.format(size=1))
    shop.commit()
    shop.deploy().expect(0)
    shop.stack("app", main=FIRST.format(size=2) + SECOND.format(seconds=600))
    shop.commit()
    mark = shop.mark()
    running = shop.start("deploy")
    until(lambda: shop.writes(mark) and shop.tools_running(), "the apply is under way")
    kill(shop, running)
    assert shop.writes(mark) == ["PUT dev/first"]

    told = shop.deploy().expect(4)
    assert shop.writes(mark) == ["PUT dev/first"], "looking wrote"
    assert "interrupted" in told.err
    assert "cut off" in told.err
    assert "interlock deploy" in told.err
    assert f"rollback --deployment {told.id}" in told.err
    document = shop.status(told.id)
    assert document["state"] == "partly_changed"
    assert shop.sql("SELECT holder FROM leases WHERE holder <> ''") == [], "whoever comes next would have to wait"
    step = document["environments"][0]["steps"][0]
    assert step["state"] == "interrupted"
    left = shop.run("show", step["plan"]).expect(0).text
    assert "+ lab_item.second  create" in left, left
    assert "Total: 2 to create;" in left, left  # the pause is the other one; `first` is told as seen, not as to do

    shop.stack("app", main=FIRST.format(size=2) + SECOND.format(seconds=0))
    shop.commit()
    shop.deploy().expect(0)
    assert shop.writes(mark) == ["PUT dev/first", "POST dev/second"]
    assert "Nothing to deploy" in shop.deploy().expect(0).err


def test_killed_after_the_tool_was_done(shop: Shop) -> None:
    """The world equals the target when the next deploy looks: that is recorded, and nothing is written again."""
    running = _held_before_its_receipt(shop)
    kill(shop, running)
    assert shop.writes() == ["POST dev/app"]
    done = shop.deploy().expect(0)
    assert shop.writes() == ["POST dev/app"]
    assert shop.states(done.id) == {"dev/app": "verified"}
    assert "Nothing to deploy" in shop.deploy().expect(0).err
    shop.stack("app", size=2)
    shop.commit()
    shop.deploy().expect(0)
    assert shop.writes() == ["POST dev/app", "PUT dev/app"]


def _held_before_its_receipt(shop: Shop) -> Running:
    """A deploy whose tofu has written the state and then, instead of ending, sleeps: as if the crash came just before the receipt."""
    wrapper = shop.folder / "bin" / "tofu"
    real = shop.environment["PATH"].split(":")[0] + "/tofu"
    wrapper.parent.mkdir()
    done = shop.folder / "tool-done"
    wrapper.write_text(
        f'#!/bin/sh\ncase " $* " in *" apply "*) "{real}" "$@"; touch "{done}"; sleep 60;; *) exec "{real}" "$@";; esac\n'
    )
    wrapper.chmod(0o755)
    running = shop.start("deploy", environment={"PATH": f"{wrapper.parent}:{shop.environment['PATH']}"})
    until(done.exists, "the tool has done its work")
    return running


def test_killed_while_planning(shop: Shop) -> None:
    """Nothing was written, nothing is said about it: the same deploy goes on."""
    shop.deploy().expect(0)
    shop.stack("app", size=2)
    shop.commit()
    mark = shop.mark()
    shop.lab.faults.add("latency", methods=("GET",), path="*", seconds=5.0)
    running = shop.start("deploy")
    until(lambda: shop.sql("SELECT 1 FROM steps WHERE state = 'planning'") and shop.tools_running(), "it plans")
    kill(shop, running)
    shop.lab.faults.clear()
    shop.deploy().expect(0)
    assert shop.writes(mark) == ["PUT dev/app"]
    assert len(shop.sql("SELECT id FROM deployments")) == 2


def test_killed_while_blocked_and_between_environments(shop: Shop) -> None:
    """Staging is applied and verified once, however often the process dies while production waits, or right after the yes."""
    shop.organization(TWO)
    shop.commit()
    running = shop.start("deploy", "--wait", "60s")
    until(lambda: shop.sql("SELECT 1 FROM steps WHERE environment = 'production' AND state = 'blocked'"), "it waits")
    kill(shop, running)
    blocked = shop.deploy().expect(3)
    assert shop.writes() == ["POST staging/app"]
    assert shop.states(blocked.id) == {"staging/app": "verified", "production/app": "blocked"}
    shop.approve(blocked.id).expect(0)
    shop.deploy().expect(0)
    assert shop.writes() == ["POST staging/app", "POST production/app"]
    assert len(shop.sql("SELECT id FROM deployments")) == 1


def test_killed_again_and_again(shop: Shop) -> None:
    """At instants spread over a deployment: each item is created at most once, and the end is the target."""
    shop.stack("web", depends_on=["app"], labels='{ a = "b" }')
    shop.organization(TWO.replace(", approval: {teams: [platform], count: 1}", ""))
    shop.commit()
    exits: list[int] = []
    for delay in (0.5, 1.0, 1.5, 2.0, 2.5, 3.0):
        running = shop.start("deploy")
        try:
            running.process.communicate(timeout=delay)
            exits.append(running.process.returncode)
        except subprocess.TimeoutExpired:
            kill(shop, running)
    for _ in range(8):
        result = shop.deploy()
        exits.append(result.exit)
        if "Nothing to deploy" in result.err:
            break
    assert "Nothing to deploy" in result.err, result.text
    assert set(exits) <= {0, 4}, exits
    assert shop.sizes() == {f"{e}/{c}": 1 for e in ("staging", "production") for c in ("app", "web")}
    repeated = {name: count for name, count in shop.lab.creations().items() if count > 1}
    assert not repeated, json.dumps([str(entry) for entry in shop.lab.journal.writes()], indent=1)


def test_a_second_deploy_takes_over(shop: Shop) -> None:
    """It follows the first; when that is killed it goes on in its place, without anybody's help."""
    shop.organization(TWO)
    shop.commit()
    first = shop.start("deploy", "--wait", "60s")
    until(lambda: shop.sql("SELECT 1 FROM steps WHERE environment = 'production' AND state = 'blocked'"), "it waits")
    second = shop.start("deploy", "--wait", "60s")
    until(lambda: b"deploy" in Path(f"/proc/{second.process.pid}/cmdline").read_bytes(), "the second is there")
    kill(shop, first)
    until(lambda: shop.sql("SELECT pid FROM deployments") == [(second.process.pid,)], "the second runs it")
    deployment = shop.sql("SELECT id FROM deployments")[0][0]
    until(lambda: shop.states(deployment)["production/app"] == "blocked", "the second waits there too")
    shop.approve(deployment).expect(0)
    second.wait().expect(0)
    assert shop.writes() == ["POST staging/app", "POST production/app"]
