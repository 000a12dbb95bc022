"""`interlock doctor`: runs where half is broken, names what is, and leaves everything as it found it."""

import os
import sqlite3
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from .conftest import ORGANIZATION, Desk, Result

pytestmark = pytest.mark.slow  # each runs the real program several times

CHECKS = [
    "python", "repository", "working tree", "person", "configuration", "tool", "git", "data folder", "continuous integration",
    "permissions", "key", "database", "audit", "deployments", "disk", "clock",
]  # fmt: skip


def level(done: Result, check: str) -> tuple[str, str]:
    """The worst level of a check and what it says, with how to mend it."""
    found = [c for c in done.json["checks"] if c["check"] == check]
    assert found, f"no check {check}"
    worst = max(found, key=lambda c: ["ok", "warning", "failed"].index(c["level"]))
    return worst["level"], f"{worst['what']} → {worst['mend']}"


def test_a_healthy_place(deployed: Desk) -> None:
    before = {path: deployed.files(path) for path in (deployed.root, deployed.user, deployed.home)}
    done = deployed.run("doctor", "--json").expect(0)
    assert (done.json["type"], done.json["version"], done.json["ok"]) == ("doctor", 1, True)
    assert list(dict.fromkeys(c["check"] for c in done.json["checks"])) == CHECKS
    assert {c["check"] for c in done.json["checks"] if c["level"] != "ok"} <= {"tool", "disk"}  # what this machine has
    assert {path: deployed.files(path) for path in before} == before
    text = deployed.run("doctor").expect(0).out
    assert "records, intact" in text
    assert str(deployed.home) in text


def test_a_fresh_clone_is_fine_and_stays_so(desk: Desk) -> None:
    done = desk.run("doctor", "--json").expect(0)
    assert "the first deployment makes it" in level(done, "data folder")[1]
    assert level(done, "key")[0] == "ok"
    assert not desk.home.exists()
    assert desk.files(desk.user) == {".gitconfig"}


def sql(desk: Desk, statement: str) -> None:
    connection = sqlite3.connect(desk.home / "interlock.db")
    connection.execute(statement)
    connection.commit()
    connection.close()


def overwrite(path: Path, data: bytes, at: int = 0) -> None:
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def key_file(desk: Desk) -> Path:
    return next((desk.user / ".config/interlock/keys").iterdir())


Harm = Callable[[Desk], Any]
FAILS: dict[str, tuple[Harm, str, str]] = {
    "home-open-to-others": (lambda d: d.home.chmod(0o755), "permissions", "chmod go-rwx"),
    "database-open-to-others": (lambda d: (d.home / "interlock.db").chmod(0o644), "permissions", "interlock.db"),
    "key-gone": (lambda d: key_file(d).unlink(), "key", "restore the key file"),
    "key-open-to-others": (lambda d: key_file(d).chmod(0o644), "key", "chmod 600"),
    "key-of-another": (lambda d: key_file(d).write_text("ab" * 32), "key", "bring the old key back"),
    "fingerprint-gone": (lambda d: (d.home / "key.id").unlink(), "key", "key.id is gone"),
    "database-gone": (lambda d: (d.home / "interlock.db").unlink(), "database", "is gone"),
    "no-database": (lambda d: (d.home / "interlock.db").write_bytes(b"x" * 9000), "database", "is not a database"),
    "database-damaged": (lambda d: overwrite(d.home / "interlock.db", b"\xff" * 4096, 4096 * 3), "database", "restore"),
    "schema-newer": (lambda d: sql(d, "UPDATE schema_version SET version = 999"), "database", "upgrade this Interlock"),
    "audit-altered": (lambda d: sql(d, "UPDATE audit SET actor = 'eve' WHERE seq = 2"), "audit", "was changed"),
    "audit-cut": (lambda d: sql(d, "DELETE FROM audit WHERE seq > 3"), "audit", "missing at the end"),
    "records-from-the-future": (
        lambda d: sql(d, "UPDATE deployments SET created = '2999-01-01T00:00:00.000Z'"), "clock", "in the future",
    ),
    "broken-yaml": (lambda d: d.write("interlock.yaml", "components: ["), "configuration", "interlock.yaml:"),
    "no-organization": (lambda d: (d.root / "organization.yaml").unlink(), "data folder", "interlock init"),
    "another-organization": (
        lambda d: d.write("organization.yaml", ORGANIZATION.replace("acme", "other")), "data folder", "belongs to 'acme",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FAILS)
def test_what_is_broken_is_named_with_its_mending(deployed: Desk, name: str) -> None:
    harm, check, said = FAILS[name]
    harm(deployed)
    there = deployed.files(deployed.home)
    done = deployed.run("doctor", "--json").expect(1)
    assert done.json["ok"] is False
    found, text = level(done, check)
    assert found == "failed"
    assert said in text
    assert [c["check"] for c in done.json["checks"] if c["check"] == "disk"]  # it went on to the end
    assert deployed.files(deployed.home) <= there | {"interlock.db-wal", "interlock.db-shm"}


WARNS: dict[str, tuple[Harm, str, str]] = {
    "dirty-tree": (lambda d: d.write("site/page.txt", "two"), "working tree", "site/page.txt"),
    "nobody": (lambda d: (d.user / ".gitconfig").unlink(), "person", "user.email"),
    "engine-file-left": (lambda d: (d.home / "engine/d-1zzz.db").write_bytes(b""), "deployments", "d-1zzz.db"),
}


@pytest.mark.parametrize("name", WARNS)
def test_what_is_doubtful_warns(deployed: Desk, name: str) -> None:
    harm, check, said = WARNS[name]
    harm(deployed)
    found, text = level(deployed.run("doctor", "--json").expect(0), check)
    assert found == "warning"
    assert said in text


def test_the_environment(desk: Desk) -> None:
    done = desk.run("doctor", "--json", INTERLOCK_HOME="relative").expect(1)
    assert "absolute" in level(done, "data folder")[1]
    assert level(done, "database") == ("warning", "not checked, for want of: data folder → ")
    done = desk.run("doctor", "--json", INTERLOCK_HOME=str(desk.root / "data")).expect(1)
    assert "inside the working tree" in level(done, "data folder")[1]
    done = desk.run("doctor", "--json", INTERLOCK_KEY="no-key-but-planted").expect(1)
    assert "openssl rand" in level(done, "key")[1]
    assert "planted" not in done.out + done.err
    desk.home.write_text("")
    assert "move it away" in level(desk.run("doctor", "--json").expect(1), "data folder")[1]


def test_in_continuous_integration_the_data_must_last(desk: Desk) -> None:
    done = desk.run("doctor", "--json", unset=("INTERLOCK_HOME",), CI="true").expect(1)
    assert "persistent volume" in level(done, "continuous integration")[1]
    desk.run("doctor", CI="true").expect(0)


def test_outside_of_a_repository(bare: Desk, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    done = bare.run("doctor", "--json", cwd=tmp_path / "outside").expect(1)
    assert "is not in a Git repository" in level(done, "repository")[1]
    assert level(done, "audit") == ("warning", "not checked, for want of: repository → ")
    assert level(done, "disk")[0] in ("ok", "warning", "failed")
    assert "no commit yet" in level(bare.run("doctor", "--json").expect(1), "repository")[1]


def test_a_shallow_clone(desk: Desk, tmp_path: Path) -> None:
    desk.write("site/page.txt", "two")
    desk.commit()
    clone = ["git", "clone", "-q", "--depth", "1", f"file://{desk.root}", str(tmp_path / "shallow")]
    subprocess.run(clone, env=desk.environ(), check=True, capture_output=True)
    found, text = level(desk.run("doctor", "--json", cwd=tmp_path / "shallow"), "repository")
    assert found == "warning"
    assert "--unshallow" in text


def test_tools(desk: Desk, tmp_path: Path) -> None:
    done = desk.run("doctor", "--json", PATH="/nonexistent").expect(0)
    assert level(done, "tool")[0] == "warning"  # no component needs one
    assert level(done, "git")[0] == "warning"
    desk.write("stack/main.tf", "")
    desk.write("interlock.yaml", "components:\n  stack: {kind: opentofu, path: stack, version: '>= 99'}\n")
    assert level(desk.run("doctor", "--json", PATH="/nonexistent").expect(1), "tool")[0] == "failed"
    program = tmp_path / "tofu"
    program.write_text('#!/bin/sh\necho \'{"terraform_version": "1.12.6"}\'\n')
    program.chmod(0o755)
    found, text = level(desk.run("doctor", "--json", INTERLOCK_TOFU=str(program)).expect(1), "tool")
    assert found == "failed"
    assert ">= 99" in text
    program.write_text("#!/bin/sh\necho nonsense\n")
    assert level(desk.run("doctor", "--json", INTERLOCK_TOFU=str(program)).expect(1), "tool")[0] == "failed"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read(deployed: Desk) -> None:
    (deployed.home / "interlock.db").chmod(0)
    assert level(deployed.run("doctor", "--json").expect(1), "permissions")[0] == "failed"


def test_a_deployment_that_waits_is_no_fault(desk: Desk) -> None:
    asks = ORGANIZATION.replace("after: staging}", "after: staging, approval: {teams: [ops], count: 1}}")
    desk.write("organization.yaml", f"{asks}teams:\n  ops: {{members: [bea@acme.example]}}\n")
    desk.commit()
    desk.run("deploy").expect(3)
    found, text = level(desk.run("doctor", "--json").expect(0), "deployments")
    assert found == "ok"
    assert "waits at a gate" in text
