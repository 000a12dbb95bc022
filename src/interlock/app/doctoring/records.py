"""Where data lives, its key, the database, the audit chain, and what was left behind.

The database is only read through the Store's own connections: opening its file beside SQLite would drop this process's locks on it.
"""

import dataclasses
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

from interlock.app.build import Project
from interlock.app.doctoring import Check, Found, Level, failed, warned
from interlock.app.doctoring.ground import Ground
from interlock.model.state import DeploymentState
from interlock.store import deployments, schema
from interlock.store.home import Home


def record_checks(ground: Ground) -> list[Check]:
    return [
        Check("data folder", lambda: _home(ground), ("repository",)),
        Check("continuous integration", lambda: _ci(ground), ("data folder",)),
        Check("permissions", lambda: _permissions(ground.home), ("data folder",)),
        Check("key", lambda: _key(ground), ("data folder",)),
        Check("database", lambda: _database(ground), ("data folder", "key")),
        Check("audit", lambda: _audit(ground), ("database",)),
        Check("deployments", lambda: _deployments(ground), ("database",)),
    ]


def _home(ground: Ground) -> Iterator[Found]:
    home = ground.home
    named = "INTERLOCK_HOME" if ground.environ.get("INTERLOCK_HOME") else "the default"
    if not home.root.exists():
        yield Found(f"{home.root} ({named}): not there yet, the first deployment makes it")
    else:
        yield Found(f"{home.root} ({named}), outside of the working tree")
    if ground.environ.get("INTERLOCK_DATABASE_URL"):
        yield warned(
            "INTERLOCK_DATABASE_URL is set, and this version keeps its records in the data folder alone", "unset it"
        )


def _ci(ground: Ground) -> Iterator[Found]:
    from interlock.app.deploying import require_lasting_home

    require_lasting_home(Project(ground.place, ground.environ))
    here = ground.environ.get("CI", "") not in ("", "0", "false")
    yield Found("the data folder is named; see that it outlives the job" if here else "not here")


def _permissions(home: Home) -> Iterator[Found]:
    folders = [home.root, *(home.root / name for name in ("engine", "blobs", "work", "logs"))]
    files = [home.database, home.audit_head, home.key_fingerprint, home.root / "home.json"]
    found = [said for path in (*folders, *files) if os.path.lexists(path) for said in _permission(path)]
    if not home.root.exists():
        above = next(parent for parent in home.root.parents if parent.exists())
        if not os.access(above, os.W_OK | os.X_OK):
            found.append(
                failed(
                    f"{home.root} cannot be made: {above} may not be written",
                    "check its owner and mode, or set INTERLOCK_HOME",
                )
            )
    yield from found or [Found("ours alone" if home.root.exists() else "nothing is there yet")]


def _permission(path: Path) -> Iterator[Found]:
    about = path.lstat()
    mode = stat.S_IMODE(about.st_mode)
    if about.st_uid != os.geteuid():
        yield failed(
            f"{path} belongs to user {about.st_uid}, not to {os.geteuid()}",
            f"run as its owner, or chown -R {os.geteuid()} {path}",
        )
    elif mode & 0o077:
        yield failed(f"{path} can be read by others (mode {mode:04o})", f"chmod go-rwx {path}")
    elif not os.access(path, os.R_OK | os.W_OK | (os.X_OK if path.is_dir() else 0)):
        yield failed(f"{path} may not be written (mode {mode:04o})", f"chmod u+rw{'x' if path.is_dir() else ''} {path}")


def _key(ground: Ground) -> Iterator[Found]:
    """Tried as a command would, but never made: where nothing is kept yet, in a folder that is thrown away."""
    from interlock.store.key import load_key

    home = ground.home
    source = "INTERLOCK_KEY" if ground.environ.get("INTERLOCK_KEY", "").strip() else str(home.key_file)
    if home.database.exists() and not home.key_fingerprint.exists():
        yield failed(
            f"{home.key_fingerprint} is gone, so nothing tells whether {source} is the key that the data was written with",
            "restore it from a backup; the next command that writes makes it anew for the key it is given",
        )
        return
    if home.exists:
        load_key(home, ground.environ)
        yield Found(f"{source}, the one that the data was written with")
    elif source == "INTERLOCK_KEY" or home.key_file.exists():
        with tempfile.TemporaryDirectory(prefix="interlock-doctor-") as scratch:
            load_key(dataclasses.replace(home, root=Path(scratch)), ground.environ)
        yield Found(source)
    else:
        yield Found(
            f"none yet; the first deployment makes {home.key_file}. Keep a copy of it: without it the data cannot be read"
        )
    root = home.root.resolve()
    if source != "INTERLOCK_KEY" and home.key_file.resolve().is_relative_to(root):
        yield warned(
            f"the key {home.key_file} lies in the data folder, so who gets a copy of the data gets both",
            "set XDG_CONFIG_HOME to another folder",
        )


def _database(ground: Ground) -> Iterator[Found]:
    home = ground.home
    if not home.database.exists():
        if home.audit_head.exists():
            yield failed(
                f"{home.database} is gone, but {home.audit_head} says that there were records",
                "restore the data folder from a backup",
            )
        else:
            yield Found("none yet; the first deployment makes it")
        return
    with ground.store.database.read() as tx:
        row = tx.one("SELECT max(version) AS version FROM schema_version")
        said = [str(value) for row in tx.all("PRAGMA integrity_check(20)") for value in row.values()]
        loose = tx.all("PRAGMA foreign_key_check")
    version = row["version"] if row else 0
    if said != ["ok"]:
        yield failed(
            f"the database is damaged: {said[0] if said else 'no answer'}",
            f"stop what uses it and restore {home.root} from a backup",
        )
    elif loose:
        yield failed(
            f"{len(loose)} rows of the database refer to rows that are not there", f"restore {home.root} from a backup"
        )
    else:
        yield Found(f"{home.database.stat().st_size / 1e6:.1f} MB, sound, schema {version} of {len(schema.STEPS)}")


def _audit(ground: Ground) -> Iterator[Found]:
    if not ground.home.database.exists():
        yield Found("no records yet")
        return
    report = ground.store.audit.verify()
    if report.ok:
        yield Found(f"{report.count} records, intact; the newest is {report.head.seq} ({report.head.mac[:16]})")
    else:
        first, more = report.faults[0], len(report.faults) - 1
        yield failed(
            f"{first.message}" + (f" (and {more} more)" if more else ""),
            "interlock audit verify shows all; interlock audit accept goes on",
        )


def _deployments(ground: Ground) -> Iterator[Found]:
    """Unfinished ones that nobody runs, and engine files that no unfinished one needs."""
    if not ground.home.database.exists():
        yield Found("none yet")
        return
    from interlock.app.viewing import view_of

    with ground.store.database.read() as tx:
        unfinished = deployments.list_newest(tx, finished=False, limit=10_000)
        views = {row.id: view_of(ground.store, row.id) for row in unfinished}
    found = []
    for id_, view in sorted(views.items()):
        if _held(ground.home.engine_lock(id_), id_):
            found.append(Found(f"{id_} is under way"))
        elif view.state is DeploymentState.BLOCKED:
            found.append(Found(f"{id_} waits at a gate", f"interlock status {id_}"))
        else:
            found.append(
                Found(
                    f"{id_} is unfinished ({view.state}), and no process runs it",
                    f"interlock deploy --resume {id_}",
                    Level.WARNING,
                )
            )
    left = sorted(
        path.name for path in (ground.home.root / "engine").glob("*.db") if path.name.removesuffix(".db") not in views
    )
    if left:
        names = ", ".join(left[:3]) + (f" and {len(left) - 3} more" if len(left) > 3 else "")
        found.append(
            warned(
                f"engine files of finished deployments were left: {names}",
                f"rm {ground.home.root}/engine/{left[0]}* (and so on)",
            )
        )
    yield from found or [Found("none is under way, nothing was left behind")]


def _held(lock: Path, id_: str) -> bool:
    """Does a process hold it? Looked at by taking it for an instant; never made."""
    from interlock.world.lock import FileLock

    if not lock.exists():
        return False
    mine = FileLock(lock, what=f"deployment {id_}")
    if not mine.try_acquire():
        return True
    mine.release()
    return False
