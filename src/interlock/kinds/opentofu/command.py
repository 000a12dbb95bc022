"""Argument lists and environments for the tool, built and not run. No value of a variable or backend ever stands in an argument list.

Both programs take the same arguments. `-json` on plan and apply gives one message a line, with diagnostics and the progress of each
resource as data; nothing is ever read out of prose.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

from interlock.world import StateAddress

Argv = list[str | Path]

LOCK_TIMEOUT = "-lock-timeout=60s"
_NEVER = ("TF_CLI_ARGS", "TF_LOG", "TF_WORKSPACE", "TF_DATA_DIR")


def environment(
    base: Mapping[str, str], *, data: Path, workspace: str = "default", state: StateAddress | None = None
) -> dict[str, str]:
    """The environment of every command: `base` without what would bend our arguments, and where data, workspace and state are.

    TF_WORKSPACE rather than `workspace select`: it costs no start of the tool, and `init` makes a workspace that is not there.
    """
    kept = {name: value for name, value in base.items() if not name.startswith(_NEVER)}
    kept |= {"CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1", "TF_INPUT": "0", "TF_DATA_DIR": str(data)}
    if workspace != "default":
        kept["TF_WORKSPACE"] = workspace
    if state:
        kept |= {
            "TF_HTTP_ADDRESS": state.url,
            "TF_HTTP_LOCK_ADDRESS": state.url,
            "TF_HTTP_UNLOCK_ADDRESS": state.url,
            "TF_HTTP_USERNAME": state.username,
            "TF_HTTP_PASSWORD": state.password,
            # The store is this process: waiting a second between tries would only make a refusal slow.
            "TF_HTTP_RETRY_MAX": "0",
        }
    return kept


def init(
    tool: Path,
    *,
    backend_file: Path | None = None,
    readonly: bool = False,
    backend: bool = True,
    var_files: Sequence[str | Path] = (),
) -> Argv:
    argv: Argv = [tool, "init", "-input=false", "-no-color"]
    if not backend:
        argv.append("-backend=false")
    elif backend_file:
        argv += ["-reconfigure", f"-backend-config={backend_file}"]
    else:
        argv.append("-reconfigure")  # the data folder is ours: an older backend in it is nothing to migrate from
    if readonly:
        argv.append("-lockfile=readonly")
    return argv + [f"-var-file={file}" for file in var_files]


def plan(
    tool: Path, *, out: Path, var_files: Sequence[str | Path] = (), destroy: bool = False, lock: bool = True
) -> Argv:
    argv: Argv = [tool, "plan", "-input=false", "-no-color", "-json", "-detailed-exitcode", f"-out={out}"]
    argv.append(LOCK_TIMEOUT if lock else "-lock=false")
    if destroy:
        argv.append("-destroy")
    return argv + [f"-var-file={file}" for file in var_files]


def show(tool: Path, plan_file: Path) -> Argv:
    return [tool, "show", "-json", "-no-color", plan_file]


def apply(tool: Path, plan_file: Path, *, var_files: Sequence[str | Path] = ()) -> Argv:
    """`var_files` only for ephemeral variables: every other value is in the plan."""
    argv: Argv = [tool, "apply", "-input=false", "-no-color", "-json", LOCK_TIMEOUT]
    return [*argv, *(f"-var-file={file}" for file in var_files), plan_file]


def state_pull(tool: Path) -> Argv:
    return [tool, "state", "pull"]


def output(tool: Path) -> Argv:
    return [tool, "output", "-json", "-no-color"]


def validate(tool: Path) -> Argv:
    return [tool, "validate", "-json", "-no-color"]


def fmt(tool: Path, folder: Path) -> Argv:
    return [tool, "fmt", "-check", "-diff", "-recursive", "-no-color", folder]
