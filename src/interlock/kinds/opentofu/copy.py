"""A working copy of a tree, kept between runs: only what differs is written, what is gone is removed, what a tool made there stays."""

import filecmp
import os
import shutil
from pathlib import Path

from interlock.kinds.opentofu.artifact import LOCK_FILE

_NOT_OURS = frozenset({".git", ".terraform"})


def synchronise(source: Path, target: Path) -> None:
    """Make `target` hold the files of `source`; links are copied as links. A lock file that `source` does not have is left in `target`."""
    target.mkdir(parents=True, exist_ok=True)
    wanted = {entry.name: entry for entry in os.scandir(source) if entry.name not in _NOT_OURS}
    for entry in os.scandir(target):
        same = entry.name in wanted and _kind(entry) == _kind(wanted[entry.name])
        if not same and entry.name != LOCK_FILE:
            shutil.rmtree(entry.path) if entry.is_dir(follow_symlinks=False) else os.unlink(entry.path)
    for name, entry in sorted(wanted.items()):
        to = target / name
        if entry.is_symlink():
            if not to.is_symlink() or os.readlink(to) != os.readlink(entry.path):
                to.unlink(missing_ok=True)
                os.symlink(os.readlink(entry.path), to)
        elif entry.is_dir():
            synchronise(Path(entry.path), to)
        elif not to.exists() or not filecmp.cmp(entry.path, to, shallow=False):
            shutil.copyfile(entry.path, to)


def _kind(entry: os.DirEntry[str]) -> str:
    return "link" if entry.is_symlink() else "folder" if entry.is_dir() else "file"
