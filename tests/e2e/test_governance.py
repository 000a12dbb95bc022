"""No change lowers the bar it must pass, and nothing is deployed from where it would not be known again."""

import subprocess

import pytest

from e2e.shop import ANN, BEA, CEM, EVE, TWO, Shop

pytestmark = [pytest.mark.tools, pytest.mark.slow]

ASKS = "  dev: {zone: development, approval: {teams: [platform], count: %d}}"


def deployed(shop: Shop, environments: str) -> None:
    """The first release everywhere, with Bea's yes where one is asked for."""
    shop.organization(environments)
    shop.commit()
    result = shop.deploy()
    if result.exit == 3:
        shop.approve(result.id).expect(0)
        shop.deploy().expect(0)


def test_an_approval_count_of_zero_does_not_count_for_the_change_that_sets_it(shop: Shop) -> None:
    deployed(shop, ASKS % 1)
    shop.organization(ASKS % 0)
    shop.stack("app", size=2)
    shop.commit("Nobody needs to look", author=EVE)
    mark = shop.mark()
    blocked = shop.deploy().expect(3)
    assert shop.gate(blocked.id, "dev/app", "approval")["reason"].startswith("0 of 1 approvals")
    assert shop.writes(mark) == []
    shop.approve(blocked.id).expect(0)
    shop.deploy().expect(0)
    assert shop.writes(mark) == ["PUT dev/app"]
    shop.stack("app", size=3)
    shop.commit()
    shop.deploy().expect(0)  # the new bar stands once it is deployed
    assert shop.sizes() == {"dev/app": 3}


def test_nobody_adds_oneself_to_the_team(shop: Shop) -> None:
    """The new member's yes does not count for the change that made him one; the old team's does, and self approval is not switched on either."""
    deployed(shop, ASKS % 1)
    environment = "  dev: {zone: development, approval: {teams: [platform], count: 1, self_approve: true}}"
    shop.organization(environment, teams={"platform": [EVE]})
    shop.stack("app", size=2)
    shop.commit("Make me one of you", author=EVE)
    mark = shop.mark()
    blocked = shop.deploy().expect(3)
    shop.approve(blocked.id, as_=EVE).expect(0)
    shop.deploy().expect(3)
    assert shop.writes(mark) == []
    reason = shop.gate(blocked.id, "dev/app", "approval")["reason"]
    assert EVE in reason
    shop.approve(blocked.id, as_=CEM).expect(0)
    shop.deploy().expect(0)
    assert shop.writes(mark) == ["PUT dev/app"]


def test_an_environment_does_not_leave_the_order_by_its_own_change(shop: Shop) -> None:
    """`after: staging` and the approval are taken out: staging still comes first, and production still asks."""
    deployed(shop, TWO)
    shop.organization("  staging: {zone: staging}\n  production: {zone: production}")
    shop.stack("app", size=2, more='checks: [{command: {run: ["false"], failures: 1}}]')
    shop.commit("Production does not wait for anybody", author=EVE)
    mark = shop.mark()
    shop.deploy().expect(1)  # fails in staging, is undone there, and production was never touched
    assert {write.split()[1] for write in shop.writes(mark)} == {"staging/app"}
    assert shop.sizes() == {"staging/app": 1, "production/app": 1}
    shop.stack("app", size=3)
    shop.commit("Without the check", author=EVE)
    blocked = shop.run("deploy", "--env", "production").expect(3)
    assert shop.gate(blocked.id, "production/app", "earlier-environment")["verdict"] == "pending"
    assert shop.gate(blocked.id, "production/app", "approval")["verdict"] == "pending"
    assert shop.sizes() == {"staging/app": 1, "production/app": 1}


def test_whoever_wrote_a_commit_since_the_release_is_an_author(shop: Shop) -> None:
    """Not only the last commit's: Bea wrote the one before it, so only Cem is left to say yes."""
    deployed(shop, ASKS % 1)
    shop.stack("app", size=2)
    shop.commit(author=BEA)
    shop.write("README.md", "Nothing to do with it\n")
    shop.commit(author=ANN)
    blocked = shop.deploy().expect(3)
    shop.approve(blocked.id, as_=BEA).expect(0)
    shop.deploy().expect(3)
    assert f"{BEA} wrote a commit" in shop.gate(blocked.id, "dev/app", "approval")["reason"]
    assert shop.sizes() == {"dev/app": 1}
    shop.approve(blocked.id, as_=CEM).expect(0)
    shop.deploy().expect(0)
    assert shop.sizes() == {"dev/app": 2}


def test_in_ci_a_ledger_that_vanishes_is_none(shop: Shop) -> None:
    without = shop.run("deploy", environment={"CI": "true", "INTERLOCK_HOME": None}).expect(78)
    assert "INTERLOCK_HOME" in without.err
    assert not (shop.folder / "data").exists()
    assert shop.writes() == []
    shop.run("deploy", environment={"CI": "true"}).expect(0)
    assert shop.writes() == ["POST dev/app"]


def test_what_is_not_committed_is_not_deployed(shop: Shop) -> None:
    """The files are listed; --at says what is meant; nothing was recorded meanwhile."""
    shop.stack("app", size=9)
    shop.write("stacks/app/notes.txt", "a new file\n")
    refused = shop.deploy().expect(64)
    assert "stacks/app/main.tf" in refused.err
    assert "stacks/app/notes.txt" in refused.err
    assert shop.writes() == []
    assert not (shop.home / "interlock.db").exists()
    shop.run("deploy", "--at", "HEAD").expect(0)
    assert shop.sizes() == {"dev/app": 1}


def test_a_shallow_clone_says_what_it_lacks(shop: Shop) -> None:
    """The deployed commit is not in the clone: an error that says how to fetch it, never a guess; with it fetched, all goes on."""
    shop.deploy().expect(0)
    for size in (2, 3):
        shop.stack("app", size=size)
        shop.commit()
    clone = shop.folder / "clone"
    subprocess.run(
        ["git", "clone", "--quiet", "--depth", "1", f"file://{shop.repository}", str(clone)],
        env=shop.environment, check=True, capture_output=True,
    )  # fmt: skip
    mark = shop.mark()
    refused = shop.run("deploy", "-C", str(clone), "--as", ANN)
    assert refused.exit not in (0, 3), refused.text
    assert "fetch" in refused.err, refused.text
    assert shop.writes(mark) == []
    subprocess.run(["git", "fetch", "--quiet", "--unshallow"], cwd=clone, env=shop.environment, check=True)
    shop.run("deploy", "-C", str(clone), "--as", ANN).expect(0)
    assert shop.writes(mark) == ["PUT dev/app"]


def test_status_check_asks_again(shop: Shop) -> None:
    """A check that passed when it was deployed fails now: `status` alone is content, `status --check` is not."""
    shop.stack("app", more='checks: [{http: {url: "${outputs.url}/health", failures: 1}}]')
    text = (shop.repository / "stacks/app/main.tf").read_text()
    shop.write("stacks/app/main.tf", text + 'output "url" { value = lab_item.this.endpoint }\n')
    shop.commit()
    shop.deploy().expect(0)
    shop.run("status", "--check").expect(0)
    shop.lab.edit("dev", "app", healthy=False)
    shop.run("status").expect(0)
    failed = shop.run("status", "--check", "--json").expect(1).json
    assert [check["passed"] for release in failed["releases"] for check in release["checks"]] == [False]
    shop.lab.edit("dev", "app", healthy=True)
    shop.run("status", "--check").expect(0)
