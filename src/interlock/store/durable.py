"""Small files that survive a crash and a power cut: written aside, fsynced, moved into place, the folder fsynced."""

import contextlib
import os
import secrets
from pathlib import Path

from interlock.model.errors import Permanent, Unavailable


def make_folder(path: Path) -> None:
    """The folder and its missing parents, each 0700. Raises Permanent."""
    try:
        missing = [p for p in (path, *path.parents) if not p.exists()]
        for folder in reversed(missing):
            with contextlib.suppress(FileExistsError):
                folder.mkdir(mode=0o700)
        if not path.is_dir():
            raise NotADirectoryError(20, "a file stands in its place")
    except OSError as error:
        raise Permanent(
            f"the folder {path} cannot be made: {error.strerror}",
            hint="check its parent's owner and mode, or set INTERLOCK_HOME",
            slug="folder-unwritable",
        ) from error


def replace(path: Path, data: bytes, *, sync: bool = True) -> None:
    """`path` holds `data` (0600), wholly or not at all. Without `sync` a power cut may bring the old content back."""
    beside = _write_beside(path, data, sync=sync)
    try:
        os.replace(beside, path)
    except OSError as error:
        _forget(beside)
        raise _failed(path, error) from error
    if sync:
        sync_folder(path.parent)


def create_once(path: Path, data: bytes) -> bool:
    """As `replace`, but the first of all processes wins; False when `path` was there already."""
    if path.exists():
        return False
    beside = _write_beside(path, data, sync=True)
    try:
        os.link(beside, path)
    except FileExistsError:
        return False
    except OSError as error:
        raise _failed(path, error) from error
    finally:
        _forget(beside)
    sync_folder(path.parent)
    return True


def sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _write_beside(path: Path, data: bytes, *, sync: bool) -> Path:
    beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            if sync:
                os.fsync(descriptor)
    except OSError as error:
        _forget(beside)
        raise _failed(path, error) from error
    return beside


def _forget(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _failed(path: Path, error: OSError) -> Unavailable:
    return Unavailable(
        f"{path} cannot be written: {error.strerror}",
        hint="check its folder's free space, owner and mode",
        slug="file-unwritable",
    )
