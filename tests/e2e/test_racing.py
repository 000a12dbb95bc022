"""Two `deploy` of one commit, started at the same instant: one does it, the other follows, each item is written once, both say the same.

INTERLOCK_RACES is how often (default 6): fifty were run to prove it, CI keeps it honest.
"""

import os

import pytest

from e2e.shop import Shop

pytestmark = [pytest.mark.tools, pytest.mark.slow]

RACES = int(os.environ.get("INTERLOCK_RACES", "6"))


@pytest.mark.timeout(60 + 30 * RACES)
def test_two_deploys_at_once(shop: Shop) -> None:
    """The first round races for the database, the key and the home, too: nothing of them is there yet. Then creates and updates in turn."""
    for number in range(RACES):
        shop.stack(f"app{number % 2}", size=number + 1)
        commit = shop.commit(f"Round {number}")
        mark = shop.mark()
        both = [shop.start("deploy"), shop.start("deploy")]
        results = [one.wait() for one in both]
        text = "\n".join(result.text for result in results)
        assert [result.exit for result in results] == [0, 0], text
        assert "Traceback" not in text, text
        assert "a bug in interlock" not in text, text
        wrote = shop.writes(mark)
        assert len(wrote) == len(set(wrote)), wrote
        assert sorted(wrote) == sorted(_expected(number)), f"round {number}: {wrote}\n{text}"
        verdicts = shop.sql("SELECT state FROM deployments WHERE commit_id = ?", commit)
        assert verdicts == [("verified",)], verdicts
        assert shop.sql("SELECT 1 FROM environment_slots") == []
    assert set(shop.lab.creations().values()) == {1}
    shop.run("audit", "verify").expect(0)


def _expected(number: int) -> list[str]:
    """Round 0 makes app (from the start) and app0, round 1 app1; after that one of the two is updated."""
    if number == 0:
        return ["POST dev/app", "POST dev/app0"]
    return [f"{'POST' if number == 1 else 'PUT'} dev/app{number % 2}"]
