"""What went into a build, as digests: the files of the closure, the inputs, the files of dependencies.

The path of a dependency's file says nothing about its content and differs between machines, so wherever such a path stands in an input, the
file's digest stands in for it: the same bytes are the same input, other bytes are another.
"""

import hashlib
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from interlock.model.digest import canonical, sha256
from interlock.model.plan import substitute


def of_source(root: Path) -> str:
    """SHA-256 over every file's path, executable bit and content (a link's target), sorted by path."""
    entries: list[list[str]] = []
    for folder, folders, names in os.walk(root):
        folders.sort()
        for name in [*names, *(f for f in folders if (Path(folder) / f).is_symlink())]:
            path = Path(folder) / name
            where = path.relative_to(root).as_posix()
            if path.is_symlink():
                entries.append([where, "link", os.readlink(path)])
            else:
                entries.append([where, "x" if os.access(path, os.X_OK) else "-", _of_file(path)])
    return sha256(canonical(sorted(entries)))


def inputs_value(variables: Mapping[str, Any], artifacts: Mapping[str, Path]) -> Any:
    """The inputs as JSON that is equal exactly when a build would be told the same. In clear: only ever give it to a keyed digest."""
    value: Any = dict(variables)
    digests = {reference: _of_file(path) for reference, path in sorted(artifacts.items())}
    for reference, path in sorted(artifacts.items(), key=lambda item: -len(str(item[1]))):
        value = substitute(value, str(path), f"sha256:{digests[reference]}")
    return {"variables": value, "artifacts": digests}


def _of_file(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
