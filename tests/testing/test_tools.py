"""Finding the built programs: never a wrong one, and a missing one is said with the command that builds it."""

import dataclasses
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from interlock.testing import tools
from interlock.testing.tools import PROGRAMS, REPOSITORY, Tools, ToolsMissing


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "interlock-tools"


def put(program: tools.Program, text: str = "#!/bin/sh\n", mode: int = 0o755) -> Path:
    path = tools.folder_of(program) / program.binary
    path.parent.mkdir(parents=True)
    path.write_text(text)
    path.chmod(mode)
    return path


def say_version(folder: Path, name: str, version: str) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{version}'\n")
    path.chmod(0o755)
    return path


def test_a_missing_program_is_named_with_the_command_that_builds_it(cache: Path) -> None:
    with pytest.raises(ToolsMissing, match=r"not built yet: opentofu, lab-provider; run script/tools"):
        tools.find_tools()
    put(PROGRAMS[0])
    with pytest.raises(ToolsMissing, match=r"not built yet: lab-provider;"):
        tools.find_tools()
    put(PROGRAMS[1], mode=0o644)
    with pytest.raises(ToolsMissing, match=r"not built yet: lab-provider;"):
        tools.find_tools()


def test_built_programs_are_found_in_the_users_cache(cache: Path) -> None:
    tofu, provider = (put(program) for program in PROGRAMS)
    found = tools.find_tools()
    assert found.tofu == tofu
    assert provider.is_relative_to(found.provider_mirror / "registry.opentofu.org" / "interlock" / "lab" / "0.1.0")
    assert cache in tofu.parents


@pytest.mark.parametrize("touched", ["go.mod", "go.sum", "client.go"])
def test_changed_sources_are_another_program(touched: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copy = tmp_path / "repository"
    shutil.copytree(REPOSITORY / "tools" / "lab-provider", copy / "tools" / "lab-provider")
    monkeypatch.setattr(tools, "REPOSITORY", copy)
    provider = PROGRAMS[1]
    before = tools.folder_of(provider)
    (copy / "tools" / "lab-provider" / "any_test.go").write_text("package main\n")
    assert tools.folder_of(provider) == before
    with (copy / "tools" / "lab-provider" / touched).open("a") as file:
        file.write("// more\n")
    assert tools.folder_of(provider) != before
    assert tools.folder_of(dataclasses.replace(provider, ldflags="")) not in (before, tools.folder_of(provider))


def test_without_the_sources_nothing_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "REPOSITORY", tmp_path)
    with pytest.raises(ToolsMissing, match="a checkout of the repository"):
        tools.find_tools()


@pytest.mark.parametrize(
    ("said", "taken"),
    [
        ('{"terraform_version": "1.8.0"}', True),
        ('{"terraform_version": "1.12.6-rc1"}', True),
        ('{"terraform_version": "1.7.9"}', False),
        ('{"terraform_version": "nightly"}', False),
        ("{}", False),
        ("[]", False),
        ("OpenTofu v1.12.6", False),
    ],
)
def test_a_program_on_path_serves_when_it_says_that_it_is_new_enough(
    cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, taken: bool
) -> None:
    path = say_version(tmp_path / "bin", "terraform", said)
    monkeypatch.setenv("PATH", str(path.parent))
    put(PROGRAMS[1])
    if not taken:
        with pytest.raises(ToolsMissing, match="opentofu"):
            tools.find_tools(allow_path=True)
        return
    assert tools.find_tools(allow_path=True).tofu == path
    tofu = say_version(tmp_path / "bin", "tofu", said)
    assert tools.find_tools(allow_path=True).tofu == tofu
    with pytest.raises(ToolsMissing, match="opentofu"):
        tools.find_tools()
    assert tools.find_tools(allow_path=True).tofu != put(PROGRAMS[0])
    assert tools.find_tools(allow_path=True).tofu == tools.built(PROGRAMS[0])


def test_a_failing_program_on_path_is_not_taken(cache: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (say_version(tmp_path / "bin", "tofu", "")).write_text(
        '#!/bin/sh\necho \'{"terraform_version": "1.9.0"}\'\nexit 1\n'
    )
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert tools.on_path() is None


def test_the_cli_configuration_names_the_mirror_and_nothing_else(tmp_path: Path) -> None:
    mirror = tmp_path / 'a "quoted" folder'
    written = tools.cli_config(Tools(tmp_path / "tofu", mirror), tmp_path / "new" / "folder").read_text()
    assert written.count("{") == written.count("}") == 2
    assert json.loads(written.split("path = ")[1].splitlines()[0]) == str(mirror)
    assert "direct" not in written


def test_print_builds_nothing_and_says_what_is_missing(cache: Path) -> None:
    argv = [str(REPOSITORY / "script" / "tools"), "--print"]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert "not built yet: opentofu, lab-provider; run script/tools" in done.stderr
    assert not cache.exists()
    tofu, _ = (put(program) for program in PROGRAMS)
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 0
    found = json.loads(done.stdout)
    assert (found["type"], found["tofu"]) == ("tools", str(tofu))


def test_the_script_runs_on_nothing_but_the_standard_library(cache: Path) -> None:
    code = "import sys; sys.path.insert(0, 'script'); import tools; print([n for n in sys.modules if n.split('.')[0] in ('pydantic', 'rich')])"
    python = os.environ.get("INTERLOCK_PYTHON", "python3")
    done = subprocess.run([python, "-S", "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "[]\n"), done.stderr
