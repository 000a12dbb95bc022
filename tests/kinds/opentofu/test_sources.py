"""What a stack reads, exactly: cases as data, each a folder of real files and links."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from interlock.kinds.opentofu.reader import Reader
from interlock.kinds.opentofu.sources import sources
from interlock.kinds.opentofu.spec import OpenTofuSettings
from interlock.model.errors import ConfigurationError
from interlock.world.folder import folder_tree

CASES: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "cases/sources.yaml").read_text())


def write(root: Path, case: dict[str, Any]) -> None:
    for path, text in case["files"].items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    for path, target in case.get("links", {}).items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).symlink_to(target)


@pytest.mark.parametrize("name", CASES)
def test_sources(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    write(tmp_path, case)
    settings = OpenTofuSettings(**case["settings"])
    if "error" in case:
        with pytest.raises(ConfigurationError) as caught:
            sources(settings, folder_tree(tmp_path), Reader())
        assert [f"{p.location} {p.slug}" for p in caught.value.problems] == case["error"]
        return
    found = sources(settings, folder_tree(tmp_path), Reader())
    said = [f"{s.path}: {s.why}" for s in found]
    if "contains" in case:
        assert set(case["contains"]) <= set(said)
    else:
        assert said == case["expect"]


def test_the_same_from_a_cache_on_disk(tmp_path: Path) -> None:
    """Every case again through a reader that starts from what another one kept."""
    for number, name in enumerate(CASES):
        case = CASES[name]
        if "expect" not in case:
            continue
        root = tmp_path / str(number)
        write(root, case)
        settings = OpenTofuSettings(**case["settings"])
        first = Reader(tmp_path / "cache")
        fresh = sources(settings, folder_tree(root), first)
        first.save()
        assert sources(settings, folder_tree(root), Reader(tmp_path / "cache")) == fresh


def test_a_spoilt_cache_is_made_anew(tmp_path: Path) -> None:
    case = CASES["fileset"]
    write(tmp_path / "root", case)
    settings, tree = OpenTofuSettings(**case["settings"]), folder_tree(tmp_path / "root")
    reader = Reader(tmp_path / "cache")
    fresh = sources(settings, tree, reader)
    reader.save()
    (kept,) = (tmp_path / "cache").iterdir()
    kept.write_bytes(b"no database at all, and long enough to be taken for one" * 100)
    again = Reader(tmp_path / "cache")
    assert sources(settings, tree, again) == fresh
    again.save()
    assert sources(settings, tree, Reader(tmp_path / "cache")) == fresh
