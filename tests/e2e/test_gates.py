"""Gates on the real program: who may say yes, to what, and what waits for what."""

import time

import pytest

from e2e.shop import ANN, BEA, CEM, EVE, TWO, Shop, until

pytestmark = [pytest.mark.tools, pytest.mark.slow]

ASKS = "  dev: {zone: development, approval: {teams: [platform], count: %d}}"


def asks(shop: Shop, count: int = 1, **organization: object) -> str:
    """One environment that asks `count` of the team; the deployment that waits there."""
    shop.organization(ASKS % count, **organization)  # type: ignore[arg-type]
    shop.commit()
    return shop.deploy().expect(3).id


def test_who_may_approve(shop: Shop) -> None:
    """Two of the team are asked. A stranger's yes, the author's own and the same person's second do not count; a blocked deploy changes nothing."""
    deployment = asks(shop, 2, teams={"platform": [ANN, BEA, CEM]})
    gate = shop.gate(deployment, "dev/app", "approval")
    assert gate["verdict"] == "pending"
    assert gate["since"]
    assert f"interlock approve {deployment}" in gate["unblock"]

    shop.approve(deployment, as_=EVE).expect(0)
    shop.approve(deployment, as_=ANN).expect(0)
    shop.approve(deployment, as_=BEA).expect(0)
    shop.approve(deployment, as_=BEA.upper()).expect(0)
    blocked = shop.deploy().expect(3)
    assert blocked.id == deployment
    assert shop.writes() == []
    reason = shop.gate(deployment, "dev/app", "approval")["reason"]
    assert reason.startswith("1 of 2 approvals"), reason
    assert EVE in reason
    assert f"{ANN} wrote a commit" in reason

    shop.approve(deployment, as_=CEM).expect(0)
    shop.deploy().expect(0)
    assert shop.writes() == ["POST dev/app"]


def test_an_approval_is_for_what_was_planned(shop: Shop) -> None:
    """A new commit with another plan asks again; one with the same plan does not."""
    first = asks(shop)
    shop.approve(first).expect(0)
    shop.stack("app", size=2)
    shop.commit()
    second = shop.deploy().expect(3).id
    assert second != first
    assert shop.writes() == []
    shop.stack("app", size=1)
    shop.commit()
    assert shop.deploy().expect(0).id not in (first, second)
    assert shop.writes() == ["POST dev/app"]
    assert shop.sizes() == {"dev/app": 1}


def test_a_rejection_ends_it(shop: Shop) -> None:
    deployment = asks(shop)
    shop.run("reject", deployment, "--as", EVE, "--comment", "not my cup of tea").expect(0)
    shop.deploy().expect(3)  # a stranger's no is no no
    shop.run("reject", deployment, "--as", BEA, "--comment", "too big").expect(0)
    ended = shop.run("deploy", "--resume", deployment).expect(1)
    assert "too big" in ended.err
    assert shop.status(deployment)["state"] == "failed"
    assert shop.writes() == []
    shop.approve(deployment).expect(64)  # it has ended


def test_waiting_has_an_end(shop: Shop) -> None:
    """Without a terminal a blocked deployment ends at once, with --wait after a while, and goes on by itself when the yes comes in time."""
    deployment = asks(shop)
    began = time.monotonic()
    shop.run("deploy", "--wait", "2s").expect(3)
    assert time.monotonic() - began >= 2
    waiting = shop.start("deploy", "--wait", "60s")
    until(lambda: shop.status(deployment)["state"] == "blocked", "the gate is looked at")
    shop.approve(deployment).expect(0)
    waiting.wait().expect(0)
    assert shop.writes() == ["POST dev/app"]


def test_production_waits_for_staging(shop: Shop) -> None:
    """Only production is asked for, but this revision was not verified in staging."""
    shop.organization(TWO)
    shop.commit()
    deployment = shop.run("deploy", "--env", "production").expect(3).id
    gate = shop.gate(deployment, "production/app", "earlier-environment")
    assert gate["verdict"] == "pending"
    assert "staging" in gate["reason"]
    assert "interlock deploy --env staging" in gate["unblock"]
    shop.approve(deployment).expect(0)
    shop.run("deploy", "--env", "production").expect(3)
    assert shop.writes() == []
    shop.run("deploy", "--env", "staging").expect(0)
    assert shop.writes() == ["POST staging/app"]
    shop.run("deploy", "--env", "production").expect(0)
    assert shop.writes() == ["POST staging/app", "POST production/app"]


def test_a_held_revision_does_not_come_back(shop: Shop) -> None:
    """A deployment that fails its check is undone and held: the same commit is blocked, a newer passes, and a person may release it."""
    shop.deploy().expect(0)
    shop.stack("app", size=2, more='checks: [{command: {run: ["false"], failures: 1}}]')
    bad = shop.commit("Break it")
    mark = shop.mark()
    shop.deploy().expect(1)
    assert shop.writes(mark) == ["PUT dev/app", "PUT dev/app"]
    assert shop.sizes() == {"dev/app": 1}
    mark = shop.mark()
    held = shop.deploy().expect(3)
    assert shop.gate(held.id, "dev/app", "hold")["verdict"] == "fail"
    assert "hold release dev app" in shop.gate(held.id, "dev/app", "hold")["unblock"]
    assert shop.writes(mark) == []
    shop.run("hold", "release", "dev", "app", "--reason", "looked at").expect(0)
    shop.deploy().expect(1)  # it may be tried again, fails again, and is held again
    assert bad[:8] in shop.run("hold", "list").expect(0).text
    shop.stack("app", size=3)
    shop.commit("Mend it")
    shop.deploy().expect(0)
    assert shop.sizes() == {"dev/app": 3}
    assert bad[:8] not in shop.run("hold", "list").expect(0).text  # a newer revision is verified


def test_a_newer_deployment_takes_the_place_of_one_that_waits(shop: Shop) -> None:
    older = asks(shop)
    waiting = shop.start("deploy", "--wait", "60s")
    until(lambda: shop.sql("SELECT pid FROM deployments") == [(waiting.process.pid,)], "it waits")
    shop.stack("app", size=2)
    shop.commit()
    newer = shop.deploy().expect(3).id
    ended = waiting.wait().expect(1)
    assert newer in ended.err
    assert shop.status(older)["state"] == "superseded"
    shop.approve(older).expect(64)
    shop.approve(newer).expect(0)
    shop.deploy().expect(0)
    assert shop.writes() == ["POST dev/app"]
    assert shop.sizes() == {"dev/app": 2}


def test_one_active_deployment_in_an_environment(shop: Shop) -> None:
    """While one applies, another of the same environment waits, and goes on when the first has its verdict."""
    shop.stack("web")
    shop.commit()
    shop.lab.faults.add("latency", methods=("POST",), name="*", path="*", seconds=6.0, times=1)
    first = shop.start("deploy", "app")
    until(lambda: shop.sql("SELECT 1 FROM environment_slots"), "the first is active")
    second = shop.deploy("web").expect(3)
    gate = shop.gate(second.id, "dev/web", "one-deployment")
    assert gate["verdict"] == "pending"
    assert shop.sql("SELECT deployment FROM environment_slots")[0][0] in gate["reason"]
    assert shop.writes() == []
    shop.run("deploy", "web", "--wait", "60s").expect(0)
    first.wait().expect(0)
    assert shop.writes() == ["POST dev/app", "POST dev/web"]
