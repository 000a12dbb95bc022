"""Ctrl-C, SIGTERM and cancel: the running tool is asked to stop, the truth is kept, and the way on is told."""

import os
import signal
import time

import pytest

from e2e.shop import TWO, Running, Shop, until

pytestmark = [pytest.mark.tools, pytest.mark.slow]

ITEMS = """\
resource "lab_item" "first" {{
  collection = var.environment
  name       = "first"
}}
resource "terraform_data" "pause" {{
  triggers_replace = [lab_item.first.id]
  provisioner "local-exec" {{ command = "sleep {seconds}" }}
}}
resource "lab_item" "second" {{
  collection = var.environment
  name       = "second"
  depends_on = [terraform_data.pause]
}}
"""


def to_program(running: Running, number: int) -> None:
    running.send(number)


def to_terminal(running: Running, number: int) -> None:
    """As a terminal does: everything in the foreground's process group gets it."""
    os.killpg(running.process.pid, number)


def applying(shop: Shop) -> Running:
    """A deploy that has made the first of two items and is busy with what lies between them."""
    shop.stack("app", main=ITEMS.format(seconds=600))
    shop.commit()
    running = shop.start("deploy")
    until(lambda: shop.writes() and any("sleep 600" in argv for argv in shop.tools_running()), "the apply is under way")
    return running


def go_on(shop: Shop) -> str:
    """A commit that does not dawdle."""
    shop.stack("app", main=ITEMS.format(seconds=0))
    return shop.commit()


@pytest.mark.parametrize(
    ("number", "send"),
    [(signal.SIGINT, to_program), (signal.SIGINT, to_terminal), (signal.SIGTERM, to_program)],
    ids=["Ctrl-C alone", "Ctrl-C of a terminal", "SIGTERM"],
)
def test_once_while_applying(number: int, send: object, shop: Shop) -> None:
    """The tool ends what it does, keeps its state, begins nothing new; the next deploy tells, and the one after it makes the rest, once."""
    running = applying(shop)
    assert callable(send)
    send(running, number)
    ended = running.wait(60).expect(130)
    assert shop.tools_running() == []
    assert shop.writes() == ["POST dev/first"], ended.text
    assert "interlock deploy" in ended.err, ended.text
    told = shop.deploy().expect(4)
    assert told.id == ended.id
    assert "interrupted" in told.err
    assert shop.writes() == ["POST dev/first"], told.text
    go_on(shop)
    shop.deploy().expect(0)
    assert shop.writes() == ["POST dev/first", "POST dev/second"]
    assert "Nothing to deploy" in shop.deploy().expect(0).err


def test_twice_is_hard(shop: Shop) -> None:
    """A tool that will not listen is ended at once by the second one; nothing of it survives."""
    deaf = shop.folder / "bin" / "tofu"
    deaf.parent.mkdir()
    real = shop.environment["PATH"].split(":")[0] + "/tofu"
    deaf.write_text(
        f'#!/bin/sh\ncase " $* " in *" apply "*) trap "" INT TERM; sleep 600; sleep 600;; *) exec "{real}" "$@";; esac\n'
    )
    deaf.chmod(0o755)
    running = shop.start("deploy", environment={"PATH": f"{deaf.parent}:{shop.environment['PATH']}"})
    until(lambda: any("sleep 600" in argv for argv in shop.tools_running()), "the tool runs")
    running.send(signal.SIGINT)
    time.sleep(1.5)
    assert running.process.poll() is None, "once is only a request"
    assert any("sleep 600" in argv for argv in shop.tools_running())
    running.send(signal.SIGINT)
    running.wait(15).expect(130)
    until(lambda: not shop.tools_running(), "nothing survives", within=5)
    assert shop.writes() == []
    shop.deploy().expect(4)  # it is not known what a tool did that was killed: first it is looked at
    shop.deploy().expect(0)
    assert shop.writes() == ["POST dev/app"]


def test_while_planning(shop: Shop) -> None:
    shop.deploy().expect(0)
    shop.stack("app", size=2)
    shop.commit()
    mark = shop.mark()
    shop.lab.faults.add("latency", methods=("GET",), path="*", seconds=3.0)
    running = shop.start("deploy")
    until(lambda: shop.sql("SELECT 1 FROM steps WHERE state = 'planning'") and shop.tools_running(), "it plans")
    running.send(signal.SIGINT)
    ended = running.wait(40).expect(130)
    assert shop.tools_running() == []
    shop.lab.faults.clear()
    went_on = shop.deploy().expect(0)
    assert went_on.id == ended.id
    assert shop.writes(mark) == ["PUT dev/app"]


def test_while_blocked(shop: Shop) -> None:
    """It waits for an approval, and for a preview's turn: leaving takes no longer than looking."""
    shop.stack("web", depends_on=["app"], labels="{ up = var.up }")
    text = (shop.repository / "stacks/web/main.tf").read_text() + 'variable "up" { type = string }\n'
    shop.write("stacks/web/main.tf", text)
    shop.stacks["web"] = '{path: stacks/web, depends_on: [app], variables: {up: "${components.app.outputs.id}"}}'
    shop.components()
    shop.organization("  dev: {zone: development, approval: {teams: [platform], count: 1}}")
    shop.commit()
    running = shop.start("deploy", "--wait", "60s")
    until(lambda: shop.sql("SELECT 1 FROM steps WHERE state = 'blocked'"), "it waits")
    running.send(signal.SIGINT)
    ended = running.wait(10).expect(130)
    shop.approve(ended.id).expect(0)
    shop.deploy().expect(3)
    assert shop.writes() == ["POST dev/app"]


def test_cancel_while_it_applies(shop: Shop) -> None:
    """The tool is asked to stop; what was made stays, and is told."""
    running = applying(shop)
    deployment = shop.sql("SELECT id FROM deployments")[0][0]
    shop.run("cancel", deployment).expect(0)
    ended = running.wait(60).expect(4)
    assert shop.writes() == ["POST dev/first"]
    assert shop.status(deployment)["state"] == "partly_changed"
    assert "cancel" in ended.err
    assert f"rollback --deployment {deployment}" in ended.err
    go_on(shop)
    shop.deploy().expect(0)
    assert shop.writes() == ["POST dev/first", "POST dev/second"]


def test_cancel_with_rollback(shop: Shop) -> None:
    """What was made is undone again."""
    running = applying(shop)
    deployment = shop.sql("SELECT id FROM deployments")[0][0]
    shop.run("cancel", deployment, "--rollback").expect(0)
    running.wait(90).expect(1)
    assert shop.writes() == ["POST dev/first", "DELETE dev/first"]
    assert shop.lab.contents() == {}
    assert shop.status(deployment)["state"] == "rolled_back"


def test_cancel_what_waits(shop: Shop) -> None:
    """Nobody runs it: it ends there and then; with --rollback the next process ends it. What staging has stays."""
    shop.organization(TWO)
    shop.commit()
    deployment = shop.deploy().expect(3).id
    shop.run("cancel", deployment).expect(0)
    assert shop.status(deployment)["state"] == "cancelled"
    shop.run("cancel", deployment).expect(64)
    shop.approve(deployment).expect(64)
    again = shop.deploy().expect(3)
    assert again.id != deployment
    assert shop.writes() == ["POST staging/app"]


def test_cancel_with_rollback_what_waits(shop: Shop) -> None:
    """Nobody runs it and production has nothing of it: the next process ends it; staging, which has its verdict, stays as it is."""
    shop.organization(TWO)
    shop.commit()
    deployment = shop.deploy().expect(3).id
    asked = shop.run("cancel", deployment, "--rollback").expect(0)
    assert f"deploy --resume {deployment}" in asked.err
    shop.run("deploy", "--resume", deployment).expect(1)
    assert shop.status(deployment)["finished"]
    assert shop.writes() == ["POST staging/app"]
    assert shop.deploy().expect(3).id != deployment


def test_who_only_follows_may_leave(shop: Shop) -> None:
    """Ctrl-C to a second deploy ends that one alone; the first goes on."""
    shop.lab.faults.add("latency", methods=("POST",), path="*", seconds=4.0)
    first = shop.start("deploy")
    until(lambda: shop.sql("SELECT 1 FROM deployments WHERE pid <> 0"), "the first runs it")
    second = shop.start("deploy")
    until(lambda: "running" in _said(second), "the second follows")
    second.send(signal.SIGINT)
    second.wait(10).expect(130)
    first.wait().expect(0)
    assert shop.writes() == ["POST dev/app"]


def _said(running: Running) -> str:
    """The first line that the program says on stderr."""
    assert running.process.stderr is not None
    return running.process.stderr.readline()


def test_stop_instead_of_rollback(shop: Shop) -> None:
    """on_failure: stop leaves what was applied, says so with 4, and names the way back, which works."""
    shop.organization("  dev: {zone: development, on_failure: stop}")
    shop.commit()
    shop.deploy().expect(0)
    shop.stack("app", size=2, more='checks: [{command: {run: ["false"], failures: 1}}]')
    shop.commit()
    failed = shop.deploy().expect(4)
    assert shop.sizes() == {"dev/app": 2}
    assert f"interlock rollback --deployment {failed.id}" in failed.err
    shop.run("rollback", "--deployment", failed.id).expect(0)
    assert shop.sizes() == {"dev/app": 1}
