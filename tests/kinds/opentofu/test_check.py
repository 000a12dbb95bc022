"""`check` with the real tool: every stack and module, no credentials, and the tree as it was."""

import hashlib
from pathlib import Path

import pytest

from .bench import HEAD, Bench

pytestmark = pytest.mark.tools

GOOD = HEAD + 'resource "lab_item" "a" {\n  collection = "c"\n  name       = "a"\n}\n'


def digest(root: Path) -> str:
    files = sorted(p for p in root.rglob("*") if p.is_file())
    return hashlib.sha256(b"".join(str(p).encode() + p.read_bytes() for p in files)).hexdigest()


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "repo/stacks/app").mkdir(parents=True)
    (tmp_path / "repo/modules/net").mkdir(parents=True)
    (tmp_path / "repo/stacks/app/main.tf").write_text(GOOD)
    (tmp_path / "repo/modules/net/main.tf").write_text('variable "a" {\n  type = string\n}\n')
    return tmp_path / "repo"


def test_a_good_tree_has_no_problem_and_stays_as_it_is(bench: Bench, root: Path) -> None:
    before = digest(root)
    bench.environ = {k: v for k, v in bench.environ.items() if not k.startswith("LAB_")}
    assert bench.check(root) == ()
    assert digest(root) == before
    assert bench.check(root) == ()
    assert not list(bench.cloud.journal)


def test_an_unformatted_file_is_shown_with_its_diff(bench: Bench, root: Path) -> None:
    (root / "modules/net/main.tf").write_text('variable "a" {\n type=string\n}\n')
    (root / "stacks/app/main.tf").write_text(GOOD.replace("name       =", "name ="))
    found = bench.check(root)
    assert [(str(p.location), p.slug) for p in found] == [
        ("modules/net/main.tf", "unformatted"),
        ("stacks/app/main.tf", "unformatted"),
    ]
    assert "+  type = string" in (found[0].detail or "")
    assert "+  name       =" in (found[1].detail or "")
    assert "main.tf" not in (found[0].detail or "").splitlines()[-1]


def test_all_that_is_wrong_is_said_at_once_with_its_place(bench: Bench, root: Path) -> None:
    (root / "modules/net/main.tf").write_text(
        'variable "a" {\n  type = string\n}\n\noutput "b" {\n  value = var.c\n}\n'
    )
    (root / "stacks/app/main.tf").write_text(GOOD.replace('name       = "a"', 'nmae       = "a"'))
    found = bench.check(root)
    assert [(str(p.location), p.message) for p in found] == [
        ("modules/net/main.tf:6:11", "Reference to undeclared input variable"),
        ("stacks/app/main.tf:8:25", "Missing required argument"),
        ("stacks/app/main.tf:10:3", "Unsupported argument"),
    ]


def test_a_file_that_is_no_hcl_is_named_with_its_line(bench: Bench, root: Path) -> None:
    (root / "stacks/app/main.tf").write_text(GOOD + 'resource "x" {\n')
    found = [p for p in bench.check(root) if p.slug == "invalid"]
    assert found
    assert {p.location.file for p in found} == {"stacks/app/main.tf"}
    assert all(p.location.line for p in found)


def test_a_version_that_does_not_fit_is_named_where_it_is_asked_for(bench: Bench, root: Path) -> None:
    (root / "stacks/app/main.tf").write_text(
        GOOD.replace("terraform {\n", 'terraform {\n  required_version = "~> 0.11"\n')
    )
    found = [p for p in bench.check(root) if p.slug == "tool-mismatch"]
    assert [(p.location.file, p.value) for p in found] == [("stacks/app/main.tf", "~> 0.11")]
    assert found[0].location.line == 1


def test_a_missing_variable_file_and_a_missing_folder_are_problems_of_the_configuration(
    bench: Bench, root: Path
) -> None:
    bench.settings = bench.settings.model_copy(update={"var_files": ("prod.tfvars",)})
    assert [(str(p.location), p.slug) for p in bench.check(root)] == [("interlock.yaml:3:5", "no-var-file")]
    bench.settings = bench.settings.model_copy(update={"path": "stacks/nowhere", "var_files": ()})
    assert [(str(p.location), p.slug) for p in bench.check(root)] == [("interlock.yaml:3:5", "no-configuration")]


def test_a_module_that_is_not_there_is_told_in_the_tools_words(bench: Bench, root: Path) -> None:
    (root / "stacks/app/main.tf").write_text(GOOD + 'module "m" {\n  source = "../../modules/none"\n}\n')
    found = bench.check(root)
    assert [(p.location.file, p.slug) for p in found] == [("stacks/app", "init-failed")]
    assert "modules/none" in (found[0].detail or "")
