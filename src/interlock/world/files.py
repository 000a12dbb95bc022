"""Writing files: whole or not at all, and folders that hold exactly what they should."""

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Collection, Iterator
from pathlib import Path

from interlock.model.errors import InterlockError, Permanent, Unavailable
from interlock.world.closure import LINK, Files, check, pack, pack_files, unpack
from interlock.world.lock import FileLock

__all__ = ["FileLock", "Files", "atomic_write", "materialise", "pack", "pack_files", "unpack"]


def materialise(files: Files | bytes, folder: Path, *, keep: Collection[str] = ()) -> tuple[str, ...]:
    """Make `folder` hold exactly `files` (or those of a packed closure); returns the paths written or removed, sorted.

    What is right already is not touched, so that tools which look at times see no change. What else is there is removed, except files and
    folders of a name in `keep` at any depth. Files are 0644 or 0755, as in a clone; only the folder itself is 0700. Never writes through a
    symlink. Raises ArtifactMismatch (paths or links that lead out; nothing is written then), Unavailable (`disk-full`), Permanent.
    """
    wanted = unpack(files) if isinstance(files, bytes) else dict(files)
    check(wanted)
    touched: list[str] = []
    folders = {parent for path in wanted for parent in _parents(path)}
    with _told(folder):
        _make_folder(folder, 0o700)
        _clear(folder, "", wanted, folders, frozenset(keep), touched)
        for name in sorted(folders):
            _make_folder(folder / name, 0o755)
        for path, (data, mode) in sorted(wanted.items()):
            if not _is(folder / path, data, mode):
                _write(folder / path, data, mode)
                touched.append(path)
    return tuple(sorted(touched))


def atomic_write(path: Path, data: bytes, mode: int = 0o600) -> None:
    """Replace the file at `path`; after a crash it holds the old bytes or the new. Raises Unavailable (`disk-full`), Permanent (`cannot-write`)."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    with _told(path):
        try:
            descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
            with open(descriptor, "wb") as file:
                os.fchmod(descriptor, mode)  # whatever the umask
                file.write(data)
                file.flush()
                os.fsync(descriptor)
            os.replace(beside, path)
        except BaseException:
            with contextlib.suppress(OSError):
                beside.unlink()
            raise
        parent = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(parent)  # the new name, too
        finally:
            os.close(parent)


def _parents(path: str) -> Iterator[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path


def _make_folder(path: Path, mode: int) -> None:
    try:
        path.mkdir(mode=mode, parents=mode == 0o700)
    except FileExistsError:
        if not path.is_dir() or (mode != 0o700 and path.is_symlink()):
            raise


def _clear(
    folder: Path, at: str, wanted: Files, folders: Collection[str], keep: frozenset[str], touched: list[str]
) -> bool:
    """Remove below `at` what does not belong; True when something is left."""
    left = False
    with os.scandir(folder / at) as entries:
        found = sorted(entries, key=lambda entry: entry.name)
    for entry in found:
        path = f"{at}/{entry.name}" if at else entry.name
        if entry.is_dir(follow_symlinks=False):
            kept = entry.name in keep and path not in folders and path not in wanted
            if kept or _clear(folder, path, wanted, folders, keep, touched) or path in folders:
                left = True
            else:
                os.rmdir(entry.path)
        elif path in wanted or (entry.name in keep and path not in folders):
            left = True
        else:
            os.unlink(entry.path)
            touched.append(path)
    return left


def _is(path: Path, data: bytes, mode: int) -> bool:
    try:
        found = path.lstat()
        if mode == LINK:
            return stat.S_ISLNK(found.st_mode) and os.fsencode(os.readlink(path)) == data
        executable = bool(found.st_mode & 0o100) == (mode == 0o100755)
        return stat.S_ISREG(found.st_mode) and executable and found.st_size == len(data) and path.read_bytes() == data
    except FileNotFoundError:
        return False


def _write(path: Path, data: bytes, mode: int) -> None:
    # Removed first: a link must not be written through, nor a file that has a second name.
    with contextlib.suppress(FileNotFoundError):
        path.unlink()
    if mode == LINK:
        os.symlink(os.fsdecode(data), path)
        return
    permissions = 0o755 if mode == 0o100755 else 0o644
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, permissions)
    with open(descriptor, "wb") as file:
        os.fchmod(descriptor, permissions)
        file.write(data)


@contextlib.contextmanager
def _told(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise _error(error, path) from None


def _error(error: OSError, path: Path) -> InterlockError:
    place = error.filename or path
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Unavailable(
            f"the disk is full: {place} cannot be written",
            hint="Free some space and run the command again",
            slug="disk-full",
        )
    return Permanent(f"{place} cannot be written: {error.strerror}", slug="cannot-write")
