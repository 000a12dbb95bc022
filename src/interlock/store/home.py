"""Where data lives: one folder per organization and repository, outside of every working tree (DESIGN §7), and the key, apart from it.

    <home>/home.json             which organization and repository this is, made once
    <home>/key.id                a fingerprint of the key in use, made once: another key is refused before it can write
    <home>/interlock.db          the records          <home>/audit.head   the anchor of the audit chain
    <home>/engine/<id>.db        one running deployment each
    <home>/blobs/                encrypted bytes
    <home>/work/<env>/<name>/    fixed per (environment, component), may be deleted
    <home>/logs/<id>/<env>/<name>.log

Names become path parts by an encoding that is fixed and gives no two names the same part, on file systems that ignore case too.
"""

import hashlib
import json
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from interlock.model.errors import Corrupt, Permanent, UsageError
from interlock.store.durable import create_once, make_folder

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyz0123456789_-.")
_LONGEST = 120


def path_part(name: str) -> str:
    """`name` as one path part: lower-case letters, digits and `_-.` stay, every other byte is `%XX`; long ones end in a digest."""
    encoded = "".join(chr(b) if chr(b) in _PLAIN else f"%{b:02x}" for b in name.encode())
    if not encoded or encoded[0] == ".":
        encoded = "%2e" + encoded[1:] if encoded else "%"
    if len(encoded) > _LONGEST:
        return f"{encoded[:80]}%%{hashlib.sha256(name.encode()).hexdigest()[:32]}"
    return encoded


@dataclass(frozen=True)
class Home:
    """`identity` is `<organization>-<first 12 of the root commit>` as it was when the home was made; the key's file is named by it."""

    root: Path
    identity: str
    keys: Path  # the folder of key files

    @staticmethod
    def locate(
        organization: str, root_commit: str, environ: Mapping[str, str], *, working_tree: Path | None = None
    ) -> "Home":
        """Where the home is, or would be; makes nothing. `root_commit` is "" where it is unknown (a shallow clone).

        Raises UsageError for one inside the working tree, one that is not absolute, or one that belongs to another organization or repository.
        """
        user = Path(environ.get("HOME") or Path.home())
        identity = path_part(f"{organization}-{root_commit[:12]}" if root_commit else organization)
        named = environ.get("INTERLOCK_HOME", "")
        root = Path(named) if named else _xdg(environ, "XDG_DATA_HOME", user / ".local/share") / "interlock" / identity
        if not root.is_absolute():
            raise UsageError(f"INTERLOCK_HOME must be an absolute path, not '{named}'", slug="home-relative")
        if working_tree is not None and root.resolve().is_relative_to(working_tree.resolve()):
            raise UsageError(
                f"the data folder {root} is inside the working tree {working_tree}, where `git clean` would lose it",
                hint="set INTERLOCK_HOME to a folder outside of it",
                slug="home-in-working-tree",
            )
        keys = _xdg(environ, "XDG_CONFIG_HOME", user / ".config") / "interlock" / "keys"
        return Home(root, _known_identity(root, organization, identity) or identity, keys)

    def prepare(self) -> "Home":
        """Makes the folders, 0700; safe to repeat and to run twice at once."""
        for folder in (self.root, self.root / "engine", self.blobs, self.root / "work", self.root / "logs"):
            make_folder(folder)
        mode = stat.S_IMODE(self.root.stat().st_mode)
        if mode & 0o077:
            raise Permanent(
                f"the data folder {self.root} can be read by others (mode {mode:04o})",
                hint=f"chmod 700 {self.root}",
                slug="home-mode",
            )
        create_once(self.root / "home.json", json.dumps({"version": 1, "identity": self.identity}).encode() + b"\n")
        return self

    @property
    def exists(self) -> bool:
        """Was anything ever kept here?"""
        return self.database.exists() or self.key_fingerprint.exists()

    @property
    def database(self) -> Path:
        return self.root / "interlock.db"

    @property
    def audit_head(self) -> Path:
        return self.root / "audit.head"

    @property
    def key_fingerprint(self) -> Path:
        return self.root / "key.id"

    @property
    def key_file(self) -> Path:
        return self.keys / self.identity

    @property
    def blobs(self) -> Path:
        return self.root / "blobs"

    @property
    def cache(self) -> Path:
        """For what can be made again; not made by `prepare`."""
        return self.root / "cache"

    def engine_file(self, deployment: str) -> Path:
        return self.root / "engine" / f"{path_part(deployment)}.db"

    def engine_lock(self, deployment: str) -> Path:
        return self.root / "engine" / f"{path_part(deployment)}.lock"

    def work(self, environment: str, component: str) -> Path:
        return self.root / "work" / path_part(environment) / path_part(component)

    def log(self, deployment: str, environment: str, component: str) -> Path:
        return self.logs(deployment) / path_part(environment) / f"{path_part(component)}.log"

    def logs(self, deployment: str) -> Path:
        return self.root / "logs" / path_part(deployment)


def _xdg(environ: Mapping[str, str], name: str, default: Path) -> Path:
    """The XDG base directory rule: a relative or empty value counts as not set."""
    value = Path(environ.get(name, ""))
    return value if value.is_absolute() else default


def _known_identity(root: Path, organization: str, identity: str) -> str | None:
    """What `home.json` says; None when there is none yet. A shallow clone does not know its root commit and takes what is there."""
    try:
        known = json.loads((root / "home.json").read_bytes())["identity"]
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Corrupt(f"{root / 'home.json'} cannot be read: {type(error).__name__}", slug="home-unreadable") from error
    bare = path_part(organization)
    ours = known in (identity, bare) or (identity == bare and str(known).startswith(f"{bare}-"))
    if not isinstance(known, str) or not ours:
        raise UsageError(
            f"the data folder {root} belongs to '{known}', not to '{identity}'",
            hint="set INTERLOCK_HOME to a folder of this organization and repository",
            slug="home-of-another",
        )
    return known
