"""Which modules a stack reaches, asked of the real tool: the same folders as ours, for every case it can answer without a network."""

import json
import posixpath
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from interlock.kinds.opentofu.calls import reach
from interlock.kinds.opentofu.reader import Reader
from interlock.kinds.opentofu.text import normal
from interlock.testing.tools import cli_config, find_tools, quiet
from interlock.world.folder import folder_tree

CASES: dict[str, Any] = yaml.safe_load((Path(__file__).parent / "cases/sources.yaml").read_text())
#: Remote modules, modules that call each other, variables without a value, another tool's view, what cannot be parsed: the tool refuses or asks a network.
REFUSED = (
    "module three levels",
    "modules that call",
    "that only a run",
    "of which nothing is known",
    "cannot be parsed",
    "terraform",
    "a path that",
    "a name that",
)
USABLE = [name for name, case in CASES.items() if "error" not in case and not any(word in name for word in REFUSED)]

pytestmark = pytest.mark.tools


@pytest.mark.parametrize("name", [*USABLE, "local chain"])
def test_the_tool_reaches_the_same_modules(name: str, tmp_path: Path) -> None:
    case = CASES.get(name) or CHAIN
    root = tmp_path / "root"
    for path, text in case["files"].items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    for path, target in case.get("links", {}).items():
        (root / path).symlink_to(target)
    folder = case["settings"]["path"]
    called, unresolved = reach(Reader().survey(folder_tree(root)), normal(folder), "tofu")
    assert not unresolved
    tools = find_tools()
    environ = {
        "PATH": "/usr/bin:/bin",
        "HOME": str(tmp_path),
        "TF_CLI_CONFIG_FILE": str(cli_config(tools, tmp_path)),
        **quiet(),
    }
    subprocess.run([tools.tofu, "get", "-no-color"], cwd=root / folder, env=environ, check=True, capture_output=True)
    kept = root / folder / ".terraform/modules/modules.json"
    listed = json.loads(kept.read_text())["Modules"] if kept.exists() else [{"Dir": "."}]
    assert {item.module.real for item in called} == {normal(posixpath.join(folder, m["Dir"])) for m in listed}


CHAIN = {
    "files": {
        "stacks/app/main.tf": 'module "service" { source = "../../modules/service" }\nmodule "o" { source = "../../modules/other/" }\n',
        "modules/service/main.tf": 'module "base" { source = "../base" }\n',
        "modules/other/main.tf": 'module "base" { source = "../base" }\n',
        "modules/base/main.tf": 'module "leaf" { source = "./leaf" }\n',
        "modules/base/leaf/main.tf": "",
        "modules/unused/main.tf": "",
    },
    "settings": {"path": "stacks/app"},
}
