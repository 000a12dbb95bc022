"""The kind `opentofu` keeps the contract: a real tool, managed state, and the lab cloud as the witness."""

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from interlock.app.state.protocol import StateVersion
from interlock.kinds.opentofu.kind import OpenTofuKind
from interlock.kinds.opentofu.spec import OpenTofuSettings
from interlock.testing.conformance import SECRET, Harness, KindConformance
from interlock.testing.labcloud import LabCloud
from interlock.testing.tools import cli_config, find_tools
from interlock.testing.world import outside, secret

pytestmark = pytest.mark.tools

HEAD = """terraform {
  required_providers {
    lab = {
      source = "registry.opentofu.org/interlock/lab"
    }
  }
}

variable "token" {
  type      = string
  sensitive = true
}

output "sizes" {
  value = lab_item.bolt.size
}

output "token" {
  value     = var.token
  sensitive = true
}
"""


def item(name: str, size: int, after: str = "") -> str:
    wait = f"\n  depends_on = [lab_item.{after}]" if after else ""
    return f"""
resource "lab_item" "{name}" {{
  collection = "things"
  name       = "{name}"
  size       = {size}
  secret     = var.token{wait}
}}
"""


#: one after the other, so that there is an early and a late write
VERSIONS = {
    "one": HEAD + item("bolt", 1) + item("nut", 1, "bolt") + item("washer", 1, "nut"),
    "two": HEAD + item("bolt", 2) + item("nut", 1, "bolt") + item("washer", 1, "nut") + item("pin", 3, "bolt"),
    "broken": HEAD + item("bolt", 1, "no_such_item"),
}


class OpenTofuHarness(Harness):
    kind = OpenTofuKind()

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.outside = outside(folder)
        self.cloud = LabCloud()
        self.cloud.start()
        tools = find_tools(allow_path=True)
        self._environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "INTERLOCK_TOFU": str(tools.tofu),
            "TF_CLI_CONFIG_FILE": str(cli_config(tools, folder / "cli")),
            "LAB_URL": self.cloud.url,
            "LAB_TOKEN": "lab-token",
        }

    def settings(self) -> OpenTofuSettings:
        return OpenTofuSettings(path="stacks/thing")

    def write_source(self, root: Path, version: str) -> None:
        stack = root / "stacks" / "thing"
        stack.mkdir(parents=True)
        (stack / "main.tf").write_text(VERSIONS[version])

    def contents(self) -> Any:
        return self.cloud.contents()

    def meddle(self) -> None:
        self.cloud.edit("things", "bolt", size=99)

    def move_base(self) -> None:
        version = self.outside.states.current()
        assert version
        later = {**json.loads(version.data), "serial": version.serial + 1}
        self.outside.states.versions.append(
            StateVersion(json.dumps(later).encode(), version.serial + 1, version.lineage)
        )

    def writes(self) -> int:
        return len([entry for entry in self.cloud.journal.writes() if entry.kind == "write"])

    def inputs(self) -> Mapping[str, Any]:
        return {"token": secret(self.outside, SECRET)}

    def environ(self) -> Mapping[str, str]:
        return self._environ

    def slow(self, seconds: float) -> None:
        self.cloud.faults.clear()
        if seconds:
            # Shorter than asked for: the tool lets the write finish that it is at, and must not begin the next.
            self.cloud.faults.add("latency", methods=("POST",), seconds=5.0)

    def fail(self, failing: bool) -> None:
        self.cloud.faults.clear()
        if failing:
            for name in ("nut", "pin"):
                self.cloud.faults.add("echo", methods=("POST",), name=name)

    def close(self) -> None:
        self.cloud.stop()


class TestOpenTofu(KindConformance):
    @pytest.fixture
    def harness(self, tmp_path: Path) -> Iterator[OpenTofuHarness]:
        harness = OpenTofuHarness(tmp_path)
        yield harness
        harness.close()
