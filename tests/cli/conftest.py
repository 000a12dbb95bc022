"""A repository, a HOME and XDG folders of its own, and the real program as a child process; nothing of this machine's user is read or written."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

PROGRAM = Path(sys.executable).with_name("interlock")
ANN = "ann@acme.example"

ORGANIZATION = """\
organization: {name: acme}
environments:
  staging: {zone: staging}
  production: {zone: production, after: staging}
"""
COMPONENTS = """\
defaults: {kind: command}
components:
  site:
    path: site
    apply: [cp, page.txt, built.txt]
    artifacts: {page: built.txt}
"""


@dataclass(frozen=True)
class Result:
    exit: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on stdout; anything else there is an error."""
        return json.loads(self.out)

    def expect(self, exit_: int) -> "Result":
        assert self.exit == exit_, f"exit code {self.exit} instead of {exit_}\n{self.out}{self.err}"
        assert "Traceback" not in self.out + self.err
        return self


@dataclass(frozen=True)
class Desk:
    """`root` is the repository, `user` the HOME; `home` the data folder that commands use."""

    folder: Path

    @property
    def root(self) -> Path:
        return self.folder / "repository"

    @property
    def user(self) -> Path:
        return self.folder / "user"

    @property
    def home(self) -> Path:
        return self.folder / "data"

    def environ(self, **more: str) -> dict[str, str]:
        kept = {name: os.environ[name] for name in ("PATH", "LANG", "INTERLOCK_TEST_RUN") if name in os.environ}
        own = {"HOME": str(self.user), "GIT_CONFIG_GLOBAL": str(self.user / ".gitconfig"), "GIT_CONFIG_NOSYSTEM": "1"}
        return {**kept, **own, "INTERLOCK_HOME": str(self.home), **more}

    def run(self, *arguments: str, cwd: Path | None = None, unset: tuple[str, ...] = (), **environ: str) -> Result:
        variables = {name: value for name, value in self.environ(**environ).items() if name not in unset}
        done = subprocess.run(
            [PROGRAM, *arguments], cwd=cwd or self.root, env=variables, capture_output=True, text=True, timeout=120
        )
        return Result(done.returncode, done.stdout, done.stderr)

    def git(self, *arguments: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.root, env=self.environ(), capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def write(self, path: str, text: str) -> Path:
        place = self.root / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")
        return place

    def commit(self, message: str = "Change") -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "-m", message)
        return self.git("rev-parse", "HEAD")

    def files(self, below: Path) -> set[str]:
        return {path.relative_to(below).as_posix() for path in below.rglob("*")}


@pytest.fixture
def bare(tmp_path: Path) -> Desk:
    """A repository without a commit."""
    return _begin(tmp_path)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    """A committed repository of one component, `site`, whose deployment copies a file; nothing is deployed."""
    return _filled(_begin(tmp_path))


@pytest.fixture(scope="session")
def deployed_once(tmp_path_factory: pytest.TempPathFactory) -> Desk:
    desk = _filled(_begin(tmp_path_factory.mktemp("deployed")))
    desk.run("deploy").expect(0)
    return desk


@pytest.fixture
def deployed(tmp_path: Path, deployed_once: Desk) -> Desk:
    """A copy of the repository, HOME and records after one deployment to both environments."""
    shutil.copytree(deployed_once.folder, tmp_path / "copy", symlinks=True)
    return Desk(tmp_path / "copy")


def _begin(folder: Path) -> Desk:
    desk = Desk(folder)
    desk.root.mkdir()
    desk.user.mkdir()
    (desk.user / ".gitconfig").write_text(f"[user]\n\tname = Ann\n\temail = {ANN}\n[init]\n\tdefaultBranch = main\n")
    desk.git("init", "-q")
    return desk


def _filled(desk: Desk) -> Desk:
    desk.write("organization.yaml", ORGANIZATION)
    desk.write("interlock.yaml", COMPONENTS)
    desk.write("site/page.txt", "one\n")
    desk.commit("Start")
    return desk
