"""What users write, and which files that means."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from interlock.kind import Source
from interlock.kinds.command.fingerprint import inputs_value, of_source
from interlock.kinds.command.sources import literal_folder, matching, sources
from interlock.kinds.command.spec import CommandSettings
from interlock.model.errors import ConfigurationError
from interlock.world.folder import folder_tree

BUILD: dict[str, Any] = {"path": "app", "apply": ("make",), "artifacts": {"bundle": "dist/a.tar"}}
PROGRAMS: dict[str, Any] = {"path": "app", "apply": ("./x",), "plan": ("./x",)}


def test_settings_survive_being_stored() -> None:
    for given_ in (
        {**BUILD, "timeout": "1h30m", "reads": ("libs/**",)},
        {**PROGRAMS, "undo": ("./y",), "outputs": ("url",)},
    ):
        settings = CommandSettings.model_validate(given_)
        assert CommandSettings.model_validate_json(settings.model_dump_json()) == settings
    assert CommandSettings.model_validate({**PROGRAMS, "path": "./a//b/."}).folder == "a/b"
    assert CommandSettings.model_validate({**PROGRAMS, "path": "."}).folder == ""


@pytest.mark.parametrize(
    "wrong",
    [
        {"path": "/etc"},
        {"path": "../x"},
        {"path": "a/../../x"},
        {"path": "a\\b"},
        {"apply": ()},
        {"apply": ("",)},
        {"apply": ("a\0",)},
        {"apply": "make all"},
        {"artifacts": {}},
        {"artifacts": {"a b": "x"}},
        {"artifacts": {"a": "../x"}},
        {"artifacts": {"a": "."}},
        {"artifacts": {"a": "/tmp/x"}},
        {"reads": ("../x",)},
        {"undo": ("x",)},
        {"outputs": ("a.b",)},
        {"timeout": "60"},
        {"timeout": "0s"},
        {"timeout": 60},
        {"shell": True},
    ],
)
def test_what_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        CommandSettings.model_validate({**BUILD, **wrong})


@pytest.mark.parametrize(
    ("glob", "hits", "misses"),
    [
        ("libs/**", ["libs/a", "libs/b/c.py"], ["libs", "other/a", "xlibs/a"]),
        ("libs/**/*.py", ["libs/a.py", "libs/b/c.py", "libs/b/c/d.py"], ["libs/a.txt", "a.py"]),
        ("**/Makefile", ["Makefile", "a/b/Makefile"], ["a/xMakefile", "Makefile/a"]),
        ("*.json", ["a.json", ".json"], ["a/b.json", "a.jsonx"]),
        ("a/?.txt", ["a/b.txt"], ["a/bc.txt", "a//.txt"]),
        ("a/[bc].txt", ["a/b.txt", "a/c.txt"], ["a/d.txt", "a/[bc].txt"]),
        ("a/[!b].txt", ["a/c.txt"], ["a/b.txt", "a//.txt"]),
        ("a+b(c).txt", ["a+b(c).txt"], ["aab(c).txt"]),
        ("exact/file", ["exact/file"], ["exact/file/x", "exact/files"]),
        ("a[b", ["a[b"], ["ab"]),
    ],
)
def test_globs(glob: str, hits: list[str], misses: list[str]) -> None:
    assert matching(glob, [*hits, *misses]) == hits


@given(st.text(alphabet="ab*?[]!/.^\\-", min_size=1, max_size=12), st.text(alphabet="ab/.", max_size=12))
def test_a_glob_matches_only_below_its_literal_folder(glob: str, path: str) -> None:
    if matching(glob, [path]):
        folder = literal_folder(glob)
        assert not folder or path.startswith(folder + "/")


def test_sources(tmp_path: Path) -> None:
    for name in ("app/main.py", "app/sub/x", "libs/a.py", "libs/deep/b.py", "libs/readme.md", "other/c.py"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    tree = folder_tree(tmp_path)
    settings = CommandSettings.model_validate({**BUILD, "reads": ("libs/**/*.py", "other/*")})
    assert sources(settings, tree) == (
        Source("app/", "own file"),
        Source("libs/a.py", "matches reads 'libs/**/*.py'"),
        Source("libs/deep/b.py", "matches reads 'libs/**/*.py'"),
        Source("other/c.py", "matches reads 'other/*'"),
    )
    assert sources(CommandSettings.model_validate({**BUILD, "path": "."}), tree) == (Source("", "own file"),)
    with pytest.raises(ConfigurationError, match="no folder 'nowhere'"):
        sources(CommandSettings.model_validate({**BUILD, "path": "nowhere"}), tree)


def test_the_fingerprint_of_sources_sees_content_names_modes_and_links(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("x")
    seen = {of_source(tmp_path)}
    (tmp_path / "a").chmod(0o755)
    seen.add(of_source(tmp_path))
    (tmp_path / "a").write_text("y")
    seen.add(of_source(tmp_path))
    (tmp_path / "b").symlink_to("a")
    seen.add(of_source(tmp_path))
    (tmp_path / "b").unlink()
    (tmp_path / "b").symlink_to("elsewhere")
    seen.add(of_source(tmp_path))
    (tmp_path / "c").mkdir()
    (tmp_path / "c" / "d").write_text("y")
    seen.add(of_source(tmp_path))
    assert len(seen) == 6
    assert of_source(tmp_path) in seen


def test_a_dependencys_file_enters_by_content_and_not_by_path(tmp_path: Path) -> None:
    first, second = tmp_path / "one" / "app.tar", tmp_path / "two" / "app.tar"
    for place in (first, second):
        place.parent.mkdir()
        place.write_text("same")
    reference = "components.build.artifacts.app"
    by_text = {"file": reference}
    assert inputs_value(by_text, {reference: first}) == inputs_value(by_text, {reference: second})
    assert inputs_value({"file": str(first)}, {reference: first}) == inputs_value(
        {"file": str(second)}, {reference: second}
    )
    before = inputs_value(by_text, {reference: first})
    first.write_text("other")
    assert inputs_value(by_text, {reference: first}) != before
