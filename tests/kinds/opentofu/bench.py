"""A stack over a lab cloud with a real tool, a real world and managed state: what the tests of the verbs work on."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from interlock.app.state.loopback import LoopbackState
from interlock.kind import ApplyRequest, CheckRequest, PlanRequest
from interlock.kinds.opentofu.kind import OpenTofuKind
from interlock.kinds.opentofu.spec import OpenTofuSettings
from interlock.model.digest import Keyed
from interlock.model.plan import Blob, Direction, Plan, Planned
from interlock.model.receipt import Receipt
from interlock.testing.labcloud import LabCloud
from interlock.testing.state import FolderStateStore
from interlock.testing.tools import Tools, cli_config
from interlock.testing.world import KEY, HttpClient, Lease, MemoryBlobs
from interlock.world import Proc, World
from interlock.world.cancel import CancelToken
from interlock.world.clock import SystemClock
from interlock.world.proc import Programs
from interlock.world.secrets import SecretStore

NOTHING = Blob("", 0)
HEAD = """terraform {
  required_providers {
    lab = {
      source = "registry.opentofu.org/interlock/lab"
    }
  }
}
"""


@dataclass
class Bench:
    folder: Path
    cloud: LabCloud
    tools: Tools
    settings: OpenTofuSettings = field(default_factory=lambda: OpenTofuSettings(path="stacks/app"))
    zone: str = "staging"
    proc: Proc | None = None

    def __post_init__(self) -> None:
        self.secrets = SecretStore({}, {}, Keyed(KEY))
        self.blobs, self.lease, self.lines = MemoryBlobs(), Lease(), list[str]()
        self.cancel = CancelToken()
        self.store = FolderStateStore(self.folder / "state")
        self.work = self.folder / "work"
        self.source = self.work / "source"
        self.stack = self.source / self.settings.path
        self.stack.mkdir(parents=True)
        config = cli_config(self.tools, self.folder / "cli")
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "INTERLOCK_TOFU": str(self.tools.tofu),
            "TF_CLI_CONFIG_FILE": str(config),
            "LAB_URL": self.cloud.url,
            "LAB_TOKEN": "lab-token",
        }
        self.kind = OpenTofuKind()

    def world(self, *, writes: bool) -> World:
        fence = self.lease if writes else None
        (self.folder / "cache").mkdir(exist_ok=True)
        return World(
            proc=self.proc or Programs(self.secrets, self.cancel),
            clock=SystemClock(),
            cancel=self.cancel,
            secrets=self.secrets,
            blobs=self.blobs,
            http=HttpClient(),
            log=lambda line: self.lines.append(self.secrets.redact(line)),
            cache=self.folder / "cache",
            fence=fence,
            state=LoopbackState(self.store, fence),
        )

    def write(self, body: str, name: str = "main.tf") -> None:
        """Replaces the whole stack by one file."""
        for old in self.stack.glob("*.tf"):
            old.unlink()
        (self.stack / name).write_text(HEAD + body)

    def plan(self, inputs: Mapping[str, Any] | None = None, **request: Any) -> Planned:
        wanted = {
            "component": "app",
            "environment": "staging",
            "zone": self.zone,
            "direction": Direction.DEPLOY,
            "settings": self.settings,
            "source": self.source,
            "work": self.work,
            "inputs": inputs or {},
            "environ": self.environ,
        }
        return self.kind.plan(PlanRequest(**wanted | request), self.world(writes=False))

    def stored(self, planned: Planned, direction: Direction = Direction.DEPLOY, *, speculative: bool = False) -> Plan:
        return Plan(
            "p-1",
            "app",
            "staging",
            "opentofu",
            direction,
            "",
            "",
            planned,
            NOTHING,
            NOTHING,
            "",
            speculative=speculative,
        )

    def apply(self, planned: Planned, inputs: Mapping[str, Any] | None = None, **request: Any) -> Receipt:
        wanted = {
            "plan": self.stored(planned),
            "settings": self.settings,
            "zone": self.zone,
            "source": self.source,
            "work": self.work,
            "inputs": inputs or {},
            "environ": self.environ,
        }
        return self.kind.apply(ApplyRequest(**wanted | request), self.world(writes=True))

    def deploy(self, body: str, inputs: Mapping[str, Any] | None = None) -> Planned:
        """Writes the stack, plans and applies it; the plan."""
        self.write(body)
        planned = self.plan(inputs)
        receipt = self.apply(planned, inputs)
        assert receipt.ok, receipt
        return planned

    def check(self, root: Path) -> Any:
        (self.folder / "check").mkdir(exist_ok=True)
        request = CheckRequest(
            root=root,
            components={"staging/app": self.settings},
            places={"staging/app": "interlock.yaml:3:5"},
            work=self.folder / "check",
            environ=self.environ,
        )
        return self.kind.check(request, self.world(writes=False))


def item(name: str, body: str = "", *, collection: str = "things", label: str | None = None) -> str:
    return f'resource "lab_item" "{label or name}" {{\n  collection = "{collection}"\n  name       = "{name}"\n{body}\n}}\n'
