"""Every command of the tutorial is run, in order, by one shell, as a reader would. `# exits with N` names another exit code than 0."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

TUTORIAL = Path(__file__).parents[2] / "docs" / "tutorial.md"
EXITS = re.compile(r"^(?P<command>\S.*?)\s+# exits with (?P<code>\d+)$")


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Path]:
    """The reader's home folder, with the lab cloud of section 1 running."""
    folder = tmp_path / "interlock-tutorial"
    argv = [sys.executable, "-m", "interlock.testing.demo.lab", str(folder)]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            assert "The lab cloud answers" in process.stdout.readline()
            yield tmp_path
        finally:
            process.send_signal(signal.SIGTERM)


@pytest.mark.tools
def test_every_command_does_what_the_tutorial_says(lab: Path) -> None:
    text = TUTORIAL.read_text(encoding="utf-8")
    blocks = re.findall(r"^```sh\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert len(blocks) >= 8
    script = "\n".join(["set -eu", '. "$HOME/interlock-tutorial/env.sh"', *map(expecting, blocks), "echo THE END"])
    kept = {
        name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "TF_", "INTERLOCK_", "CI"))
    }
    done = subprocess.run(
        ["bash", "-c", script],
        env={**kept, "HOME": str(lab)},
        cwd=lab,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    assert done.stdout.endswith("THE END\n"), done.stdout[-6000:]
    assert "left out: nothing it reads changed" in done.stdout  # section 5: only the app is affected
    assert "changed outside" in done.stdout  # section 6
    assert "Intact" in done.stdout  # section 8


def expecting(block: str) -> str:
    """The block with each `# exits with N` turned into a test of that."""
    lines = []
    for line in block.splitlines():
        lines.append(line)
        if found := EXITS.match(line):
            code = found["code"]
            lines[-1] = (
                f'code=0; {found["command"]} || code=$?; [ $code = {code} ] || {{ echo "$code, not {code}"; exit 9; }}'
            )
    return "\n".join(lines)
