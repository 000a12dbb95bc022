"""What checks stand on, each opened when it is first asked for and only if it is there: a doctor makes nothing."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from interlock.app.place import Place, find_place
from interlock.model.errors import NotFound
from interlock.store import Store
from interlock.store.home import Home

if TYPE_CHECKING:
    from interlock.config.load import Configuration
    from interlock.world.git import Repository


@dataclass
class Ground:
    """Each property raises as what it opens does. `begun` are wall clock and monotonic clock when the examination began, in seconds."""

    start: Path
    environ: Mapping[str, str]
    begun: tuple[float, float] = field(default_factory=lambda: (time.time(), time.monotonic()))

    @cached_property
    def repository(self) -> "Repository":
        from interlock.world.git import Repository

        return Repository.open(self.start)

    @cached_property
    def configuration(self) -> "Configuration":
        from interlock.app.build import kinds
        from interlock.config.load import load

        return load(self.repository.folder_tree(), kinds())

    @cached_property
    def place(self) -> Place:
        return find_place(self.start)

    @cached_property
    def home(self) -> Home:
        return self.place.home(self.environ)

    @cached_property
    def store(self) -> Store:
        """Only where there is a database, and its key's fingerprint: opening would make that anew. Raises NotFound."""
        from interlock.store.key import load_key

        for path in (self.home.database, self.home.key_fingerprint):
            if not path.exists():
                raise NotFound(f"there is no {path}")
        return Store.open(self.home, load_key(self.home, self.environ), create=False)
