"""The one place that assembles: which kinds there are, where the data is, how worlds are opened."""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interlock.app.place import Place, find_place
from interlock.model.errors import Corrupt, NotFound, UsageError
from interlock.store import Store
from interlock.store.key import load_key

if TYPE_CHECKING:
    import threading

    from interlock.config.load import Configuration
    from interlock.engine.context import Context
    from interlock.kind import Kind
    from interlock.world.git import Repository


def kinds() -> Mapping[str, "Kind"]:
    """Every kind of this installation, an explicit list: importing a module registers nothing."""
    from interlock.kinds.command.kind import CommandKind
    from interlock.kinds.opentofu.kind import OpenTofuKind

    return {kind.name: kind for kind in (CommandKind(), OpenTofuKind())}


@dataclass
class Project:
    """A repository and what is kept about it. Parts are made when they are first used: `status` needs no Git, `validate` no database."""

    place: Place
    environ: Mapping[str, str]
    person: str = ""

    @staticmethod
    def open(start: Path, *, person: str = "") -> "Project":
        return Project(find_place(start), dict(os.environ), person)

    @cached_property
    def repository(self) -> "Repository":
        from interlock.world.git import Repository

        return Repository.open(self.place.root)

    @cached_property
    def kinds(self) -> Mapping[str, "Kind"]:
        return kinds()

    @cached_property
    def store(self) -> Store:
        """The records, made when they are not there yet.

        Raises Corrupt where there were records and the database is gone: that is not "nothing yet".
        """
        home = self.place.home(self.environ)
        if home.audit_head.exists() and not home.database.exists():
            raise Corrupt(
                f"the database {home.database} is gone, but {home.audit_head} says that there were records",
                hint="restore the data folder from a backup, or point INTERLOCK_HOME at the right one",
                slug="database-gone",
            )
        home = home.prepare()
        return Store.open(home, load_key(home, self.environ))

    @property
    def kept(self) -> Store | None:
        """The records, or None where nothing was ever recorded: for commands that only look, and must make nothing in a fresh clone."""
        home = self.place.home(self.environ)
        return self.store if home.database.exists() or home.audit_head.exists() else None

    def records(self) -> Store:
        """As `kept`, where having none is an error. Raises NotFound."""
        store = self.kept
        if store is None:
            home = self.place.home(self.environ)
            raise NotFound(
                f"nothing is recorded here yet ({home.root})",
                hint="nothing was deployed from here; is INTERLOCK_HOME right? `interlock doctor` shows where data lives",
                slug="no-records",
            )
        return store

    def configuration(self, revision: str | None = None) -> "Configuration":
        """Of a revision, or of the working tree as it stands. Raises ConfigurationError."""
        from interlock.config.load import load

        tree = self.repository.tree(revision) if revision else self.repository.folder_tree()
        return load(tree, self.kinds)

    @property
    def actor(self) -> str:
        """Who acts: `--as`, else Git's e-mail; unverified both. Raises UsageError when neither is known."""
        name = self.person or self.repository.identity()
        if not name:
            raise UsageError(
                "it is not known who you are, and every change is recorded with its author",
                hint="git config user.email you@example.org, or --as you@example.org",
                slug="nobody",
            )
        return name

    @cached_property
    def turns(self) -> "threading.Semaphore":
        """Tools of every context take their turns together."""
        import threading

        from interlock.app.turns import tools_at_once

        return threading.BoundedSemaphore(tools_at_once(self.environ))

    def context(self, secrets: Mapping[str, Any]) -> "Context":
        """What the engine works with, for one set of secret sources."""
        from interlock.app.worlds import RealWorlds
        from interlock.engine.context import Context
        from interlock.world.clock import SystemClock

        worlds = RealWorlds.make(self.store, secrets, self.environ, self.turns)
        return Context(self.store, self.kinds, worlds, SystemClock())


def say(text: str) -> None:
    """A line for people; machines read stdout."""
    print(text, file=sys.stderr, flush=True)  # noqa: T201


Say = Callable[[str], None]
