"""`interlock validate`: everything wrong at once, in a fresh clone, without a trace outside of the cache."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from .conftest import COMPONENTS, PROGRAM, Desk

pytestmark = pytest.mark.slow  # each runs the real program several times


def test_a_valid_repository_is_valid_and_nothing_is_made_but_the_cache(desk: Desk) -> None:
    before = desk.files(desk.root)
    done = desk.run("validate").expect(0)
    assert done.out == "Valid: 1 component in staging, production\n"
    assert desk.files(desk.root) == before
    assert not desk.home.exists()
    assert {path.name for path in desk.user.iterdir()} == {".gitconfig", ".cache"}
    document = desk.run("validate", "--json").expect(0).json
    assert document["valid"] is True
    assert (document["type"], document["version"]) == ("validate", 1)
    assert document["checked"] == ["command"]


def test_every_problem_is_shown_with_its_line(desk: Desk) -> None:
    desk.write(
        "interlock.yaml",
        "components:\n  site:\n    kind: comand\n    path: site\n  other:\n    kind: command\n    path: nowhere\n    apply: [x]\n    artefacts: {}\n",
    )
    done = desk.run("validate").expect(78)
    assert "interlock.yaml:3:11: error:" in done.out
    assert "    3 │     kind: comand\n" in done.out
    assert "did you mean 'command'?" in done.out
    assert "interlock.yaml:9:5" in done.out
    assert done.out.rstrip().endswith("errors")
    document = desk.run("validate", "--json").expect(78).json
    assert document["valid"] is False
    assert document["checked"] == []
    assert {problem["line"] for problem in document["problems"]} >= {3, 9}


def test_a_kinds_own_check_counts(desk: Desk) -> None:
    script = desk.write("site/check.py", "import sys\nsys.exit('the page is empty')\n")
    desk.write(
        "interlock.yaml",
        "components:\n  site:\n    kind: command\n    path: site\n    apply: [cp, a, b]\n    artifacts: {b: b}\n"
        f"    check: [{sys.executable}, {script.name}]\n",
    )
    done = desk.run("validate").expect(78)
    assert "the page is empty" in done.out
    assert "interlock.yaml:2:3" in done.out
    assert desk.run("validate", "--at", "HEAD").expect(0).out.startswith("Valid")  # the commit has no check yet


def test_a_check_that_cannot_be_made_is_no_success(desk: Desk) -> None:
    desk.write("stack/main.tf", 'output "id" {\n  value = 1\n}\n')
    desk.write("interlock.yaml", "components:\n  stack: {kind: opentofu, path: stack}\n")
    done = desk.run("validate", PATH="/nonexistent").expect(78)
    assert "check of kind opentofu did not end" in done.out
    assert "interlock.yaml:2:3" in done.out


@pytest.mark.parametrize(
    ("name", "text", "said"),
    [
        ("organization.yaml", "organization: {name: acme\n", "organization.yaml:"),
        ("organization.yaml", "", "organization.yaml"),
        ("interlock.yaml", "components: [\n", "interlock.yaml:"),
        ("interlock.yaml", "components:\n\tsite: {}\n", "interlock.yaml:2"),
    ],
)
def test_broken_files(desk: Desk, name: str, text: str, said: str) -> None:
    desk.write(name, text)
    assert said in desk.run("validate").expect(78).out


def test_a_missing_file_is_a_problem_of_the_configuration(desk: Desk) -> None:
    (desk.root / "organization.yaml").unlink()
    (desk.root / "interlock.yaml").unlink()
    done = desk.run("validate").expect(78)
    assert "there is no organization.yaml" in done.out
    assert "there is no interlock.yaml" in done.out


def test_before_the_first_commit(bare: Desk) -> None:
    assert "there is no organization.yaml" in bare.run("validate").expect(78).out


def test_outside_of_a_repository(bare: Desk, tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    done = bare.run("validate", cwd=outside).expect(64)
    assert "is not in a Git repository" in done.err
    assert bare.run("validate", "--json", cwd=outside).expect(64).json["slug"] == "no-repository"
    assert bare.run("validate", "-C", str(outside / "none")).expect(64).out == ""


def test_links_that_lead_out_are_left_out(desk: Desk) -> None:
    (desk.root / "out").symlink_to("/etc/passwd")
    (desk.root / "up").symlink_to("../user/.gitconfig")
    (desk.root / "round").symlink_to("round")
    desk.run("validate").expect(0)
    kept = {path.name for path in (desk.user / ".cache").rglob("*")}
    assert "site" in kept
    assert not kept & {"out", "up", "round"}


def test_wrong_usage(desk: Desk) -> None:
    assert "takes no argument 'site'" in desk.run("validate", "site").expect(64).err
    assert "No such option" in desk.run("validate", "--nope").expect(64).err
    assert "no branch, tag or commit is named 'nope'" in desk.run("validate", "--at", "nope").expect(64).err
    assert "did you mean 'interlock.yaml'?" in desk.run("validate", "--schema", "interlok").expect(64).err


def test_an_unwritable_cache_is_told(desk: Desk) -> None:
    (desk.user / ".cache").write_text("")
    done = desk.run("validate").expect(1)
    assert "cannot be made" in done.err
    assert "XDG_CACHE_HOME" in done.err


def test_schemas(desk: Desk) -> None:
    both = desk.run("validate", "--schema", cwd=desk.folder).expect(0).json
    assert set(both) == {"organization.yaml", "interlock.yaml"}
    one = desk.run("validate", "--schema", "interlock", cwd=desk.folder).expect(0).json
    assert one == both["interlock.yaml"]
    assert "command" in str(one)


@pytest.mark.tools
def test_an_opentofu_repository(desk: Desk) -> None:
    from interlock.testing.tools import find_tools

    tofu = str(find_tools(allow_path=True).tofu)
    desk.write("stack/main.tf", 'output "id" {\n  value = 1\n}\n')
    desk.write("unused/main.tf", 'output "id" {\n  value = var.missing\n}\n')
    desk.write("interlock.yaml", "components:\n  stack: {kind: opentofu, path: stack}\n")
    done = desk.run("validate", INTERLOCK_TOFU=tofu).expect(78)
    assert "unused/main.tf:2:11: error:" in done.out
    desk.write("unused/main.tf", 'output "id" {\n  value =  1\n}\n')
    assert "not formatted" in desk.run("validate", INTERLOCK_TOFU=tofu).expect(78).out
    desk.write("unused/main.tf", 'output "id" {\n  value = 1\n}\n')
    desk.run("validate", INTERLOCK_TOFU=tofu).expect(0)


def slow_check(desk: Desk, seconds: int) -> None:
    desk.write("site/check.py", f"import time\nprint('begun', flush=True)\ntime.sleep({seconds})\n")
    desk.write("interlock.yaml", COMPONENTS + f"    check: [{sys.executable}, check.py]\n")


def test_two_at_once_take_turns(desk: Desk) -> None:
    slow_check(desk, 1)
    both = [subprocess.Popen([PROGRAM, "validate"], cwd=desk.root, env=desk.environ()) for _ in range(2)]
    assert [process.wait(60) for process in both] == [0, 0]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_check_that_runs(desk: Desk, number: signal.Signals) -> None:
    slow_check(desk, 300)
    process = subprocess.Popen(
        [PROGRAM, "validate", "--json"], cwd=desk.root, env=desk.environ(), stdout=subprocess.PIPE, text=True
    )
    work = desk.user / ".cache/interlock"
    while not list(work.rglob("check.py")) or not _running():
        assert process.poll() is None
        time.sleep(0.05)
    process.send_signal(number)
    out, _ = process.communicate(timeout=30)
    assert process.returncode == 130
    assert json.loads(out)["slug"] == "cancelled"


def _running() -> bool:
    """Does the check run?"""
    found = subprocess.run(["ps", "-eo", "args"], capture_output=True, text=True, check=True).stdout
    return any(line.endswith(f"{sys.executable} check.py") for line in found.splitlines())
