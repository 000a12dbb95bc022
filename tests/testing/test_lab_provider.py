"""The lab provider under a real tofu. What counts is what the lab cloud holds and what its journal tells."""

import json
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from interlock.testing.labcloud import LabCloud
from interlock.testing.tools import Tools, cli_config, find_tools, quiet

pytestmark = pytest.mark.tools

HEAD = """terraform {
  required_providers {
    lab = {
      source  = "registry.opentofu.org/interlock/lab"
      version = "0.1.0"
    }
  }
}
"""


@dataclass
class Stack:
    """A folder with a configuration, and tofu to run in it as the token `apply-value`."""

    folder: Path
    tools: Tools
    environment: dict[str, str]
    last: str = field(default="", repr=False)

    def write(self, body: str) -> None:
        (self.folder / "main.tf").write_text(HEAD + body)

    def item(self, attributes: str, more: str = "") -> None:
        self.write(f'resource "lab_item" "it" {{\n  collection = "things"\n{attributes}\n}}\n{more}')

    def tofu(self, *arguments: str, expect: int = 0, **environment: str) -> str:
        done = subprocess.run(
            [self.tools.tofu, *arguments, "-no-color"],
            cwd=self.folder,
            env=self.environment | environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        self.last = done.stdout + done.stderr
        assert done.returncode == expect, self.last
        return self.last

    def apply(self, expect: int = 0, **environment: str) -> str:
        return self.tofu("apply", "-auto-approve", expect=expect, **environment)

    def plan(self) -> dict[str, Any]:
        """The first resource change of a plan, as JSON."""
        self.tofu("plan", "-out=tfplan")
        document = json.loads(self.tofu("show", "-json", "tfplan"))
        return dict(document["resource_changes"][0])

    def state(self) -> dict[str, Any]:
        resources = json.loads(self.tofu("show", "-json"))["values"]["root_module"]["resources"]
        return dict(resources[0]["values"])


@pytest.fixture
def stack(tmp_path: Path, lab: LabCloud) -> Stack:
    tools = find_tools()
    config = cli_config(tools, tmp_path / "config")
    environment = quiet() | {"TF_CLI_CONFIG_FILE": str(config), "TF_IN_AUTOMATION": "1", "TF_INPUT": "0"}
    environment |= {"LAB_URL": lab.url, "LAB_TOKEN": "apply-value"}
    folder = tmp_path / "stack"
    folder.mkdir()
    made = Stack(folder, tools, environment)
    made.item('name = "a"')
    made.tofu("init")
    return made


def kinds(lab: LabCloud, since: int = 0) -> list[str]:
    return [entry.method for entry in lab.journal.writes(since)]


def test_create_update_replace_and_delete_are_one_write_each(lab: LabCloud, stack: Stack) -> None:
    full = """
      name     = "a"
      size     = 3
      labels   = { team = "x", empty = "" }
      content  = "one\\ntwo\\n"
      zone     = "z1"
      secret   = "hunter2"
      settings = { tier = "gold", rules = [{ port = 80, allow = true }, { port = 443, note = "tls" }] }
    """
    stack.item(full, 'output "endpoint" { value = lab_item.it.endpoint }')
    stack.apply()
    first = lab.item("things", "a")
    assert first.written == {
        "name": "a",
        "size": 3,
        "labels": {"team": "x", "empty": ""},
        "content": "one\ntwo\n",
        "zone": "z1",
        "secret": "hunter2",
        "healthy": True,
        "settings": {
            "tier": "gold",
            "replicas": None,
            "rules": [{"port": 80, "allow": True, "note": None}, {"port": 443, "allow": None, "note": "tls"}],
        },
    }
    assert stack.state()["token"] == first.token
    assert json.loads(stack.tofu("output", "-json"))["endpoint"]["value"] == f"{lab.url}/serve/{first.id}"
    stack.tofu("plan", "-detailed-exitcode")

    stack.item(full.replace("gold", "lead").replace("two", "2"))
    change = stack.plan()["change"]
    assert change["actions"] == ["update"]
    assert change["after_unknown"]["revision"] is True
    assert {"id", "endpoint", "token"}.isdisjoint(change["after_unknown"])
    stack.apply()
    second = lab.item("things", "a")
    assert (second.id, second.token, second.revision, second.written["content"]) == (
        first.id,
        first.token,
        2,
        "one\n2\n",
    )

    stack.item(full.replace('"z1"', '"z2"'))
    change = stack.plan()["change"]
    assert (change["actions"], change["replace_paths"]) == (["delete", "create"], [["zone"]])
    stack.apply()
    assert lab.item("things", "a").id != first.id

    stack.tofu("destroy", "-auto-approve")
    assert lab.items() == []
    assert kinds(lab) == ["POST", "PUT", "DELETE", "POST", "DELETE"]
    assert {entry.token for entry in lab.journal.writes()} == {"apply"}
    ids = [entry.request_id for entry in lab.journal]
    assert all(ids)
    assert len(set(ids)) == len(ids)


def test_nothing_set_and_everything_empty_are_two_things_and_both_stay(lab: LabCloud, stack: Stack) -> None:
    stack.item('name = "a"')
    stack.apply()
    stack.tofu("plan", "-detailed-exitcode")
    stack.item('name = "a"\nlabels = {}\ncontent = ""\nsettings = { rules = [] }')
    stack.tofu("plan", "-detailed-exitcode", expect=2)
    stack.apply()
    stack.tofu("plan", "-detailed-exitcode")
    written = lab.item("things", "a").written
    assert (written["labels"], written["content"], written["settings"]["rules"]) == ({}, "", [])


def test_drift_is_seen_and_corrected(lab: LabCloud, stack: Stack) -> None:
    stack.item('name = "a"\nsize = 1\nsecret = "s3cret-one"')
    stack.apply()
    lab.edit("things", "a", size=9, secret="s3cret-two")
    told = stack.tofu("plan", "-detailed-exitcode", expect=2)
    assert "9 -> 1" in told
    stack.apply()
    assert lab.item("things", "a").written["size"] == 1
    assert lab.item("things", "a").written["secret"] == "s3cret-one"
    lab.remove("things", "a")
    assert stack.plan()["change"]["actions"] == ["create"]
    stack.apply()
    assert kinds(lab) == ["POST", "PUT", "POST"]


def test_import_takes_what_is_there(lab: LabCloud, stack: Stack) -> None:
    made = lab.add("things", "a", size=4, labels={"by": "hand"}, zone="z1")
    stack.item(
        'name = "a"\nsize = 4\nlabels = { by = "hand" }\nzone = "z1"',
        f'import {{\n  to = lab_item.it\n  id = "things/{made.id}"\n}}',
    )
    stack.apply()
    stack.tofu("plan", "-detailed-exitcode")
    assert stack.state()["id"] == made.id
    assert kinds(lab) == []


@pytest.mark.parametrize(
    ("wrong", "says"), [("things", "COLLECTION/ID"), ("things/", "COLLECTION/ID"), ("things/i-none", "non-existent")]
)
def test_an_import_of_nothing_fails(lab: LabCloud, stack: Stack, wrong: str, says: str) -> None:
    assert says in stack.tofu("import", "lab_item.it", wrong, expect=1)


def test_the_data_source_finds_the_one_item_of_a_name(lab: LabCloud, stack: Stack) -> None:
    lab.add("networks", "core", size=7, settings={"tier": "gold", "replicas": 2, "rules": None})
    stack.write(
        'data "lab_item" "core" {\n  collection = "networks"\n  name = "core"\n}\n'
        'output "size" { value = data.lab_item.core.size }\n'
        'output "tier" { value = data.lab_item.core.settings.tier }\n'
    )
    stack.apply()
    outputs = json.loads(stack.tofu("output", "-json"))
    assert {name: one["value"] for name, one in outputs.items()} == {"size": 7, "tier": "gold"}
    lab.add("networks", "core")
    assert "2 items have this name" in stack.tofu("plan", expect=1)
    lab.restore([])
    assert "0 items have this name" in stack.tofu("plan", expect=1)


def test_sensitive_values_are_marked_and_not_shown(lab: LabCloud, stack: Stack) -> None:
    stack.item('name = "a"\nsecret = "hunter2"')
    change = stack.plan()["change"]
    assert change["after_sensitive"]["secret"] is True
    stack.apply()
    made = lab.item("things", "a")
    stack.item('name = "a"\nsecret = "hunter3"')
    stack.apply()
    told = stack.last + stack.tofu("state", "show", "lab_item.it")
    assert lab.item("things", "a").written["secret"] == "hunter3"
    assert "hunter2" not in told
    assert "hunter3" not in told
    assert made.token not in told


def test_the_servers_own_text_reaches_the_error(lab: LabCloud, stack: Stack) -> None:
    lab.faults.add("echo", field="secret")
    stack.item('name = "a"\nsecret = "hunter2"')
    told = stack.apply(expect=1)
    assert "invalid value for secret: hunter2" in " ".join(told.split())
    assert lab.items() == []


@pytest.mark.parametrize(
    ("environment", "name", "written"),
    [
        ({"LAB_CRASH": "plan"}, "a", 0),
        ({"LAB_CRASH": "apply"}, "a", 0),
        ({"LAB_CRASH": "applied"}, "a", 1),
        ({}, "crash-plan", 0),
        ({}, "crash-apply", 0),
        ({}, "crash-applied", 1),
    ],
)
def test_the_provider_crashes_where_it_is_asked_to(
    lab: LabCloud, stack: Stack, environment: dict[str, str], name: str, written: int
) -> None:
    stack.item(f'name = "{name}"')
    assert "failed to respond" in stack.apply(expect=1, **environment)
    assert len(lab.journal.writes()) == len(lab.items()) == written


def test_a_crash_while_reading_leaves_the_state_as_it_was(lab: LabCloud, stack: Stack) -> None:
    stack.apply()
    before = (stack.folder / "terraform.tfstate").read_bytes()
    assert "failed to respond" in stack.tofu("plan", expect=1, LAB_CRASH="read")
    assert (stack.folder / "terraform.tfstate").read_bytes() == before
    stack.tofu("plan", "-detailed-exitcode")


def test_an_item_that_crashes_by_name_can_be_destroyed(lab: LabCloud, stack: Stack) -> None:
    lab.add("things", "crash-apply")
    made = lab.item("things", "crash-apply")
    stack.item('name = "crash-apply"')
    stack.tofu("import", "lab_item.it", f"things/{made.id}")
    stack.tofu("destroy", "-auto-approve")
    assert lab.items() == []


def test_a_429_that_says_when_is_waited_out_twice_and_no_more(lab: LabCloud, stack: Stack) -> None:
    lab.faults.add("status", status=429, methods=("POST",), times=2, retry_after=0.01)
    stack.apply()
    posts = [entry for entry in lab.journal if entry.method == "POST"]
    assert [entry.status for entry in posts] == [429, 429, 201]
    assert len({entry.request_id for entry in posts}) == 1
    lab.faults.add("status", status=429, methods=("DELETE",), retry_after=0.01)
    assert "429" in stack.tofu("destroy", "-auto-approve", expect=1)
    assert [entry.status for entry in lab.journal if entry.method == "DELETE"] == [429, 429, 429]
    assert len(lab.items()) == 1


@pytest.mark.parametrize(
    ("fault", "says", "written"),
    [
        ({"action": "status", "status": 500}, "500 Internal Server Error", 0),
        ({"action": "status", "status": 429}, "429 Too Many Requests", 0),
        ({"action": "expire"}, "401 Unauthorized: token expired", 0),
        ({"action": "cut"}, "EOF", 1),
    ],
)
def test_a_write_that_fails_is_sent_once(
    lab: LabCloud, stack: Stack, fault: dict[str, Any], says: str, written: int
) -> None:
    lab.faults.add(**fault, methods=("POST",))
    assert says in " ".join(stack.apply(expect=1).replace("│", " ").split())
    assert len([entry for entry in lab.journal if entry.method == "POST"]) == 1
    assert len(lab.items()) == written


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_cut_update_or_delete_is_sent_once_too(lab: LabCloud, stack: Stack, method: str) -> None:
    stack.apply()
    lab.faults.add("cut", methods=(method,))
    stack.item('name = "b"')
    if method == "PUT":
        stack.apply(expect=1)
    else:
        stack.tofu("destroy", "-auto-approve", expect=1)
    assert kinds(lab) == ["POST", method]


def test_a_reading_token_plans_and_cannot_apply(lab: LabCloud, stack: Stack) -> None:
    stack.tofu("plan", "-detailed-exitcode", expect=2, LAB_TOKEN="plan-value")
    assert "token plan may only read" in " ".join(stack.apply(expect=1, LAB_TOKEN="plan-value").split())
    assert lab.journal.writes() == []


def test_without_an_address_the_error_says_how_to_give_one(stack: Stack) -> None:
    del stack.environment["LAB_URL"]
    assert "LAB_URL" in stack.tofu("plan", expect=1)


def test_reads_that_lag_make_a_fresh_item_look_gone(lab: LabCloud, stack: Stack) -> None:
    lab.faults.add("lag", reads=1)
    stack.apply()
    assert stack.plan()["change"]["actions"] == ["create"]
    stack.tofu("plan", "-detailed-exitcode")
    assert lab.creations() == {("things", "a"): 1}
