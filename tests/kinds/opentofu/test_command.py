"""Argument lists and environments: no value ever in an argument list, nothing ambient that bends it."""

from pathlib import Path

from interlock.kinds.opentofu import command
from interlock.world import StateAddress

TOFU = Path("/opt/tofu")


def test_plan() -> None:
    assert command.plan(TOFU, out=Path("/w/plan"), var_files=["a.tfvars", Path("/w/in.json")]) == [
        TOFU,
        "plan",
        "-input=false",
        "-no-color",
        "-json",
        "-detailed-exitcode",
        "-out=/w/plan",
        "-lock-timeout=60s",
        "-var-file=a.tfvars",
        "-var-file=/w/in.json",
    ]
    assert command.plan(TOFU, out=Path("p"), lock=False, destroy=True)[-2:] == ["-lock=false", "-destroy"]


def test_apply_takes_the_plan_and_nothing_else() -> None:
    assert command.apply(TOFU, Path("/w/plan")) == [
        TOFU, "apply", "-input=false", "-no-color", "-json", "-lock-timeout=60s", Path("/w/plan"),
    ]  # fmt: skip


def test_init() -> None:
    assert command.init(TOFU)[1:] == ["init", "-input=false", "-no-color", "-reconfigure"]
    assert command.init(TOFU, readonly=True, backend=False)[3:] == ["-no-color", "-backend=false", "-lockfile=readonly"]
    assert "-backend-config=/w/backend.json" in command.init(TOFU, backend_file=Path("/w/backend.json"))


def test_the_environment_says_where_data_and_state_are_and_nothing_ambient_bends_it() -> None:
    ambient = {
        "PATH": "/bin",
        "TF_CLI_ARGS": "-destroy",
        "TF_CLI_ARGS_plan": "-target=x",
        "TF_LOG": "trace",
        "TF_WORKSPACE": "other",
        "TF_DATA_DIR": "/elsewhere",
        "TF_CLI_CONFIG_FILE": "/etc/rc",
        "TF_TOKEN_example_com": "t",
    }
    address = StateAddress("http://127.0.0.1:1/state", "run", "once")
    found = command.environment(ambient, data=Path("/w/data"), workspace="blue", state=address)
    assert {k: v for k, v in found.items() if k not in ("PATH", "TF_CLI_CONFIG_FILE", "TF_TOKEN_example_com")} == {
        "CHECKPOINT_DISABLE": "1",
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "TF_DATA_DIR": "/w/data",
        "TF_WORKSPACE": "blue",
        "TF_HTTP_ADDRESS": address.url,
        "TF_HTTP_LOCK_ADDRESS": address.url,
        "TF_HTTP_UNLOCK_ADDRESS": address.url,
        "TF_HTTP_USERNAME": "run",
        "TF_HTTP_PASSWORD": "once",
        "TF_HTTP_RETRY_MAX": "0",
    }
    assert "TF_WORKSPACE" not in command.environment(ambient, data=Path("d"))
