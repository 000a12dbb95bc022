"""Trees, differences and history, against repositories made by the git program; hypothesis compares our tree diff with a naive one."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from interlock.model.errors import ConfigurationError, InterlockError, NotFound, Retryable, UsageError
from interlock.world.folder import folder_tree
from interlock.world.git import Changed, Repository


class Lab:
    """A repository and the git program, away from the user's own configuration."""

    def __init__(self, root: Path) -> None:
        self.root = root
        root.mkdir(parents=True, exist_ok=True)
        self.git("init", "-q", "-b", "main")
        self.git("config", "user.email", "ann@acme.example")
        self.git("config", "user.name", "Ann")

    def git(self, *arguments: str, at: Path | None = None) -> str:
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.root), "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", *arguments], cwd=at or self.root, env=environ, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    def write(self, path: str, text: str) -> None:
        (self.root / path).parent.mkdir(parents=True, exist_ok=True)
        (self.root / path).write_text(text)

    def commit(self, message: str = "change", *more: str) -> str:
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, *more)
        return self.git("rev-parse", "HEAD")

    def open(self) -> Repository:
        return Repository.open(self.root)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path / "repository")


def test_root_is_found_from_below_and_from_worktrees(lab: Lab, tmp_path: Path) -> None:
    lab.write("stacks/net/main.tf", "a")
    first = lab.commit()
    lab.commit("second")
    assert Repository.open(lab.root / "stacks/net").root == lab.root
    assert lab.open().root_commit() == first
    lab.git("worktree", "add", "-q", str(tmp_path / "other"), "HEAD")
    other = Repository.open(tmp_path / "other")
    assert (other.root, other.root_commit()) == (tmp_path / "other", first)


def test_no_repository_and_no_commit_are_usage_errors_with_a_hint(tmp_path: Path) -> None:
    (tmp_path / "plain").mkdir()
    with pytest.raises(UsageError) as caught:
        Repository.open(tmp_path / "plain")
    assert caught.value.slug == "no-repository"
    assert "git init" in (caught.value.hint or "")
    with pytest.raises(UsageError):
        Repository.open(tmp_path / "absent")
    empty = Lab(tmp_path / "empty")
    with pytest.raises(UsageError) as caught:
        empty.open().root_commit()
    assert caught.value.slug == "no-commit"
    empty.write("a", "1")
    assert empty.open().folder_tree().read("a") == b"1"


def test_revisions(lab: Lab) -> None:
    first = lab.commit("first")
    lab.git("tag", "-a", "v1", "-m", "tagged")
    second = lab.commit("second")
    repository = lab.open()
    for name in ("v1", "HEAD~1", first, first[:10], "main^"):
        assert repository.resolve(name) == first
    assert repository.resolve("main") == second
    assert repository.is_ancestor(first, second)
    assert not repository.is_ancestor(second, first)
    assert repository.message(first) == "first\n"
    assert repository.commit_time(first).tzinfo is not None
    assert repository.identity() == "ann@acme.example"


@pytest.mark.parametrize(
    ("revision", "error", "hint"),
    [
        ("mian", NotFound, "main"),
        ("a" * 40, NotFound, "git fetch origin"),
        ("", UsageError, None),
        ("a b", UsageError, None),
        ("HEAD:x", NotFound, None),
    ],
)
def test_unknown_revisions(lab: Lab, revision: str, error: type[InterlockError], hint: str | None) -> None:
    lab.write("x/y", "1")
    lab.commit()
    with pytest.raises((NotFound, UsageError)) as caught:
        lab.open().resolve(revision)
    if revision != "HEAD:x":
        assert isinstance(caught.value, error)
    if hint:
        assert hint in (caught.value.hint or "")


def test_a_shallow_clone_says_what_to_fetch(lab: Lab, tmp_path: Path) -> None:
    first = lab.commit("first")
    lab.commit("second")
    third = lab.commit("third")
    lab.git("clone", "-q", "--depth", "2", f"file://{lab.root}", str(tmp_path / "shallow"))
    shallow = Repository.open(tmp_path / "shallow")
    for question in (
        shallow.root_commit,
        lambda: shallow.resolve(first),
        lambda: shallow.resolve("HEAD~7"),
        lambda: shallow.authors(None, third),
        lambda: shallow.is_ancestor(third, "HEAD~1"),
    ):
        with pytest.raises(NotFound) as caught:
            question()
        assert caught.value.slug == "shallow-clone"
        assert "git fetch" in (caught.value.hint or "")
    assert shallow.authors("HEAD~1", "HEAD") == ("ann@acme.example",)
    lab.git("fetch", "-q", "--unshallow", at=tmp_path / "shallow")
    assert Repository.open(tmp_path / "shallow").root_commit() == first


def test_authors_are_all_who_wrote(lab: Lab) -> None:
    base = lab.commit("first")
    lab.commit(
        "second\n\nCo-authored-by: Bea <BEA@acme.example>\nCo-Authored-By: Cid <cid@acme.example>",
        "--author",
        "Dan <dan@acme.example>",
    )
    assert lab.open().authors(base, "HEAD") == ("bea@acme.example", "cid@acme.example", "dan@acme.example")
    assert lab.open().authors("HEAD", "HEAD") == ()
    assert "ann@acme.example" in lab.open().authors(None, "HEAD")


def test_a_tree_reads_lists_and_walks(lab: Lab) -> None:
    lab.write("b/z.tf", "z")
    lab.write("b.tf", "b")
    lab.write("a/run", "#!")
    (lab.root / "a/run").chmod(0o755)
    commit = lab.commit()
    tree = lab.open().tree("HEAD")
    assert (tree.commit, tree.identity) == (commit, lab.git("rev-parse", "HEAD^{tree}"))
    assert [entry.path for entry in tree.walk()] == ["a/run", "b.tf", "b/z.tf"]
    assert tree.list() == ("a/", "b.tf", "b/")
    assert tree.is_folder("b")
    assert not tree.is_folder("b.tf")
    assert tree.is_folder("")
    entry = tree.entry("a/run")
    assert entry is not None
    assert (entry.mode, entry.size, entry.identity) == (0o100755, 2, lab.git("rev-parse", "HEAD:a/run"))
    assert tree.entry("a") is None
    assert tree.read("b/../b/./z.tf") == b"z"
    with pytest.raises(NotFound):
        tree.read("b/nothing")


def test_links_are_followed_inside_and_refused_outside(lab: Lab) -> None:
    lab.write("modules/net/main.tf", "net")
    links = {
        "stacks/a/net": "../../modules/net",
        "file": "modules/net/main.tf",
        "out": "../secret",
        "far": "/etc/passwd",
        "loop": "loop",
    }
    links |= {"gone": "nowhere", "deep": "modules/../../x", "self": "../repository/file"}
    for name, target in links.items():
        (lab.root / name).parent.mkdir(parents=True, exist_ok=True)
        (lab.root / name).symlink_to(target)
    lab.commit()
    for tree in (lab.open().tree("HEAD"), lab.open().folder_tree(), folder_tree(lab.root)):
        assert tree.read("stacks/a/net/main.tf") == b"net"
        assert tree.read("file") == b"net"
        assert tree.link_target("file") == "modules/net/main.tf"
        assert tree.is_folder("stacks/a/net")
        assert [entry.path for entry in tree.walk("stacks/a/net")] == ["modules/net/main.tf"]
        entry = tree.entry("stacks/a/net")
        assert entry is not None
        assert entry.is_link
        with pytest.raises(NotFound):
            tree.read("gone")
        for name in ("out", "far", "loop", "deep", "self", "../x", "/etc/passwd"):
            with pytest.raises(ConfigurationError):
                tree.read(name)


def test_submodules_cannot_be_read(lab: Lab, tmp_path: Path) -> None:
    other = Lab(tmp_path / "other")
    other.write("main.tf", "x")
    other.commit()
    lab.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(other.root), "vendor")
    lab.commit()
    repository = lab.open()
    for tree in (repository.tree("HEAD"), repository.folder_tree()):
        with pytest.raises(ConfigurationError, match="submodule"):
            tree.read("vendor")
    assert repository.dirty() == ()


def test_the_working_tree(lab: Lab) -> None:
    for name in ("keep", "edit", "drop/a", "drop/b", "stay/a", "stay/b"):
        lab.write(name, name)
    lab.write(".gitignore", "ignored\n")
    lab.commit()
    repository = lab.open()
    clean = repository.folder_tree()
    assert (repository.dirty(), clean.identity) == ((), repository.tree("HEAD").identity)
    lab.write("edit", "edited")
    lab.write("new/deep/file", "new")
    lab.write("ignored", "x")
    shutil.rmtree(lab.root / "drop")
    (lab.root / "stay/a").unlink()
    tree = repository.folder_tree()
    assert tree.identity.startswith("dirty-")
    assert tree.commit == clean.commit
    assert tree.differing == repository.dirty() == ("drop/a", "drop/b", "edit", "new/deep/file", "stay/a")
    assert [e.path for e in tree.walk()] == [".gitignore", "edit", "keep", "new/deep/file", "stay/b"]
    assert tree.list() == (".gitignore", "edit", "keep", "new/", "stay/")
    assert tree.read("edit") == b"edited"
    assert not tree.is_folder("drop")
    assert [c.path for c in repository.changed(clean, tree)] == list(tree.differing)
    assert repository.folder_tree().identity == tree.identity
    lab.git("add", "-A")
    assert repository.folder_tree().identity == tree.identity
    lab.write("edit", "again")
    with pytest.raises(Retryable):
        tree.read("edit")
    assert repository.folder_tree().identity != tree.identity


def test_changed_tells_renames_modes_and_types(lab: Lab) -> None:
    for name in ("old/main.tf", "mode", "type", "file"):
        lab.write(name, name)
    lab.commit()
    lab.git("mv", "old", "renamed")
    (lab.root / "mode").chmod(0o755)
    (lab.root / "type").unlink()
    (lab.root / "type").symlink_to("mode")
    (lab.root / "file").unlink()
    lab.write("file/inside", "x")
    lab.commit()
    repository = lab.open()
    found = repository.changed(repository.tree("HEAD~1"), repository.tree("HEAD"))
    assert [(c.path, c.old_identity is None, c.new_identity is None) for c in found] == [
        ("file", False, True),
        ("file/inside", True, False),
        ("mode", False, False),
        ("old/main.tf", False, True),
        ("renamed/main.tf", True, False),
        ("type", False, False),
    ]


_PATHS = st.sampled_from(["a", "b", "d/a", "d/b", "d/e/a", "f/a", "f.a", "f-a"])
_FILES = st.dictionaries(_PATHS, st.sampled_from(["1", "2", "3"]))


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(old=_FILES, new=_FILES, working=_FILES)
def test_trees_and_differences_are_those_of_the_files(
    old: dict[str, str], new: dict[str, str], working: dict[str, str]
) -> None:
    def fill(lab: Lab, files: dict[str, str]) -> None:
        for child in lab.root.iterdir():
            if child.name != ".git":
                shutil.rmtree(child) if child.is_dir() else child.unlink()
        for path, text in files.items():
            lab.write(path, text)

    with tempfile.TemporaryDirectory() as folder:
        lab = Lab(Path(folder).resolve() / "repository")
        fill(lab, old)
        lab.commit()
        fill(lab, new)
        lab.commit()
        fill(lab, working)
        repository = lab.open()
        sides = [(repository.tree("HEAD~1"), old), (repository.tree("HEAD"), new), (repository.folder_tree(), working)]
        for tree, files in sides:
            assert {entry.path: tree.read(entry.path).decode() for entry in tree.walk()} == files
            assert [entry.path for entry in tree.walk()] == sorted(files)
        for first, before in sides:
            for second, after in sides:
                found = repository.changed(first, second)
                assert [c.path for c in found] == sorted(p for p in {*before, *after} if before.get(p) != after.get(p))
                assert all(isinstance(c, Changed) and (c.old_identity is None) == (c.path not in before) for c in found)
        assert (repository.folder_tree().identity == repository.tree("HEAD").identity) == (working == new)
