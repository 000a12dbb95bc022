"""A small language for end-to-end tests: a repository of OpenTofu stacks, the real program beside it, and the lab cloud as the witness.

Every `Shop` has a HOME, XDG folders and INTERLOCK_HOME of its own below one temporary folder. A stack is one item of the lab cloud in the collection
of its environment's name: `shop.stack("app", size=2)` writes the stack, `shop.commit("...")` commits it, `shop.deploy()` runs the program.
"""

import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from interlock.store import Store
from interlock.store.home import Home
from interlock.store.key import load_key
from interlock.testing import tools
from interlock.testing.labcloud import LabCloud, Token

ANN, BEA, CEM, EVE = "ann@shop.example", "bea@shop.example", "cem@shop.example", "eve@shop.example"
READER, WRITER = Token("reader", "reader-value", can_write=False), Token("writer", "writer-value")

#: One environment that asks nobody.
ALONE = "  dev: {zone: development}"
#: Staging asks nobody, production one of the team platform.
TWO = """\
  staging: {zone: staging}
  production: {zone: production, after: staging, approval: {teams: [platform], count: 1}}"""


@dataclass(frozen=True)
class Result:
    exit: int
    out: str
    err: str

    @property
    def text(self) -> str:
        return self.out + self.err

    @property
    def json(self) -> Any:
        """The document on stdout; the last line of what streams."""
        try:
            return json.loads(self.out)
        except ValueError:
            return json.loads(self.out.rstrip().rpartition("\n")[2])

    @property
    def id(self) -> str:
        """The deployment that the output speaks of."""
        found = re.search(r"\bd-[0-9a-z]{4,}\b", self.text)
        assert found, f"no deployment is named:\n{self.text}"
        return found.group()

    def expect(self, exit_: int) -> "Result":
        """Fails, showing everything, when the program ended otherwise."""
        assert self.exit == exit_, f"exit code {self.exit} instead of {exit_}\n{self.text}"
        return self


@dataclass
class Running:
    """The program under way, leader of a process group of its own."""

    process: subprocess.Popen[str]

    def wait(self, timeout: float = 90) -> Result:
        try:
            out, err = self.process.communicate(timeout=timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            out, err = self.process.communicate()
            raise AssertionError(f"it did not end within {timeout} s:\n{out}{err}") from None
        return Result(self.process.returncode, out, err)

    def kill(self) -> None:
        """kill -9 of the program and everything in its group; tools that it started lead groups of their own."""
        os.killpg(self.process.pid, signal.SIGKILL)

    def send(self, number: int) -> None:
        """A signal to the program alone."""
        self.process.send_signal(number)


@dataclass
class Shop:
    folder: Path
    lab: LabCloud
    environment: dict[str, str]
    stacks: dict[str, str] = field(default_factory=dict)  # name → its entry in interlock.yaml
    environments: str = ALONE

    @property
    def repository(self) -> Path:
        return self.folder / "repository"

    @property
    def home(self) -> Path:
        return self.folder / "interlock"

    # -- the repository

    def organization(
        self, environments: str | None = None, *, teams: Mapping[str, Sequence[str]] | None = None, more: str = ""
    ) -> None:
        """Writes organization.yaml. `environments` is the YAML below that key, two spaces in; each gets the lab's credentials."""
        self.environments = environments if environments is not None else self.environments
        teams = teams or {"platform": [BEA, CEM]}
        lines = ["organization: {name: shop}", "teams:"]
        lines += [f"  {name}: {{members: [{', '.join(members)}]}}" for name, members in teams.items()]
        lines += ["environments:"]
        for line in self.environments.splitlines():
            head, brace, _ = line.rstrip().rpartition("}")
            assert brace, f"an environment is one line of flow YAML: {line}"
            lines.append(f"{head}, credentials: {_CREDENTIALS}}}")
        lines += ["secrets:", "  READER: {env: SHOP_READER}", "  WRITER: {env: SHOP_WRITER}", *self.secrets_lines()]
        self.write("organization.yaml", "\n".join(lines) + "\n" + more)

    def secrets_lines(self) -> list[str]:
        return []

    def stack(
        self,
        name: str,
        *,
        size: int = 1,
        main: str = "",
        head: str = "",
        depends_on: Sequence[str] = (),
        more: str = "",
        **attributes: str,
    ) -> None:
        """A stack of one item `name`, with an output `id`. `attributes` are HCL expressions; `main` replaces the resources; `head` goes into the
        terraform block; `more` is YAML (flow, without braces) added to its component."""
        extra = "".join(f"  {key} = {value}\n" for key, value in attributes.items())
        resources = main or (
            f'resource "lab_item" "this" {{\n  collection = var.environment\n  name = "{name}"\n  size = {size}\n{extra}}}\n'
            'output "id" { value = lab_item.this.id }\n'
        )
        self.write(
            f"stacks/{name}/main.tf",
            f'terraform {{\n  required_providers {{\n    lab = {{ source = "registry.opentofu.org/interlock/lab" }}\n  }}\n{head}}}\n'
            f'variable "environment" {{ type = string }}\n{resources}',
        )
        needs = f", depends_on: [{', '.join(depends_on)}]" if depends_on else ""
        self.stacks[name] = f"{{path: stacks/{name}{needs}{', ' + more if more else ''}}}"
        self.components()

    def components(self, more: str = "") -> None:
        """Writes interlock.yaml from the stacks."""
        lines = ['defaults: {kind: opentofu, variables: {environment: "${environment.name}"}}', "components:"]
        lines += [f"  {name}: {entry}" for name, entry in self.stacks.items()]
        self.write("interlock.yaml", "\n".join(lines) + "\n" + more)

    def write(self, path: str, text: str) -> None:
        file = self.repository / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")

    def git(self, *argv: str, author: str = ANN) -> str:
        identity = {
            f"GIT_{who}_{what}": value
            for who in ("AUTHOR", "COMMITTER")
            for what, value in (("NAME", author.partition("@")[0]), ("EMAIL", author))
        }
        done = subprocess.run(
            ["git", *argv], cwd=self.repository, env=self.environment | identity, capture_output=True, text=True
        )
        assert done.returncode == 0, f"git {' '.join(argv)}: {done.stderr}"
        return done.stdout.strip()

    def commit(self, message: str = "Change it", *, author: str = ANN) -> str:
        """Everything in the working tree; returns the commit."""
        if not (self.repository / ".git").exists():
            self.git("init", "--quiet", "--initial-branch=main")
            self.git("config", "user.email", ANN)
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message", message, author=author)
        return self.git("rev-parse", "HEAD")

    # -- the program

    def start(self, *argv: str, environment: Mapping[str, str | None] | None = None) -> Running:
        own = {k: v for k, v in (self.environment | dict(environment or {})).items() if v is not None}
        return Running(
            subprocess.Popen(
                [sys.executable, "-c", "from interlock.cli.main import main; main()", *argv],
                cwd=self.repository,
                env=own,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        )

    def run(self, *argv: str, environment: Mapping[str, str | None] | None = None, timeout: float = 90) -> Result:
        result = self.start(*argv, environment=environment).wait(timeout)
        assert "Traceback" not in result.text, result.text
        assert "a bug in interlock" not in result.text, result.text + self.traces(result.text)
        return result

    def traces(self, text: str) -> str:
        """What the program wrote about a bug of its own, for whoever reads the failure."""
        found = re.search(r"\S*interlock-error-\S+\.txt", text)
        logs = "".join(log.read_text() for log in self.home.glob("logs/*/*/*.log") if "Traceback" in log.read_text())
        return (Path(found.group()).read_text() if found else "") + logs

    def deploy(self, *argv: str) -> Result:
        return self.run("deploy", *argv)

    def approve(self, deployment: str, *argv: str, as_: str = BEA) -> Result:
        return self.run("approve", deployment, "--as", as_, *argv)

    def status(self, deployment: str) -> Any:
        """The deployment's JSON document."""
        return self.run("status", deployment, "--json").expect(0).json

    def states(self, deployment: str) -> dict[str, str]:
        """Step ("environment/component") → state."""
        return {
            f"{step['environment']}/{step['component']}": step["state"]
            for environment in self.status(deployment)["environments"]
            for step in environment["steps"]
        }

    def gate(self, deployment: str, step: str, gate: str) -> Any:
        """The gate's verdict of a step ("environment/component")."""
        environment, component = step.split("/")
        steps = [s for e in self.status(deployment)["environments"] if e["name"] == environment for s in e["steps"]]
        gates = next(s["gates"] for s in steps if s["component"] == component)
        return next(g for g in gates if g["name"] == gate)

    def store(self, home: Path | None = None) -> Store:
        """The records themselves, opened in this process as one more client of them."""
        environment = self.environment | ({"INTERLOCK_HOME": str(home)} if home else {})
        found = Home.locate("shop", self.git("rev-list", "--max-parents=0", "HEAD"), environment).prepare()
        return Store.open(found, load_key(found, environment))

    def sql(self, statement: str, *values: Any) -> list[Any]:
        """One statement on the records, as one more client of them; nothing while there are none."""
        if not (self.home / "audit.head").exists():
            return []
        with sqlite3.connect(self.home / "interlock.db", timeout=20) as database:
            rows = database.execute(statement, values).fetchall()
        database.close()
        return rows

    # -- the witness

    def mark(self) -> int:
        """A point in the journal; `writes(mark)` is what came after it."""
        return len(self.lab.journal)

    def writes(self, mark: int = 0) -> list[str]:
        """Like `POST staging/app`, in order: what clients changed."""
        return [f"{entry.method} {entry.collection}/{entry.name}" for entry in self.lab.journal.writes(mark)]

    def sizes(self) -> dict[str, int]:
        """Like {"staging/app": 2}."""
        return {f"{item.collection}/{item.name}": item.written["size"] for item in self.lab.items()}

    def tools_running(self) -> list[str]:
        """Command lines of the processes that work below this shop's folder, the program itself left out."""
        found = []
        for process in Path("/proc").iterdir():
            if not process.name.isdecimal():
                continue
            try:
                argv = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                working = os.readlink(process / "cwd")
            except OSError:
                continue
            if working.startswith(f"{self.home}/") and argv:
                found.append(argv)
        return found


_CREDENTIALS = "{plan: {inherit: [LAB_URL], secrets: {LAB_TOKEN: READER}}, apply: {inherit: [LAB_URL], secrets: {LAB_TOKEN: WRITER}}}"


def item(label: str, *, collection: str = "var.environment", name: str = "", size: int = 1, more: str = "") -> str:
    """A resource `lab_item.LABEL` in HCL; `collection` is an expression, `more` its further lines."""
    return (
        f'resource "lab_item" "{label}" {{\n  collection = {collection}\n  name = "{name or label}"\n  size = {size}\n'
        + "".join(f"  {line}\n" for line in more.splitlines())
        + "}\n"
    )


def make_shop(folder: Path, lab: LabCloud, found: tools.Tools) -> Shop:
    """An empty repository's surroundings. Nothing of whoever runs the tests reaches the program but PATH and the test run's mark."""
    for name in ("repository", "home", "config"):
        (folder / name).mkdir(parents=True)
    environment = {
        "PATH": os.pathsep.join([str(found.tofu.parent), os.environ.get("PATH", os.defpath)]),
        "HOME": str(folder / "home"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_DATA_HOME": str(folder / "data"),
        "TMPDIR": str(folder),
        "INTERLOCK_HOME": str(folder / "interlock"),
        "TF_CLI_CONFIG_FILE": str(tools.cli_config(found, folder)),
        "LAB_URL": lab.url,
        "SHOP_READER": READER.value,
        "SHOP_WRITER": WRITER.value,
        "GIT_CONFIG_NOSYSTEM": "1",
        "LANG": "C.UTF-8",
        "COLUMNS": "160",
    }
    environment |= {name: value for name, value in os.environ.items() if name == "INTERLOCK_TEST_RUN"}
    return Shop(folder, lab, environment)


def until(look: Callable[[], Any], what: str, *, within: float = 60) -> Any:
    """Waits until `look` gives something true, and returns it."""
    deadline = time.monotonic() + within
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {within} s: {what}"
        time.sleep(0.05)
    return found
