"""A tree of a few files in memory, for tests of the configuration."""

import hashlib
import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from interlock.model.errors import ConfigurationError, Location, NotFound, Problem
from interlock.world.tree import Entry


@dataclass
class FilesTree:
    """`links` maps a path to the target of a symbolic link."""

    files: Mapping[str, bytes]
    links: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folders: dict[str, set[str]] = {"": set()}
        for path in (*self.files, *self.links):
            parts = path.split("/")
            for end in range(len(parts)):
                name = parts[end] + ("/" if end < len(parts) - 1 else "")
                self.folders.setdefault("/".join(parts[:end]), set()).add(name)

    @property
    def identity(self) -> str:
        return hashlib.sha1(repr(sorted(self.files.items())).encode()).hexdigest()

    @property
    def commit(self) -> str:
        return ""

    def real(self, path: str) -> str:
        parts = path.split("/")
        for end in range(1, len(parts) + 1):
            prefix = "/".join(parts[:end])
            if prefix in self.links:
                target = posixpath.normpath(posixpath.join(posixpath.dirname(prefix), self.links[prefix]))
                if target.startswith(("..", "/")):
                    raise ConfigurationError(
                        (Problem(Location(prefix), "link-outside", f"{prefix} leaves the repository"),)
                    )
                return self.real("/".join([target, *parts[end:]]))
        return path

    def entry(self, path: str) -> Entry | None:
        if path in self.links:
            return Entry(path, self.links[path], 0o120000, len(self.links[path]))
        if path not in self.files:
            return None
        data = self.files[path]
        return Entry(path, hashlib.sha1(data).hexdigest(), 0o100644, len(data))

    def is_folder(self, path: str) -> bool:
        return path in self.folders

    def read(self, path: str) -> bytes:
        path = self.real(path)
        if path not in self.files:
            raise NotFound(f"there is no {path}")
        return self.files[path]

    def walk(self, folder: str = "") -> Iterator[Entry]:
        for path in sorted((*self.files, *self.links)):
            if not folder or path.startswith(folder + "/"):
                entry = self.entry(path)
                assert entry is not None
                yield entry

    def list(self, folder: str = "") -> tuple[str, ...]:
        return tuple(sorted(self.folders.get(folder.rstrip("/"), ())))
