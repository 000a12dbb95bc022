"""Closures, folders, atomic writes and locks, on a real file system."""

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from interlock.model.errors import ArtifactMismatch, ConfigurationError, LeaseHeld, NotFound, Permanent, Unavailable
from interlock.world import files as module
from interlock.world.files import FileLock, atomic_write, materialise, pack, pack_files, unpack
from interlock.world.folder import folder_tree

FILE, PROGRAM, LINK = 0o100644, 0o100755, 0o120000
_NAMES = st.sampled_from(["a", "b", "d/a", "d/b", "d/e/a", "f/a", "ü/ß", "x" * 120 + "/y"])
_FILES = st.dictionaries(_NAMES, st.tuples(st.binary(max_size=20), st.sampled_from([FILE, PROGRAM])))


def read_back(folder: Path) -> dict[str, tuple[bytes, int]]:
    return {entry.path: (folder_tree(folder).read(entry.path), entry.mode) for entry in folder_tree(folder).walk()}


@settings(deadline=None)
@given(st.lists(_FILES, min_size=1, max_size=4))
def test_a_folder_holds_exactly_what_it_should(versions: list[dict[str, tuple[bytes, int]]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name) / "source"
        for files in versions:
            packed = pack_files(files)
            assert unpack(packed) == files
            assert pack_files(dict(reversed(files.items()))) == packed
            materialise(packed, folder)
            assert read_back(folder) == files
            assert materialise(files, folder) == ()
        assert folder.stat().st_mode & 0o777 == 0o700


def test_only_what_differs_is_written_and_kept_names_stay(tmp_path: Path) -> None:
    folder = tmp_path / "source"
    materialise({"a/main.tf": (b"1", FILE), "b": (b"2", FILE)}, folder)
    before = (folder / "b").stat().st_mtime_ns
    (folder / "a/.terraform/x").mkdir(parents=True)
    (folder / "a/.terraform/x/y").write_text("kept")
    (folder / "a/stray").write_text("x")
    (folder / "old/empty").mkdir(parents=True)
    assert materialise({"a/main.tf": (b"3", FILE), "b": (b"2", FILE)}, folder, keep=[".terraform"]) == (
        "a/main.tf",
        "a/stray",
    )
    assert (folder / "a/.terraform/x/y").read_text() == "kept"
    assert (folder / "b").stat().st_mtime_ns == before
    assert not (folder / "old").exists()
    materialise({"b": (b"2", FILE)}, folder)
    assert sorted(os.listdir(folder)) == ["b"]


def test_nothing_is_written_through_a_link(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "file").write_text("mine")
    folder = tmp_path / "source"
    folder.mkdir()
    (folder / "d").symlink_to(outside)
    (folder / "file").symlink_to(outside / "file")
    materialise({"d/file": (b"new", FILE), "file": (b"new", FILE)}, folder)
    assert (outside / "file").read_text() == "mine"
    assert read_back(folder) == {"d/file": (b"new", FILE), "file": (b"new", FILE)}


@pytest.mark.parametrize(
    "files",
    [
        {"../x": (b"", FILE)},
        {"/x": (b"", FILE)},
        {"a/../../x": (b"", FILE)},
        {"a//x": (b"", FILE)},
        {"a/.GIT/hooks/x": (b"", FILE)},
        {"x": (b"../out", LINK)},
        {"x": (b"/etc/passwd", LINK)},
        {"x": (b"x", LINK)},
        {"d": (b".", LINK), "d/x": (b"", FILE)},
        {"d1/d2/up": (b"../..", LINK), "e": (b"d1/d2/up/../secret", LINK)},
    ],
)
def test_what_leads_out_is_refused(files: dict[str, tuple[bytes, int]], tmp_path: Path) -> None:
    with pytest.raises(ArtifactMismatch):
        materialise(files, tmp_path / "source")
    assert not (tmp_path / "source").exists()
    with pytest.raises(ArtifactMismatch):
        pack_files(files)


def test_altered_archives_are_refused(tmp_path: Path) -> None:
    packed = pack_files({"a": (b"1", FILE)})
    for data in (b"", b"nonsense" * 200, packed[:600]):
        if data == b"":
            with pytest.raises(ArtifactMismatch):
                unpack(data)
            continue
        with pytest.raises(ArtifactMismatch):
            unpack(data)


def test_packing_takes_links_and_what_they_lead_to(tmp_path: Path) -> None:
    root = tmp_path / "repository"
    for name in ("modules/net/main.tf", "shared.tfvars", "other"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(name)
    (root / "stacks").mkdir()
    (root / "stacks/net").symlink_to("../modules/net")
    (root / "stacks/vars").symlink_to("../again")
    (root / "again").symlink_to("shared.tfvars")
    (root / "stacks/gone").symlink_to("nowhere")
    tree = folder_tree(root)
    found = unpack(pack(tree, ["stacks/net/main.tf", "stacks/vars", "stacks/gone"]))
    assert sorted(found) == [
        "again",
        "modules/net/main.tf",
        "shared.tfvars",
        "stacks/gone",
        "stacks/net",
        "stacks/vars",
    ]
    materialise(found, tmp_path / "laid")
    assert (tmp_path / "laid/stacks/net/main.tf").read_text() == "modules/net/main.tf"
    assert (tmp_path / "laid/stacks/vars").read_text() == "shared.tfvars"
    with pytest.raises(NotFound):
        pack(tree, ["absent"])
    (root / "out").symlink_to("../secret")
    with pytest.raises(ConfigurationError):
        pack(folder_tree(root), ["out"])


def test_atomic_writes(tmp_path: Path) -> None:
    target = tmp_path / "file"
    atomic_write(target, b"one")
    atomic_write(target, b"two", mode=0o640)
    assert (target.read_bytes(), target.stat().st_mode & 0o777, os.listdir(tmp_path)) == (b"two", 0o640, ["file"])
    with pytest.raises(Permanent) as caught:
        atomic_write(tmp_path / "absent/file", b"x")
    assert caught.value.slug == "cannot-write"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_is_told(tmp_path: Path) -> None:
    with pytest.raises(Unavailable) as caught, module._told(tmp_path), open("/dev/full", "wb", buffering=0) as full:
        full.write(b"x")
    assert caught.value.slug == "disk-full"
    assert errno.ENOSPC


def test_a_lock_is_held_by_one_and_dies_with_its_holder(tmp_path: Path) -> None:
    path = tmp_path / "lock"
    code = f"""
import sys, time
from pathlib import Path
from interlock.world.files import FileLock
FileLock(Path({str(path)!r}), what="x").acquire()
print("held", flush=True)
time.sleep(1000)
"""
    other = subprocess.Popen(
        [
            sys.executable,
            "-c",
            code.replace("FileLock(Path", "lock = FileLock(Path").replace(").acquire()", "); lock.acquire()"),
        ],
        stdout=subprocess.PIPE,
    )
    assert other.stdout is not None
    assert other.stdout.readline() == b"held\n"
    lock = FileLock(path, what="network in staging")
    assert not lock.try_acquire()
    holder = lock.holder()
    assert holder is not None
    assert holder.process == other.pid
    said: list[str] = []
    with pytest.raises(LeaseHeld, match=rf"network in staging is held by process {other.pid} since"):
        FileLock(path, what="network in staging", say=said.append).acquire(patience=0.3)
    assert len(said) == 1
    other.kill()
    other.wait()
    other.stdout.close()
    with lock:
        assert not FileLock(path, what="x").try_acquire()
    assert FileLock(path, what="x").try_acquire()


def test_a_lock_whose_file_was_replaced_is_not_shared(tmp_path: Path) -> None:
    first, second = (FileLock(tmp_path / "lock", what="x") for _ in range(2))
    assert first.try_acquire()
    (tmp_path / "lock").unlink()
    assert second.try_acquire()
    with pytest.raises(Permanent):
        FileLock(tmp_path / "lock/below", what="x").try_acquire()
    first.release()
    second.release()
