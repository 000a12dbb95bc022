"""Stacks found, states told apart, outputs published: cases as data."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from interlock.kinds.opentofu.reader import Reader
from interlock.kinds.opentofu.sources import FoundStack, find_modules, find_stacks, identity, published
from interlock.kinds.opentofu.spec import OpenTofuSettings
from interlock.world.folder import FolderTree, folder_tree

HERE = Path(__file__).parent / "cases"
STACKS: dict[str, Any] = yaml.safe_load((HERE / "stacks.yaml").read_text())
IDENTITIES: list[dict[str, Any]] = yaml.safe_load((HERE / "identity.yaml").read_text())


def tree(root: Path, files: dict[str, str]) -> FolderTree:
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return folder_tree(root)


@pytest.mark.parametrize("name", STACKS)
def test_stacks_are_found(name: str, tmp_path: Path) -> None:
    case = STACKS[name]
    here = tree(tmp_path, case["files"])
    expected = tuple(
        FoundStack(path, tuple(why), tuple(files), backend) for path, (backend, files, why) in case["expect"].items()
    )
    assert find_stacks(here, Reader()) == expected
    assert find_modules(here, Reader()) == tuple(case["modules"])


@pytest.mark.parametrize("case", IDENTITIES, ids=lambda case: case["expect"])
def test_identity(case: dict[str, Any], tmp_path: Path) -> None:
    here = tree(tmp_path, {"stacks/app/main.tf": case["main"], **case.get("more", {})})
    settings = OpenTofuSettings(path="stacks/app", **case.get("settings", {}))
    found = identity(settings, here, "app", "staging", Reader())
    assert found == case["expect"]
    assert "hidden" not in found


def test_published_outputs_and_when_they_cannot_be_told(tmp_path: Path) -> None:
    settings = OpenTofuSettings(path="s")
    here = tree(tmp_path, {"s/main.tf": 'output "a" { value = 1 }', "s/b.tf.json": '{"output": {"b": {"value": 1}}}'})
    assert published(settings, here, Reader()) == {"a", "b"}
    here = tree(tmp_path, {"s/main.tf": 'output "a" { value = '})
    assert published(settings, here, Reader()) is None
