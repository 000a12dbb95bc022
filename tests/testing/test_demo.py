"""The demo ends well, and what it tells people to try afterwards works."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = [pytest.mark.tools, pytest.mark.slow, pytest.mark.timeout(900)]


def test_the_demo_and_what_it_leaves(tmp_path: Path) -> None:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("INTERLOCK_", "GIT_", "LAB_"))}
    argv = [sys.executable, "-m", "interlock.testing.demo"]
    told = subprocess.run(
        argv, env={**kept, "TMPDIR": str(tmp_path)}, stdin=subprocess.DEVNULL, capture_output=True, text=True
    )
    assert told.returncode == 0, told.stdout[-4000:] + told.stderr
    assert max(map(len, re.sub(r"/\S+", "", told.stdout).splitlines())) <= 110

    enter, *commands = re.findall(
        r"^  (cd .*|interlock \S.*?)(?:  .*)?$", told.stdout.partition("Look around:")[2], re.MULTILINE
    )
    assert len(commands) == 3
    enter, _, start = enter.partition(" && { ")
    with subprocess.Popen(
        ["bash", "-c", f"{enter} && exec {start.strip(' }&')}"], stdout=subprocess.PIPE, env=kept
    ) as lab:
        try:
            assert lab.stdout is not None
            assert lab.stdout.readline().startswith(b"http://127.0.0.1:")
            for command in commands:
                tried = subprocess.run(
                    ["bash", "-c", f"{enter} && {command}"], env=kept, capture_output=True, text=True
                )
                assert tried.returncode == 0, f"{command}: {tried.stdout[-2000:]}{tried.stderr[-2000:]}"
                assert "Traceback" not in tried.stderr
        finally:
            lab.terminate()
    deadline = time.monotonic() + 10
    while lab.poll() is None and time.monotonic() < deadline:
        time.sleep(0.05)
    assert lab.returncode == 0
