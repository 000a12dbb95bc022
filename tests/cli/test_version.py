"""`interlock --version` needs no repository and no verb."""

import subprocess
import sys
from pathlib import Path

from interlock import __version__


def test_version_is_told_outside_of_any_repository(tmp_path: Path) -> None:
    program = Path(sys.executable).parent / "interlock"
    done = subprocess.run([program, "--version"], cwd=tmp_path, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"interlock {__version__}\n", "")
