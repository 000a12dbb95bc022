"""What the benchmarks share: a repository of many small stacks over a lab cloud, timed runs in alternating order, and the table of ratios.

A ratio is taken within one round, where both sides ran one after the other on the same machine in the same state; which goes first
alternates. Reported are the median of the ratios and their smallest and largest: the noise.
"""

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from interlock.testing import tools
from interlock.testing.labcloud import LabCloud

BIN = Path(sys.executable).parent
AT_ONCE = 2
STACK = """terraform {
  required_providers {
    lab = {
      source = "registry.opentofu.org/interlock/lab"
    }
  }
}

resource "lab_item" "a" {
  collection = "bench"
  name       = "NAME-a"
  content    = file("${path.module}/../../content.txt")
}

resource "lab_item" "b" {
  collection = "bench"
  name       = "NAME-b"
  labels     = { a = lab_item.a.id }
}

output "id" {
  value = lab_item.b.id
}
"""


@dataclass
class Field:
    """`repository` has STACKS stacks in one environment; `folder` is for whatever a benchmark keeps beside it."""

    folder: Path
    names: tuple[str, ...]
    environment: Mapping[str, str]
    cloud: LabCloud

    @property
    def repository(self) -> Path:
        return self.folder / "repository"

    def run(self, *argv: str, cwd: Path | None = None, exits: Sequence[int] = (0,), **environ: str) -> float:
        """Wall seconds of a program. Raises SystemExit with what it said when it ends with another code than `exits`."""
        started = time.perf_counter()
        done = subprocess.run(
            argv,
            cwd=cwd or self.repository,
            env={**self.environment, **environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        seconds = time.perf_counter() - started
        if done.returncode not in exits:
            raise SystemExit(f"{' '.join(argv[:6])} ended with {done.returncode}:\n{done.stdout[-3000:]}")
        return seconds

    def xargs(self, script: str, cwd: Path) -> float:
        """Wall seconds of `script` (sh, with the stack's folder as $1) for every stack, AT_ONCE at a time."""
        file = self.folder / "one.sh"
        file.write_text(f"set -e\ncd stacks/$1\n{script}\n")
        names = self.folder / "names"
        names.write_text("\n".join(self.names) + "\n")
        return self.run("xargs", "-a", str(names), f"-P{AT_ONCE}", "-n1", "sh", str(file), cwd=cwd)

    def copy(self, name: str) -> Path:
        """A fresh checkout: nothing initialised, no state."""
        target = self.folder / name
        shutil.rmtree(target, ignore_errors=True)
        shutil.copytree(self.repository, target, ignore=shutil.ignore_patterns(".git"))
        return target


@contextmanager
def laid(stacks: int) -> Iterator[Field]:
    """Sets it all up in a temporary folder, which goes afterwards. Raises ToolsMissing."""
    found = tools.find_tools()
    with tempfile.TemporaryDirectory(prefix="interlock-bench-") as name, LabCloud() as cloud:
        folder = Path(name)
        names = tuple(f"s{number:03}" for number in range(stacks))
        environment = tools.quiet() | {
            "PATH": f"{found.tofu.parent}{os.pathsep}{BIN}{os.pathsep}{os.environ['PATH']}",
            "TF_CLI_CONFIG_FILE": str(tools.cli_config(found, folder)),
            "TF_IN_AUTOMATION": "1",
            "TF_INPUT": "0",
            "INTERLOCK_HOME": str(folder / "home"),
            "INTERLOCK_PARALLEL": str(AT_ONCE),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "LAB_URL": cloud.url,
            "LAB_TOKEN": "lab-token",
        }
        made = Field(folder, names, environment, cloud)
        for stack in names:
            place = made.repository / "stacks" / stack
            place.mkdir(parents=True)
            (place / "main.tf").write_text(STACK.replace("NAME", stack))
        (made.repository / "content.txt").write_text("first\n")
        (made.repository / "organization.yaml").write_text(
            "organization: {name: bench}\nenvironments:\n  bench:\n    zone: staging\n    credentials:\n"
            "      plan: {inherit: [LAB_URL, LAB_TOKEN]}\n      apply: {inherit: [LAB_URL, LAB_TOKEN]}\n"
        )
        (made.repository / "interlock.yaml").write_text("discover: stacks/*\ndefaults: {kind: opentofu}\n")
        made.run("git", "init", "--quiet", "--initial-branch=main")
        for key, value in (("user.email", "ann@bench.example"), ("user.name", "Ann"), ("commit.gpgsign", "false")):
            made.run("git", "config", key, value)
        made.run("git", "add", "--all")
        made.run("git", "commit", "--quiet", "--message", "first")
        yield made


@dataclass
class Comparison:
    """`name`, its goal, and the seconds of both sides, round by round."""

    name: str
    goal: float
    ours: list[float] = field(default_factory=list)
    bare: list[float] = field(default_factory=list)

    @property
    def ratios(self) -> list[float]:
        return [a / b for a, b in zip(self.ours, self.bare, strict=True)]


def alternate(rounds: int, sides: Mapping[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Runs every side `rounds` times, the order turned round each time. Returns the seconds by side."""
    taken: dict[str, list[float]] = {name: [] for name in sides}
    for number in range(rounds):
        order = list(sides) if number % 2 == 0 else list(sides)[::-1]
        for name in order:
            seconds = sides[name]()
            taken[name].append(seconds)
            print(f"  round {number + 1}: {name}: {seconds:.3f} s", file=sys.stderr, flush=True)
    return taken


def table(title: str, comparisons: Sequence[Comparison]) -> None:
    """One line each: both medians, the median ratio with its smallest and largest, the goal, and whether it is met."""
    print(f"\n{title}")
    print(f"{'':34}{'ours':>9}{'bare':>9}{'ratio':>8}{'(min-max)':>14}{'goal':>7}")
    for one in comparisons:
        ratio, low, high = statistics.median(one.ratios), min(one.ratios), max(one.ratios)
        verdict = "met" if ratio <= one.goal else "MISSED"
        print(
            f"{one.name:34}{statistics.median(one.ours):8.3f}s{statistics.median(one.bare):8.3f}s{ratio:8.2f}"
            f"{f'({low:.2f}-{high:.2f})':>14}{one.goal:7.2f}  {verdict}"
        )
