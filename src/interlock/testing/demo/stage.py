"""Where the story happens: a folder with a Git repository, a lab cloud as a child process, and the environment of a person's shell.

FOLDER/shop        the repository            FOLDER/lab        the lab cloud's journal, port and tokens
FOLDER/home        INTERLOCK_HOME            FOLDER/env.sh     the same environment for whoever looks around later
FOLDER/config      keys, apart from data     FOLDER/start-lab  starts the lab cloud again
"""

import json
import os
import re
import secrets
import shlex
import shutil
import subprocess
import sys
import tempfile
import textwrap
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from interlock.testing import tools
from interlock.testing.demo.lab import surroundings, write_environment
from interlock.testing.demo.witness import Contradiction, Witness

WIDTH = 80
SHOP = tools.REPOSITORY / "examples" / "shop"
ANN, BEA = "ann@shop.example", "bea@shop.example"


@dataclass(frozen=True)
class Ran:
    """`output` is plain text; `shown` has the colours that were printed, if any."""

    command: str
    code: int
    shown: str

    @property
    def output(self) -> str:
        return re.sub(r"\x1b\[[0-9;]*m", "", self.shown)


@dataclass
class Stage:
    folder: Path
    environment: Mapping[str, str]
    witness: Witness
    started: float = field(default_factory=time.monotonic)
    ran: list[Ran] = field(default_factory=list)

    @property
    def repository(self) -> Path:
        return self.folder / "shop"

    def say(self, text: str) -> None:
        """Prose, wrapped."""
        out("\n" + textwrap.fill(" ".join(text.split()), WIDTH - 2, break_on_hyphens=False))

    def title(self, text: str) -> None:
        elapsed = f"{time.monotonic() - self.started:.0f} s"
        out(f"\n{bold(text)}{elapsed:>{WIDTH - 2 - len(text)}}\n{'─' * (WIDTH - 2)}")

    def seen(self, text: str) -> None:
        """What the witness confirmed."""
        for line in textwrap.wrap(f"✓ {' '.join(text.split())}", WIDTH - 4, subsequent_indent="  "):
            out(f"  {green(line)}")

    def run(self, command: str, *, exits: tuple[int, ...] = (0,), fold: bool = False) -> Ran:
        """Runs one command line (split as a shell would, run without one), showing it and all it says; `fold` shows its last lines.

        Raises Contradiction when it ends with an exit code that is not one of `exits`."""
        out(f"\n  {bold('$ ' + command)}")
        argv = shlex.split(command)
        lines: list[str] = []
        with subprocess.Popen(
            argv,
            cwd=self.repository,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        ) as process:
            assert process.stdout is not None
            for line in process.stdout:
                lines.append(line.rstrip("\n"))
                if not fold:
                    out(f"  {line}".rstrip())
        if fold:
            last = [line for line in lines if line.strip()][-3:]
            if len(last) < len(lines):
                out(dim(f"  ... {len(lines) - len(last)} lines"))
            out("\n".join(f"  {line}" for line in last))
        self.ran.append(Ran(command, process.returncode, "\n".join(lines)))
        if exits != (0,):
            out(dim(f"  (exit code {process.returncode})"))
        if process.returncode not in exits:
            if fold:
                out("\n".join(f"  {line}" for line in lines))
            raise Contradiction(
                f"`{command}` ended with {process.returncode} instead of {' or '.join(map(str, exits))}"
            )
        return self.ran[-1]

    def write(self, path: str, old: str, new: str) -> None:
        """Edits a file of the repository as an editor would, showing the difference."""
        file = self.repository / path
        text = file.read_text(encoding="utf-8")
        if old not in text:
            raise Contradiction(f"{path} does not hold {old!r}")
        file.write_text(text.replace(old, new), encoding="utf-8")
        self.run(f"git diff -U0 --no-prefix --no-color -- {path}", fold=True)

    def commit(self, message: str) -> None:
        self.run(f"git commit --quiet --all --message {shlex.quote(message)}")


@contextmanager
def staged(*, color: bool) -> Iterator[Stage]:
    """Sets everything up, and ends the lab cloud afterwards. The folder stays. Raises ToolsMissing."""
    found = tools.find_tools(allow_path=True)
    folder = Path(tempfile.mkdtemp(prefix="interlock-demo-")).resolve()
    shutil.copytree(SHOP, folder / "shop", ignore=shutil.ignore_patterns(".terraform*"))
    reader, writer = secrets.token_urlsafe(18), secrets.token_urlsafe(18)
    (folder / "lab").mkdir(mode=0o700)
    tokens = [
        {"label": "reader", "value": reader, "can_write": False},
        {"label": "writer", "value": writer, "can_write": True},
    ]
    (folder / "lab" / "tokens.json").write_text(json.dumps(tokens), encoding="utf-8")
    with _lab(folder) as url:
        own = surroundings(found, folder, url) | {
            "SHOP_LAB_READER": reader,
            "SHOP_LAB_WRITER": writer,
            "SHOP_DATABASE_PASSWORD": secrets.token_urlsafe(18),
        }
        _leave_behind(folder, own, url)
        kept = {k: v for k, v in tools.quiet().items() if not k.startswith(("GIT_", "INTERLOCK_"))}
        shown = {"COLUMNS": str(WIDTH - 2), "GIT_PAGER": "cat"} | ({"CLICOLOR_FORCE": "1"} if color else {})
        stage = Stage(folder, kept | own | shown, Witness(url))
        for command in (
            "git init --quiet --initial-branch=main",
            f"git config user.email {ANN}",
            "git config user.name Ann",
            "git config commit.gpgsign false",
            "git add --all",
            "git commit --quiet --message 'The shop: network, database, app, edge'",
        ):
            subprocess.run(shlex.split(command), cwd=stage.repository, env=stage.environment, check=True)
        yield stage


@contextmanager
def _lab(folder: Path) -> Iterator[str]:
    """A lab cloud as a child process, whose URL it yields."""
    ready = folder / "lab" / "ready"
    argv = [sys.executable, "-m", "interlock.testing.labcloud", "--state", str(folder / "lab")]
    process = subprocess.Popen([*argv, "--ready-file", str(ready)], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    try:
        deadline = time.monotonic() + 30
        while not ready.exists():
            if process.poll() is not None or time.monotonic() > deadline:
                raise Contradiction("the lab cloud did not start")
            time.sleep(0.02)
        yield ready.read_text(encoding="utf-8").strip()
    finally:
        process.terminate()
        process.wait()
        ready.unlink(missing_ok=True)


def _leave_behind(folder: Path, own: Mapping[str, str], url: str) -> None:
    """What whoever looks around later needs."""
    write_environment(folder / "env.sh", own)
    start = folder / "start-lab"
    port = url.rpartition(":")[2]
    argv = [sys.executable, "-m", "interlock.testing.labcloud", "--state", str(folder / "lab"), "--port", port]
    start.write_text(
        f"#!/bin/sh\n# The lab cloud with all that the demo left in it; Ctrl-C ends it.\nexec {shlex.join(argv)}\n"
    )
    start.chmod(0o755)


def out(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def colorful() -> bool:
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def _styled(code: str, text: str) -> str:
    return f"\033[{code}m{text}\033[0m" if colorful() else text


def bold(text: str) -> str:
    return _styled("1", text)


def green(text: str) -> str:
    return _styled("32", text)


def dim(text: str) -> str:
    return _styled("2", text)
