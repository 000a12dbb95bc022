"""Files on disk: source closures packed, unpacked and materialised; small files written whole or not at all; locks that die with their holder.

A closure is an uncompressed tar with every piece of metadata but path, mode and link target set to nothing, sorted by path: the same files
give the same bytes, so the same blob. (Blobs are encrypted; a little redundancy costs less than compressing thousands of small packs.)
"""

import fcntl
import io
import os
import posixpath
import secrets
import stat
import tarfile
import time
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from types import TracebackType

from interlock.model.errors import ArtifactMismatch, LeaseHeld, Permanent, Unavailable
from interlock.world.tree import Tree

Packed = Mapping[str, tuple[bytes, int]]  # path → (content, or a link's target; Git mode)
_LINK = 0o120000


def pack(tree: Tree, paths: Iterable[str]) -> bytes:
    """The files at `paths` (each must be a file or link of `tree`). Raises NotFound, ConfigurationError."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path in sorted(set(paths)):
            entry = tree.entry(path)
            item = tarfile.TarInfo(path)
            if entry is not None and entry.is_link:
                item.type, item.linkname = tarfile.SYMTYPE, tree.target(path)
                archive.addfile(item)
                continue
            data = tree.read(path)
            item.size = len(data)
            item.mode = 0o755 if entry is not None and entry.mode & 0o111 else 0o644
            archive.addfile(item, io.BytesIO(data))
    return out.getvalue()


def unpack(data: bytes) -> Packed:
    """The inverse of `pack`. Raises ArtifactMismatch for what is no closure, or would leave its folder."""
    files: dict[str, tuple[bytes, int]] = {}
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for item in archive:
                if item.issym():
                    files[_inside(item.name)] = (_link(item.name, item.linkname), _LINK)
                elif item.isreg() and (file := archive.extractfile(item)) is not None:
                    files[_inside(item.name)] = (file.read(), 0o100755 if item.mode & 0o100 else 0o100644)
                else:
                    raise ArtifactMismatch(f"a source closure holds '{item.name}', which is neither a file nor a link")
    except tarfile.TarError as error:
        raise ArtifactMismatch("a source closure cannot be read", hint="plan again", slug="closure-unreadable") from error
    return files


def _inside(path: str) -> str:
    if not path or path.startswith("/") or posixpath.normpath(path) != path or path.split("/")[0] == "..":
        raise ArtifactMismatch(f"a source closure holds a path that leaves it: '{path}'", slug="path-escapes")
    return path


def _link(path: str, target: str) -> bytes:
    if target.startswith("/") or posixpath.normpath(posixpath.join(posixpath.dirname(path), target)).split("/")[0] == "..":
        raise ArtifactMismatch(f"a source closure holds a link that leaves it: '{path}'", slug="path-escapes")
    return target.encode()


def materialise(files: Packed, folder: Path, *, keep: Collection[str] = ()) -> None:
    """Makes `folder` hold exactly `files`: writes what differs, removes the rest except paths that start with one of `keep`. Raises Unavailable."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        wanted = {path: entry for path, entry in files.items() if _inside(path)}
        _remove_rest(folder, wanted, keep)
        for path, (data, mode) in wanted.items():
            _put(folder / path, data, mode)
    except OSError as error:
        raise _failed(folder, error) from error


def _remove_rest(folder: Path, wanted: Packed, keep: Collection[str]) -> None:
    for parent, folders, names in os.walk(folder, topdown=False, followlinks=False):
        for name in (*names, *(f for f in folders if os.path.islink(os.path.join(parent, f)))):
            path = Path(parent, name)
            relative = path.relative_to(folder).as_posix()
            if relative not in wanted and not any(relative == k or relative.startswith(f"{k}/") for k in keep):
                path.unlink()
        if Path(parent) != folder and not os.listdir(parent):
            os.rmdir(parent)


def _put(path: Path, data: bytes, mode: int) -> None:
    if mode == _LINK:
        if not path.is_symlink() or os.readlink(path).encode() != data:
            _clear(path)
            path.symlink_to(data.decode())
        return
    wanted = 0o700 if mode & 0o111 else 0o600
    try:
        found = path.lstat()
        if stat.S_ISREG(found.st_mode) and found.st_size == len(data) and path.read_bytes() == data:
            if stat.S_IMODE(found.st_mode) != wanted:
                path.chmod(wanted)
            return
    except (FileNotFoundError, NotADirectoryError):
        pass
    _clear(path)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, wanted)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def _clear(path: Path) -> None:
    """Makes room for `path`: its parents are folders, and nothing stands in its place."""
    for parent in reversed(path.parents):
        if parent.is_symlink() or parent.is_file():
            parent.unlink()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    if path.is_symlink() or path.is_file():
        path.unlink()
    elif path.is_dir():
        import shutil

        shutil.rmtree(path)


def atomic_write(path: Path, data: bytes, mode: int = 0o600) -> None:
    """`path` holds `data`, wholly or not at all, also after a power cut. Raises Unavailable."""
    beside = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            os.replace(beside, path)
        except BaseException:
            beside.unlink(missing_ok=True)
            raise
    except OSError as error:
        raise _failed(path, error) from error


def _failed(path: Path, error: OSError) -> Unavailable:
    return Unavailable(
        f"{path} cannot be written: {error.strerror}", hint="check its folder's free space, owner and mode", slug="file-unwritable"
    )


class FileLock:
    """An advisory lock on a file that the system lets go when its holder dies. `what` names the work in messages. Not reentrant."""

    def __init__(self, path: Path, *, what: str) -> None:
        self._path, self._what = path, what
        self._descriptor: int | None = None

    def try_acquire(self) -> bool:
        """False when somebody else (another thread too) holds it."""
        if self._descriptor is not None:
            raise RuntimeError(f"the lock of {self._what} is held here already")
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise Permanent(f"the lock {self._path} cannot be opened: {error.strerror}", hint="check its owner and mode") from error
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            return False
        os.ftruncate(descriptor, 0)
        os.write(descriptor, f"{os.getpid()}\n".encode())
        self._descriptor = descriptor
        return True

    def release(self) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def acquire(self, timeout: float = 3600.0) -> None:
        """Waits. Raises LeaseHeld when it is still held after `timeout` seconds."""
        end = time.monotonic() + timeout
        while not self.try_acquire():
            if time.monotonic() > end:
                raise LeaseHeld(f"another process works on {self._what}", hint=f"it holds {self._path}")
            time.sleep(0.02)

    def __enter__(self) -> "FileLock":
        self.acquire()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.release()
