"""`interlock show`: a deployment, a plan, a release, by the beginning of an id."""

import json

import pytest

from .conftest import Desk

pytestmark = pytest.mark.slow  # each runs the real program several times


@pytest.fixture
def ids(deployed: Desk) -> tuple[str, str, str]:
    """Of the deployment, its plan and its release in staging."""
    releases = deployed.run("history", "--json", "--env", "staging").expect(0).json["releases"]
    return releases[0]["deployment"], releases[0]["plan"], releases[0]["id"]


def test_a_deployment_with_its_plans(deployed: Desk, ids: tuple[str, str, str]) -> None:
    deployment, plan, _ = ids
    done = deployed.run("show", deployment).expect(0).out
    assert f"{deployment}  verified" in done
    assert plan in done
    assert "fencing token" in done
    assert "production/site" in done
    document = deployed.run("show", deployment, "--json").expect(0).json
    assert (document["type"], document["version"], document["id"]) == ("deployment", 1, deployment)
    assert [p["environment"] for p in document["plans"]] == ["staging", "production"]
    assert all(p["consumed"] for p in document["plans"])


def test_a_plan_whole(deployed: Desk, ids: tuple[str, str, str]) -> None:
    deployment, plan, _ = ids
    done = deployed.run("show", plan).expect(0).out
    assert "staging/site" in done
    for line in (f"plan         {plan}", f"deployment   {deployment}", "artifact     sha256:"):
        assert " ".join(line.split()) in " ".join(done.split())
    document = deployed.run("show", plan, "--json").expect(0).json
    assert (document["type"], document["version"], document["id"]) == ("stored-plan", 1, plan)
    assert document["artifact"]["digest"]
    assert document["step"]["changes"]


def test_a_release(deployed: Desk, ids: tuple[str, str, str]) -> None:
    deployment, plan, release = ids
    done = deployed.run("show", release).expect(0).out
    assert release in done
    assert plan in done
    document = deployed.run("show", release, "--json").expect(0).json
    assert (document["type"], document["id"], document["deployment"]) == ("release", release, deployment)
    assert document["status"] == "verified"


def test_beginnings(deployed: Desk, ids: tuple[str, str, str]) -> None:
    deployment, *_ = ids
    assert deployed.run("show", deployment[:3].upper(), "--json").expect(0).json["id"] == deployment
    assert "begins several" in deployed.run("show", "1").expect(64).err
    assert "begins several" in deployed.run("show", "p-1").expect(64).err


@pytest.mark.parametrize("id_", ["d-zzzz", "p-zzzz", "r-zzzz", "zzzz", "nonsense!", "", "-"])
def test_what_is_not_there(deployed: Desk, id_: str) -> None:
    done = deployed.run("show", id_, "--json").expect(64)
    assert done.out == "" or json.loads(done.out)["slug"] in ("not-found", "usage")


def test_an_altered_plan_is_not_shown(deployed: Desk, ids: tuple[str, str, str]) -> None:
    import sqlite3

    connection = sqlite3.connect(deployed.home / "interlock.db")
    connection.execute("UPDATE plans SET document = replace(document, 'site', 'sitf')")
    connection.commit()
    connection.close()
    done = deployed.run("show", ids[1]).expect(1)
    assert "is not what was stored" in done.err
    assert done.out == ""


def test_a_fresh_clone(desk: Desk) -> None:
    assert "nothing is recorded here yet" in desk.run("show", "d-1").expect(64).err
    assert not desk.home.exists()
