"""Disk and clocks: what records, leases and stamps rely on."""

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from interlock.app.bare import cache_folder
from interlock.app.doctoring import Check, Found, Level, failed, warned
from interlock.app.doctoring.ground import Ground
from interlock.model.errors import InterlockError
from interlock.model.units import format_duration

LOW, TOO_LOW = 1_000_000_000, 100_000_000  # bytes
_SLACK = 2.0  # seconds that two clocks may differ
_FUTURE = 60.0


def machine_checks(ground: Ground) -> list[Check]:
    return [Check("disk", lambda: _disk(ground)), Check("clock", lambda: _clock(ground))]


def _disk(ground: Ground) -> Iterator[Found]:
    """Each file system once, by its device."""
    places = [("cache", cache_folder(ground.environ)), ("temporary files", Path(tempfile.gettempdir()))]
    with contextlib.suppress(InterlockError):  # told by its own check
        places.insert(0, ("data", ground.home.root))
    seen: set[int] = set()
    for name, folder in places:
        there = nearest_existing(folder)
        device = there.stat().st_dev
        if device not in seen:
            seen.add(device)
            counts = os.statvfs(there)
            yield disk_found(name, there, shutil.disk_usage(there).free, counts.f_favail if counts.f_files else None)


def disk_found(name: str, folder: Path, free: int, inodes: int | None) -> Found:
    """`free` bytes; `inodes` None where the file system does not count them."""
    said = (
        f"{free / 1e9:.1f} GB free for {name} ({folder})"
        if free >= LOW
        else f"{free / 1e6:.0f} MB free for {name} ({folder})"
    )
    mend = "free some space: a disk that fills up in the middle of an apply leaves work for a person"
    if inodes is not None and inodes < 1000:
        return failed(f"only {inodes} more files fit on the disk of {name} ({folder})", mend)
    if free < TOO_LOW:
        return failed(said, mend)
    return warned(said, mend) if free < LOW else Found(said)


def nearest_existing(folder: Path) -> Path:
    return next(parent for parent in (folder, *folder.parents) if parent.exists())


def _clock(ground: Ground) -> Iterator[Found]:
    found = [*_files_clock(ground), *_steady(ground), *_records_clock(ground), *_commit_clock(ground)]
    yield from found or [
        Found(f"{datetime.now(UTC):%Y-%m-%d %H:%M:%S} UTC, later than everything recorded, in step with the disk's")
    ]


def _files_clock(ground: Ground) -> Iterator[Found]:
    """A file written now carries the file system's time: a server's, where it is a network disk."""
    folder = None
    with contextlib.suppress(InterlockError):  # told by its own check
        if os.access(ground.home.root, os.W_OK):
            folder = ground.home.root
    with tempfile.NamedTemporaryFile(prefix=".interlock-doctor-", dir=folder) as file:
        differs = os.fstat(file.fileno()).st_mtime - time.time()
    if abs(differs) > _SLACK:
        yield warned(
            f"the disk's clock differs from this machine's by {format_duration(abs(differs))}", "keep both by NTP"
        )


def _steady(ground: Ground) -> Iterator[Found]:
    """A wall clock that ran otherwise than the monotonic one while we looked was set, or is being."""
    wall, steady = ground.begun
    differs = (time.time() - wall) - (time.monotonic() - steady)
    if abs(differs) > _SLACK / 2:
        yield warned(
            f"the clock was moved by {format_duration(abs(differs))} while this ran", "wait until NTP has settled"
        )


def _records_clock(ground: Ground) -> Iterator[Found]:
    try:
        with ground.store.database.read() as tx:
            stamps = [tx.one(f"SELECT max({column}) AS at FROM {table}") for table, column in _STAMPS]
    except InterlockError:
        return  # there is none, or it is told by its own check
    newest = max((str(row["at"]) for row in stamps if row and row["at"]), default="")
    ahead = _ahead(datetime.fromisoformat(newest)) if newest else 0.0
    if ahead > _SLACK:
        yield Found(
            f"the newest record is {format_duration(ahead)} in the future ({newest})",
            "set the clock (`timedatectl`): leases and the order of records go by it",
            Level.FAILED if ahead > _FUTURE else Level.WARNING,
        )


_STAMPS = (("audit", "at"), ("deployments", "created"), ("releases", "at"))


def _commit_clock(ground: Ground) -> Iterator[Found]:
    try:
        committed = ground.repository.commit_time("HEAD")
    except InterlockError:
        return  # told by its own check
    if (ahead := _ahead(committed)) > _FUTURE:
        yield warned(
            f"HEAD was committed {format_duration(ahead)} in the future ({committed:%Y-%m-%d %H:%M:%S} UTC)",
            "check this machine's clock: `timedatectl`",
        )


def _ahead(moment: datetime) -> float:
    return (moment - datetime.now(UTC)).total_seconds()
