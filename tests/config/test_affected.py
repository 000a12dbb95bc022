"""What a commit concerns, exactly: cases as data, each two commits of a real Git repository, read with the real configuration and the real kind."""

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from interlock.config.affected import AffectedRequest, affected
from interlock.config.bases import differing
from interlock.config.difference import Configured
from interlock.config.load import load
from interlock.kind import Kind
from interlock.kinds.opentofu.kind import OpenTofuKind
from interlock.model.affected import AffectedReport, Released
from interlock.model.errors import ConfigurationError, NotFound
from interlock.render.affected import affected_text
from interlock.world.git import Repository
from interlock.world.tree import Tree

DATA: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "affected/cases.yaml").read_text())
CASES: dict[str, dict[str, Any]] = DATA["cases"]
KINDS: dict[str, Kind] = {"opentofu": OpenTofuKind()}
FILES = frozenset({"organization.yaml", "interlock.yaml"})


class History:
    """A repository with the base and the head of a case."""

    def __init__(self, root: Path, case: dict[str, Any]) -> None:
        self.root = root
        root.mkdir()
        self.git("init", "-q", "-b", "main")
        self.lay(DATA["common"] | case.get("base", {}))
        self.edit(case.get("base_edit"))
        for path, target in case.get("links", {}).items():
            (root / path).symlink_to(target)
        self.base = self.commit()
        for old, new in case.get("move", {}).items():
            (root / new).parent.mkdir(parents=True, exist_ok=True)
            shutil.move(root / old, root / new)
        self.edit(case.get("edit"))
        self.edit(case.get("more_edit"))
        self.lay(case.get("head", {}))
        self.head = self.commit()
        self.repository = Repository.open(root)

    def git(self, *arguments: str) -> str:
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.root), "GIT_CONFIG_NOSYSTEM": "1"}
        identity = ("-c", "user.email=ann@acme.example", "-c", "user.name=Ann")
        command = ["git", *identity, *arguments]
        return subprocess.run(
            command, cwd=self.root, env=environ, capture_output=True, text=True, check=True
        ).stdout.strip()

    def lay(self, files: dict[str, str | None]) -> None:
        for path, text in files.items():
            place = self.root / path
            if text is None:
                place.unlink()
            else:
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_text(text)

    def edit(self, change: list[str] | None) -> None:
        if change:
            path, old, new = change
            text = (self.root / path).read_text()
            assert old in text
            (self.root / path).write_text(text.replace(old, new, 1))

    def commit(self) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", "change")
        return self.git("rev-parse", "HEAD")


def configured(tree: Tree) -> Configured:
    found = load(tree, KINDS)
    pairs = {(p.environment, p.component): p for p in found.pairs}
    return Configured(pairs, {e.name: e for e in found.environments}, found.secrets)


def ask(history: History, case: dict[str, Any], *, by_git: bool = True) -> AffectedReport:
    repository = history.repository
    head = repository.tree(history.head)
    before = configured(repository.tree(history.base))
    doubts = case.get("doubt", {})
    released = {
        key: Released(history.base, pair, "d-1", doubts.get(pair.name, ""))
        for key, pair in before.pairs.items()
        if pair.name in case.get("released", [pair.name])
    }
    return affected(
        AffectedRequest(
            head,
            configured(head),
            KINDS,
            released,
            repository.tree,
            configured,
            base=history.base if case.get("explicit") else None,
            changed=(lambda old, new: [c.path for c in repository.changed(old, new)]) if by_git else None,  # type: ignore[arg-type]
            configuration_files=FILES,
        )
    )


@pytest.mark.parametrize("name", CASES)
def test_affected(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    history = History(tmp_path / "repository", case)
    if "error" in case:
        with pytest.raises(ConfigurationError) as caught:
            ask(history, case)
        assert [f"{p.location} {p.slug}" for p in caught.value.problems] == case["error"]
        return
    report = ask(history, case)
    said = {
        p.name + ("?" if p.conditional else "-" if p.removal else ""): [
            f"{r.type}: {r.path or r.text.replace(history.base[:12], 'BASE')}" for r in p.reasons
        ]
        for p in report.pairs
    }
    assert said == case["expect"]
    assert set(report.unclaimed) == set(case.get("unclaimed", []))
    texts = {reason.text for pair in report.pairs for reason in pair.reasons}
    assert case.get("text") is None or case["text"] in texts
    every = set(configured(history.repository.tree(history.head)).pairs) | {
        (p.environment, p.component) for p in report.pairs
    }
    assert {(p.environment, p.component) for p in (*report.pairs, *report.left_out)} == every
    assert len(report.pairs) + len(report.left_out) == len(every)
    assert report == ask(history, case, by_git=False)
    explained = affected_text(report, explain=True)
    assert all(text in explained for text in texts)
    assert all(item.reason in explained for item in report.left_out)


def test_the_order_is_that_of_environments_and_the_text_says_it(tmp_path: Path) -> None:
    case = CASES["own file, and its dependant by outputs only"]
    history = History(tmp_path / "repository", case)
    report = ask(history, case)
    assert [p.name for p in report.pairs] == ["staging/app", "staging/network", "production/app", "production/network"]
    assert report.left_out[0].reason == f"nothing it reads changed since d-1, commit {history.base[:12]}"
    assert affected_text(report) == (
        "staging\n"
        "  ? app      network will be deployed, and it uses components.network.outputs.id\n"
        "  ~ network  stacks/network/main.tf, own file\n"
        "\n"
        "production\n"
        "  ? app      network will be deployed, and it uses components.network.outputs.id\n"
        "  ~ network  stacks/network/main.tf, own file\n"
        "\n"
        "4 of 6 affected, 2 only if a dependency's outputs change\n"
    )
    document = report.to_json()
    assert (document["type"], document["version"]) == ("affected", 1)


def test_a_base_that_is_not_here_is_an_error(tmp_path: Path) -> None:
    history = History(tmp_path / "repository", CASES["nothing"])
    repository = history.repository
    head = repository.tree(history.head)
    pairs = configured(head).pairs
    released = {key: Released("0" * 40, pair, "d-1") for key, pair in pairs.items()}
    with pytest.raises(NotFound):
        affected(AffectedRequest(head, configured(head), KINDS, released, repository.tree, configured))


def test_each_pair_is_judged_against_its_own_release(tmp_path: Path) -> None:
    """Staging is at the head already, production two commits behind."""
    history = History(tmp_path / "repository", CASES["a file read by a literal path"])
    repository = history.repository
    head = repository.tree(history.head)
    commits = {"staging": history.head, "production": history.base}
    released = {key: Released(commits[key[0]], pair, "d-1") for key, pair in configured(head).pairs.items()}
    report = affected(AffectedRequest(head, configured(head), KINDS, released, repository.tree, configured))
    assert [p.name for p in report.pairs] == ["production/logs"]
    assert {item.reason for item in report.left_out if item.environment == "staging"} == {"d-1 is of this commit"}


def test_comparing_entries_says_what_git_says(tmp_path: Path) -> None:
    history = History(tmp_path / "repository", CASES["renamed folder with one change in it"])
    old, new = history.repository.tree(history.base), history.repository.tree(history.head)
    assert differing(old, new) == tuple(sorted(c.path for c in history.repository.changed(old, new)))
