"""`interlock affected`: reads only, whether anything was deployed or not."""

import pytest

from .conftest import Desk

pytestmark = pytest.mark.slow  # each runs the real program several times


def test_a_fresh_clone_is_affected_whole_and_stays_as_it_is(desk: Desk) -> None:
    done = desk.run("affected").expect(0)
    assert "never released in staging" in done.out
    assert "2 of 2 affected" in done.out
    assert not desk.home.exists()
    assert {path.name for path in desk.user.iterdir()} == {".gitconfig"}


def test_what_is_deployed_is_not_affected(deployed: Desk) -> None:
    assert "0 of 2 affected" in deployed.run("affected").expect(0).out
    explained = deployed.run("affected", "--explain").expect(0).out
    assert "left out:" in explained
    deployed.write("site/page.txt", "two\n")
    deployed.write("notes.txt", "nobody reads this\n")
    done = deployed.run("affected", "--explain").expect(0).out
    assert "site/page.txt" in done
    assert "2 of 2 affected" in done
    assert "notes.txt" in done
    document = deployed.run("affected", "--json").expect(0).json
    assert (document["type"], document["version"]) == ("affected", 1)
    assert [(p["environment"], p["component"]) for p in document["pairs"]] == [
        ("staging", "site"),
        ("production", "site"),
    ]


def test_against_a_base_and_at_a_revision(desk: Desk) -> None:
    first = desk.git("rev-parse", "HEAD")
    desk.write("site/page.txt", "two\n")
    desk.commit()
    assert "2 of 2 affected" in desk.run("affected", "--base", first).expect(0).out
    assert "0 of 2 affected" in desk.run("affected", "--base", "HEAD").expect(0).out
    assert "0 of 2 affected" in desk.run("affected", "--at", first, "--base", first).expect(0).out


def test_wrong_names(desk: Desk) -> None:
    assert desk.run("affected", "--base", "nope").expect(64).out == ""
    assert desk.run("affected", "--at", "nope", "--json").expect(64).json["type"] == "error"
    desk.write("organization.yaml", "organization: {name: acme}\nenvironments: 3\n")
    assert "organization.yaml:2" in desk.run("affected").expect(78).err
    (desk.root / "organization.yaml").unlink()
    assert "interlock init" in desk.run("affected").expect(64).err


def test_lost_records_are_not_no_records(deployed: Desk) -> None:
    (deployed.home / "interlock.db").unlink()
    done = deployed.run("affected").expect(4)
    assert "is gone" in done.err
    assert done.out == ""
