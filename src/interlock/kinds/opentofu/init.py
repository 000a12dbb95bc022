"""Kept init: what `tofu init` made is used again as long as nothing that it depends on has changed.

A slot is a folder (TF_DATA_DIR) with a marker written last; a slot without its marker was begun and not ended, and is made anew. The key
in the marker is a digest of the program, the lock file, the fingerprint of the configuration (module calls and sources, providers,
backend) and the backend's values. A few slots are kept, so that speculative plans of another revision do not cost the deployed one its init.

Where the repository has no lock file, the one that init wrote is kept beside the slots and put back next time, so that providers do not
move by themselves from one run to the next. Where it has one, `-lockfile=readonly` keeps init from changing it.
"""

import json
import os
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from interlock.kinds.opentofu import command
from interlock.kinds.opentofu.artifact import LOCK_FILE
from interlock.kinds.opentofu.tool import Program
from interlock.model.digest import canonical, sha256
from interlock.model.errors import ToolFailed
from interlock.world import World

SLOTS = 3
MARKER = "complete.json"


@dataclass(frozen=True)
class Initialised:
    """`data` goes into TF_DATA_DIR. `forget` drops the marker: after a failure that a fresh init might mend."""

    data: Path
    kept: bool
    forget: Callable[[], None]


def ensure(
    *,
    what: str,
    program: Program,
    stack: Path,
    keep: Path,
    scratch: Path,
    fingerprint: str,
    backend_config: Mapping[str, str | bool | int],
    environ: Callable[[Path], Mapping[str, str]],
    world: World,
    backend: bool = True,
    variables: tuple[Mapping[str, Any], Sequence[str]] | None = None,
) -> Initialised:
    """`keep` is the folder of the slots, `environ` gives the environment for a data folder. Raises ToolFailed, Cancelled, TimedOut.

    `variables` (values, files) only where a module's source or the backend is an expression. On return `stack` has the lock file that the
    providers were chosen by.
    """
    keep.mkdir(parents=True, exist_ok=True, mode=0o700)
    lock, kept_lock = stack / LOCK_FILE, keep / "lock.hcl"
    given = lock.exists()
    if not given and kept_lock.exists():
        shutil.copyfile(kept_lock, lock)

    def key() -> str:
        content = lock.read_bytes() if lock.exists() else b""
        return sha256(
            canonical(
                [
                    str(program.path),
                    str(program.version),
                    sha256(content),
                    fingerprint,
                    dict(backend_config),
                    backend,
                    str(stack),
                ]
            )
        )

    slots = [keep / f"init-{number}" for number in range(SLOTS)]
    wanted = key()
    for slot in slots:
        if _key_of(slot) == wanted and _whole(slot / "data"):
            os.utime(slot / MARKER)
            return Initialised(slot / "data", True, partial((slot / MARKER).unlink, missing_ok=True))

    slot = min(slots, key=lambda one: (one / MARKER).stat().st_mtime if (one / MARKER).exists() else 0.0)
    (slot / MARKER).unlink(missing_ok=True)
    shutil.rmtree(slot, ignore_errors=True)
    slot.mkdir(mode=0o700)
    backend_file = None
    if backend and backend_config:
        backend_file = scratch / "backend.tfbackend.json"
        write_private(backend_file, json.dumps(dict(backend_config)).encode())
    var_files: list[str | Path] = []
    if variables:
        var_files = [*variables[1], scratch / "init.tfvars.json"]
        write_private(scratch / "init.tfvars.json", json.dumps(dict(variables[0])).encode())
    world.log(f"init of {what}")
    done = world.proc.run(
        command.init(program.path, backend_file=backend_file, readonly=given, backend=backend, var_files=var_files),
        what=f"init of {what}",
        cwd=stack,
        environ=environ(slot / "data"),
        accept=(0, 1),
    )
    if done.exit_code != 0:
        output = world.secrets.redact(f"{done.stderr}\n{done.stdout}".strip())
        raise ToolFailed(f"init of {what} failed", exit_code=done.exit_code, output=output[-8000:], slug="init-failed")
    if not given and lock.exists():
        write_private(kept_lock, lock.read_bytes())
    (slot / "data").mkdir(exist_ok=True)  # a stack without backend, modules and providers has nothing to keep
    write_private(slot / MARKER, json.dumps({"key": key(), "at": time.time()}).encode(), durable=True)
    return Initialised(slot / "data", False, partial((slot / MARKER).unlink, missing_ok=True))


def write_private(path: Path, data: bytes, *, durable: bool = False) -> None:
    """Whole or not at all, and for this user alone from the first byte; `durable`: even if the power goes."""
    draft = path.with_name(f"{path.name}.{os.getpid()}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(data)
        file.flush()
        if durable:
            os.fsync(file.fileno())
    os.replace(draft, path)


def _key_of(slot: Path) -> str | None:
    try:
        return str(json.loads((slot / MARKER).read_bytes())["key"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _whole(data: Path) -> bool:
    """Providers may be links into a mirror or cache that was emptied since."""
    return data.is_dir() and all(
        (Path(folder) / name).exists()
        for folder, folders, files in os.walk(data / "providers")
        for name in [*folders, *files]
    )
