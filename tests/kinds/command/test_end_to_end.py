"""An application build and the site that it is put on, through the program itself: `interlock deploy` in a repository."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

SHELF = Path(__file__).parent / "shelf.py"
ORGANIZATION = "organization: {name: acme}\nenvironments:\n  staging: {zone: development}\n"
COMPONENTS = """
components:
  build:
    kind: command
    path: app
    apply: [./build.sh]
    artifacts: {bundle: dist/out.txt}
  site:
    kind: command
    path: site
    depends_on: [build]
    check: [python3, shelf.py, check]
    plan: [python3, shelf.py, plan]
    apply: [python3, shelf.py, apply]
    outputs: [count, token]
    variables: {bundle: "${components.build.artifacts.bundle}", token: abcdefgh}
    checks:
      - command: {run: [python3, -c, "import os; assert 'BAD' not in open(os.environ['SHELF'] + '/page.json').read()"], failures: 1}
"""


@dataclass
class Repository:
    root: Path
    shelf: Path
    environ: dict[str, str]

    def commit(self, text: str) -> None:
        (self.root / "app" / "in.txt").write_text(text)
        subprocess.run(["git", "add", "."], cwd=self.root, check=True)
        subprocess.run(["git", "commit", "-q", "-m", text.strip()], cwd=self.root, check=True)

    def interlock(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        argv = [str(Path(sys.executable).parent / "interlock"), *arguments]
        return subprocess.run(
            argv, cwd=self.root, env=self.environ, capture_output=True, text=True, timeout=120, check=False
        )

    def page(self) -> str:
        return str(json.loads((self.shelf / "page.json").read_text())["text"])


@pytest.fixture
def repository(tmp_path: Path) -> Repository:
    root, shelf = tmp_path / "repository", tmp_path / "shelf"
    for folder in (root / "app", root / "site", shelf):
        folder.mkdir(parents=True)
    (root / "organization.yaml").write_text(ORGANIZATION)
    (root / "interlock.yaml").write_text(COMPONENTS)
    (root / "app" / "build.sh").write_text("#!/bin/sh\nset -e\nmkdir dist\ntr a-z A-Z < in.txt > dist/out.txt\n")
    (root / "app" / "build.sh").chmod(0o755)
    shutil.copy(SHELF, root / "site" / "shelf.py")
    (root / "site" / "items.json").write_text('{"page": {"text": "@bundle"}}')
    for line in (
        ["init", "-q", "-b", "main"],
        ["config", "user.email", "ann@acme.example"],
        ["config", "user.name", "Ann"],
    ):
        subprocess.run(["git", *line], cwd=root, check=True)
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "LANG": "C.UTF-8",
        "INTERLOCK_HOME": str(tmp_path / "home"),
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "SHELF": str(shelf),
    }
    return Repository(root, shelf, environ)


def test_a_build_is_deployed_to_what_depends_on_it(repository: Repository) -> None:
    repository.commit("hello\n")
    done = repository.interlock("deploy")
    assert done.returncode == 0, done.stderr
    assert repository.page() == "HELLO\n"
    assert repository.interlock("drift").returncode == 0
    (repository.shelf / "page.json").write_text('{"text": "meddled", "token": "x"}')
    assert repository.interlock("drift").returncode == 2
    assert repository.interlock("drift", "--apply").returncode == 0
    assert repository.page() == "HELLO\n"


def test_a_changed_artifact_is_deployed_to_what_depends_on_it(repository: Repository) -> None:
    for text in ("one\n", "two\n"):
        repository.commit(text)
        done = repository.interlock("deploy")
        assert done.returncode == 0, done.stderr
        assert repository.page() == text.upper()


def test_going_back_uses_the_artifact_of_then(repository: Repository) -> None:
    repository.commit("good\n")
    assert repository.interlock("deploy").returncode == 0
    repository.commit("bad\n")
    (repository.root / "site" / "note").write_text("the site is affected by itself, too")
    repository.commit("bad\n\n")
    failed = repository.interlock("deploy")
    assert failed.returncode == 1, failed.stderr
    assert repository.page() == "GOOD\n"
