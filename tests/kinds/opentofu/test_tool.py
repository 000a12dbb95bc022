"""Which program runs: found, asked once, refused before anything else is started."""

import os
from pathlib import Path

import pytest

from interlock.kinds.opentofu import tool
from interlock.kinds.opentofu.tool import Program, Requirement
from interlock.kinds.opentofu.version import Version
from interlock.model.errors import ToolFailed, ToolMismatch, ToolMissing

from .bench import Bench


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    return tmp_path / "bin"


def program(folder: Path, name: str, says: str) -> Path:
    """A program that answers `version -json` and counts how often it was asked."""
    path = folder / name
    path.write_text(f"#!/bin/sh\necho asked >> {folder}/asked\necho '{says}'\n")
    path.chmod(0o755)
    return path


def asked(folder: Path) -> int:
    return len((folder / "asked").read_text().splitlines()) if (folder / "asked").exists() else 0


@pytest.fixture
def find(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):  # type: ignore[no-untyped-def]
    from interlock.testing.world import outside

    monkeypatch.delenv("INTERLOCK_TOFU", raising=False)
    world = outside(tmp_path).world

    def find(name: str | None = None, **environ: str) -> Program:
        return tool.find(name, {"PATH": f"{folder}:/bin", **environ}, world, tmp_path)

    return find


def says(version: str) -> str:
    return f'{{"terraform_version": "{version}"}}'


def test_tofu_is_taken_before_terraform_unless_one_is_named(folder: Path, find) -> None:  # type: ignore[no-untyped-def]
    program(folder, "terraform", says("1.11.4"))
    assert (find().name, str(find().version)) == ("terraform", "1.11.4")
    program(folder, "tofu", says("1.12.6"))
    assert (find().name, str(find().version)) == ("tofu", "1.12.6")
    assert find("terraform").name == "terraform"


def test_the_version_is_asked_once_for_each_binary(folder: Path, find) -> None:  # type: ignore[no-untyped-def]
    path = program(folder, "tofu", says("1.12.6"))
    assert find() == find()
    assert asked(folder) == 1
    program(folder, "tofu", says("1.12.70"))
    os.utime(path, (1, 1))
    assert str(find().version) == "1.12.70"
    assert asked(folder) == 2


def test_a_named_binary_wins_unless_the_stack_wants_the_other_program(folder: Path, find) -> None:  # type: ignore[no-untyped-def]
    program(folder, "terraform", says("1.11.4"))
    (folder / "else").mkdir()
    other = program(folder / "else", "tofu-1.9", says("1.9.0"))
    assert str(find(INTERLOCK_TOFU=str(other)).version) == "1.9.0"
    assert find("terraform", INTERLOCK_TOFU=str(other)).name == "terraform"
    with pytest.raises(ToolMissing, match="INTERLOCK_TOFU names"):
        find(INTERLOCK_TOFU="/nonexistent/tofu")


def test_no_program(find) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ToolMissing, match="neither tofu nor terraform on PATH"):
        find()
    with pytest.raises(ToolMissing, match="no terraform on PATH"):
        find("terraform")


@pytest.mark.parametrize("answer", ["", "OpenTofu v1.12.6", "{}", '{"terraform_version": "new"}', '["1.12.6"]'])
def test_a_program_that_does_not_say_its_version_is_not_used(folder: Path, find, answer: str) -> None:  # type: ignore[no-untyped-def]
    program(folder, "tofu", answer)
    with pytest.raises(ToolFailed, match="does not say its version"):
        find()


def test_the_first_requirement_that_does_not_fit_is_named_with_its_place() -> None:
    tofu = Program(Path("/opt/tofu"), "tofu", Version((1, 12, 6)))
    tool.require(tofu, [Requirement("~> 1.12.0", "a.tf:1"), Requirement(">= 1.8, != 1.9.0", "b.tf:2")])
    with pytest.raises(ToolMismatch, match=r"b\.tf:2 asks for tofu ~> 1\.11\.0, but /opt/tofu is 1\.12\.6"):
        tool.require(tofu, [Requirement(">= 1", "a.tf:1"), Requirement("~> 1.11.0", "b.tf:2")])
    with pytest.raises(ToolMismatch, match=r"a\.tf:1: 'newest' is not a version"):
        tool.require(tofu, [Requirement("newest", "a.tf:1")])


@pytest.mark.tools
def test_the_built_tool_says_its_version(bench: Bench) -> None:
    found = tool.find(None, bench.environ, bench.world(writes=False), bench.folder)
    assert found.path == bench.tools.tofu.resolve()
    assert found.version >= Version((1, 8, 0))
