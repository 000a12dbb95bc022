"""`interlock hold`: what failed stays away until a person says why it may come back."""

import pytest

from .conftest import ANN, Desk

pytestmark = pytest.mark.slow  # each runs the real program several times

FAILS = """\
defaults: {kind: command}
components:
  site:
    path: site
    apply: [cp, page.txt, built.txt]
    artifacts: {page: built.txt}
    checks:
      - command: {run: ["false"], timeout: 5s, within: 1s, interval: 200ms}
"""


@pytest.fixture
def held(deployed: Desk) -> Desk:
    """A revision whose verification failed in staging, was undone, and is held."""
    deployed.write("interlock.yaml", FAILS)
    deployed.write("site/page.txt", "two\n")
    deployed.commit()
    deployed.run("deploy").expect(1)
    return deployed


def test_a_held_revision_is_listed_and_released(held: Desk) -> None:
    commit = held.git("rev-parse", "HEAD")
    holds = held.run("hold", "list", "--json").expect(0).json["holds"]
    assert [(h["environment"], h["component"], h["revision"]) for h in holds] == [("staging", "site", commit)]
    assert commit[:12] in held.run("hold", "list").expect(0).out
    assert held.run("hold", "list", "--env", "production").expect(0).out == "Nothing is held in production.\n"

    wrong = held.run("hold", "release", "production", "site", "--reason", "x").expect(64)
    assert "staging site" in wrong.err
    assert held.run("hold", "release", "staging", "site").expect(64).out == ""
    assert held.run("hold", "release", "staging", "site", "--reason", " ").expect(64).out == ""

    done = held.run("hold", "release", "staging", "site", "--reason", "the check was wrong", "--json").expect(0).json
    assert (done["type"], done["revisions"], done["person"]) == ("hold-released", [commit], ANN)
    assert held.run("hold", "list").expect(0).out == "Nothing is held.\n"
    record = held.run("audit", "log", "-n", "1", "--json").expect(0).json["records"][0]
    assert (record["action"], record["subject"], record["details"]["reason"]) == (
        "release-hold",
        "staging/site",
        "the check was wrong",
    )
    held.run("audit", "verify").expect(0)
    assert (
        "nothing is held anywhere" in held.run("hold", "release", "staging", "site", "--reason", "again").expect(64).err
    )


def test_nobody_cannot_release(held: Desk) -> None:
    (held.user / ".gitconfig").unlink()
    assert "who you are" in held.run("hold", "release", "staging", "site", "--reason", "x").expect(64).err
    assert held.run("hold", "list", "--json").expect(0).json["holds"]


def test_a_fresh_clone_holds_nothing(desk: Desk) -> None:
    assert desk.run("hold", "list").expect(0).out == "Nothing is held.\n"
    assert (
        "nothing is recorded here yet" in desk.run("hold", "release", "staging", "site", "--reason", "x").expect(64).err
    )
    assert not desk.home.exists()
    assert "Missing command" in desk.run("hold").expect(64).err
