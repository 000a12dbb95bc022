"""A lab cloud to try things with, in a terminal of its own: `script/lab FOLDER`. It runs until Ctrl-C and keeps its contents in FOLDER.

FOLDER/env.sh is the environment for the other terminal: the tools on PATH, the provider's mirror, the lab cloud's address and token, and
a home of Interlock's in FOLDER, so that trying leaves no trace elsewhere.
"""

import argparse
import os
import shlex
import signal
import sys
import threading
from collections.abc import Mapping
from pathlib import Path

from interlock.testing import tools
from interlock.testing.labcloud import LabCloud
from interlock.testing.labcloud.tokens import DEFAULT_VALUE


def surroundings(found: tools.Tools, folder: Path, url: str) -> dict[str, str]:
    """What the shell of somebody who tries things needs beyond its own environment. PATH is complete."""
    return {
        "PATH": os.pathsep.join(
            [str(found.tofu.parent), str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)]
        ),
        "INTERLOCK_HOME": str(folder / "home"),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "TF_CLI_CONFIG_FILE": str(tools.cli_config(found, folder)),
        "LAB_URL": url,
    }


def write_environment(path: Path, environment: Mapping[str, str]) -> None:
    """As a file to be sourced; only its owner may read it, for it may hold tokens."""
    lines = ["# The environment to look around in: source this file."]
    for name, value in environment.items():
        shown = shlex.quote(value)
        if name == "PATH":
            shown = f'{shlex.quote(os.pathsep.join(value.split(os.pathsep)[:2]))}:"$PATH"'
        lines.append(f"export {name}={shown}")
    path.touch(mode=0o600)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(prog="script/lab", description="Runs a lab cloud until Ctrl-C.")
    parser.add_argument("folder", type=Path, help="keeps the lab cloud's contents and env.sh")
    folder: Path = parser.parse_args().folder.resolve()
    try:
        found = tools.find_tools(allow_path=True)
    except tools.ToolsMissing as missing:
        sys.stderr.write(f"lab: {missing}\n")
        return 1
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    folder.mkdir(parents=True, exist_ok=True)
    with LabCloud(folder / "lab") as cloud:
        write_environment(folder / "env.sh", surroundings(found, folder, cloud.url) | {"LAB_TOKEN": DEFAULT_VALUE})
        sys.stdout.write(f"The lab cloud answers at {cloud.url}. In another terminal: . {folder}/env.sh\n")
        sys.stdout.flush()
        stopped.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
