"""`interlock init`: both files or none, never over what is there, and what it writes is valid."""

import subprocess

import pytest

from .conftest import PROGRAM, Desk

pytestmark = pytest.mark.slow  # each runs the real program several times

STACK = 'variable "size" {\n  type    = number\n  default = 1\n}\n'
BACKEND = 'terraform {\n  backend "s3" {\n    bucket = "b"\n    key    = "k"\n    region = "r"\n  }\n}\n'


def test_stacks_become_components(bare: Desk) -> None:
    bare.write("stacks/network/main.tf", STACK + 'resource "terraform_data" "x" {}\n')
    bare.write("stacks/network/staging.tfvars", "size = 1\n")
    bare.write("stacks/network/prod.tfvars", "size = 2\n")
    bare.write("stacks/app/main.tf", BACKEND + 'module "m" {\n  source = "../../modules/m"\n}\n')
    bare.write("modules/m/main.tf", STACK)
    shown = bare.run("init", "--print").expect(0).out
    assert not (bare.root / "organization.yaml").exists()
    done = bare.run("init").expect(0)
    assert "network" in done.err
    assert "modules/m" not in done.err
    for name in ("organization.yaml", "interlock.yaml"):
        text = (bare.root / name).read_text()
        assert text in shown
        assert (bare.root / name).stat().st_mode & 0o777 == 0o644
    assert {path.name for path in bare.root.iterdir()} == {
        ".git",
        "stacks",
        "modules",
        "organization.yaml",
        "interlock.yaml",
    }
    bare.commit()
    document = bare.run("affected", "--json").expect(0).json
    assert {(p["environment"], p["component"]) for p in document["pairs"]} == {
        (environment, component) for environment in ("staging", "prod") for component in ("network", "app")
    }


@pytest.mark.tools
def test_what_it_writes_is_valid(bare: Desk) -> None:
    from interlock.testing.tools import find_tools

    bare.write("network/main.tf", STACK + '\nresource "terraform_data" "x" {}\n')
    bare.write("network/staging.tfvars", "size = 1\n")
    bare.run("init", "--name", "ACME & Sons").expect(0)
    bare.run("validate", INTERLOCK_TOFU=str(find_tools(allow_path=True).tofu)).expect(0)


def test_no_stack_is_no_error(bare: Desk) -> None:
    done = bare.run("init", "--json").expect(0).json
    assert done["stacks"] == []
    assert done["written"] is True
    assert bare.run("validate").expect(0).out.startswith("Valid: no component")


@pytest.mark.parametrize("name", ["organization.yaml", "interlock.yaml"])
def test_nothing_is_overwritten(bare: Desk, name: str) -> None:
    bare.write(name, "mine: true\n")
    done = bare.run("init").expect(64)
    assert name in done.err
    assert (bare.root / name).read_text() == "mine: true\n"
    assert {path.name for path in bare.root.iterdir()} == {".git", name}
    assert bare.run("init", "--print").expect(0).out.startswith("# --- organization.yaml")
    assert "No such option" in bare.run("init", "--force").expect(64).err


def test_a_dangling_link_counts_as_there(bare: Desk) -> None:
    (bare.root / "interlock.yaml").symlink_to("elsewhere.yaml")
    bare.run("init").expect(64)
    assert not (bare.root / "elsewhere.yaml").exists()
    assert not (bare.root / "organization.yaml").exists()


def test_of_several_at_once_one_writes(bare: Desk) -> None:
    """Whoever comes second is refused, and takes nothing of the first's away."""
    begun = [
        subprocess.Popen([PROGRAM, "init", "--name", f"n{n}"], cwd=bare.root, env=bare.environ()) for n in range(4)
    ]
    codes = sorted(process.wait(60) for process in begun)
    assert codes == [0, 64, 64, 64]
    assert {path.name for path in bare.root.iterdir()} == {".git", "organization.yaml", "interlock.yaml"}
    bare.run("validate").expect(0)
