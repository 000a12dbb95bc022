"""`interlock audit`: the records are read, proven and, when they are not whole, accepted by a person."""

import shutil
import sqlite3
from collections.abc import Callable

import pytest

from .conftest import ANN, Desk

pytestmark = pytest.mark.slow  # each runs the real program several times


def alter(desk: Desk, *statements: str) -> None:
    connection = sqlite3.connect(desk.home / "interlock.db")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def test_the_log_is_newest_first(deployed: Desk) -> None:
    records = deployed.run("audit", "log", "--json", "-n", "1000").expect(0).json["records"]
    assert [r["seq"] for r in records] == list(range(len(records), 0, -1))
    assert records[-1]["actor"] == ANN
    lines = deployed.run("audit", "log", "-n", "2").expect(0).out.splitlines()
    assert len(lines) == 3
    of_step = deployed.run("audit", "log", "--subject", "staging/site", "--json").expect(0).json["records"]
    assert of_step
    assert {r["subject"] for r in of_step} == {"staging/site"}
    assert "no record about nobody" in deployed.run("audit", "log", "--subject", "nobody").expect(0).out


def test_what_was_not_touched_is_intact(deployed: Desk) -> None:
    assert deployed.run("audit", "verify").expect(0).out.startswith("Intact: ")
    document = deployed.run("audit", "verify", "--json").expect(0).json
    assert (document["intact"], document["faults"]) == (True, [])
    assert "nothing to accept" in deployed.run("audit", "accept", "--reason", "none").expect(0).err
    assert deployed.run("audit", "verify", "--json").expect(0).json["records"] == document["records"]


def move(desk: Desk) -> None:
    alter(
        desk,
        "UPDATE audit SET seq = 1000 WHERE seq = 3",
        "UPDATE audit SET seq = 3 WHERE seq = 4",
        "UPDATE audit SET seq = 4 WHERE seq = 1000",
    )


@pytest.mark.parametrize(
    ("harm", "kind"),
    [
        (lambda desk: alter(desk, "UPDATE audit SET actor = 'eve' WHERE seq = 2"), "changed"),
        (lambda desk: alter(desk, "DELETE FROM audit WHERE seq = 2"), "missing"),
        (move, "reordered"),
        (lambda desk: alter(desk, "DELETE FROM audit WHERE seq > 4"), "cut"),
        (lambda desk: (desk.home / "audit.head").unlink(), "anchor"),
    ],
    ids=["changed", "missing", "reordered", "cut", "anchor"],
)
def test_harm_is_named(deployed: Desk, harm: Callable[[Desk], None], kind: str) -> None:
    harm(deployed)
    document = deployed.run("audit", "verify", "--json").expect(4).json
    assert document["intact"] is False
    assert kind in {fault["kind"] for fault in document["faults"]}
    assert kind in deployed.run("audit", "verify").expect(4).out


def test_work_goes_on_only_when_a_person_accepted_a_cut_tail(deployed: Desk) -> None:
    alter(deployed, "DELETE FROM audit WHERE seq > 4")
    deployed.write("site/page.txt", "two\n")
    deployed.commit()
    refused = deployed.run("deploy").expect(4)
    assert "interlock audit accept" in refused.err
    assert deployed.run("audit", "accept").expect(64).out == ""
    assert deployed.run("audit", "accept", "--reason", "  ").expect(64).out == ""
    document = (
        deployed.run("audit", "accept", "--reason", "disk failure", "--as", "bea@acme.example", "--json").expect(0).json
    )
    assert document["accepted"] is True
    deployed.run("audit", "verify").expect(0)
    record = deployed.run("audit", "log", "-n", "1", "--json").expect(0).json["records"][0]
    assert (record["actor"], record["action"], record["details"]["reason"]) == (
        "bea@acme.example",
        "audit-reanchored",
        "disk failure",
    )
    assert any("missing at the end" in fault for fault in record["details"]["faults"])
    deployed.run("deploy").expect(0)


def test_another_key_proves_nothing(deployed: Desk) -> None:
    done = deployed.run("audit", "verify", INTERLOCK_KEY="ab" * 32).expect(4)
    assert "is not the one" in done.err
    shutil.rmtree(deployed.user / ".config")
    assert "holds data that only it can read" in deployed.run("audit", "verify").expect(1).err


def test_no_records_are_not_intact_records(desk: Desk) -> None:
    for verb in (("verify",), ("log",), ("accept", "--reason", "x")):
        assert "nothing is recorded here yet" in desk.run("audit", *verb).expect(64).err
    assert not desk.home.exists()


def test_a_lost_database_is_not_intact(deployed: Desk) -> None:
    (deployed.home / "interlock.db").unlink()
    assert "is gone" in deployed.run("audit", "verify").expect(4).err


def test_wrong_usage(desk: Desk) -> None:
    assert "Missing command" in desk.run("audit").expect(64).err
    assert "No such command" in desk.run("audit", "verfy").expect(64).err
    assert desk.run("audit", "log", "-n", "0").expect(64).out == ""
