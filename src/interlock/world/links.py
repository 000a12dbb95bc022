"""A `Tree` out of two questions: what is directly inside this folder, and what are this file's bytes.

Paths are resolved as a file system would, one component at a time: `.` and `..` are folded, a symlink on the way is replaced by its target,
at most 40 times. What would climb above the root, or is absolute, leaves the repository: a ConfigurationError, never a read. `entry` does not
follow the last component (its `is_link` says what it is); `read`, `is_folder`, `list` and `walk` do. The entries of `walk` carry real paths.
"""

from collections.abc import Iterator, Mapping

from interlock.model.errors import ConfigurationError, Location, NotFound, Problem
from interlock.world.tree import Entry

LINKS = 40
SUBMODULE = 0o160000


class LinkedTree:
    """`_children` maps a name to its Entry, or to None for a folder; it is None where `folder` (a real path, "" the root) is no folder."""

    def _children(self, folder: str) -> Mapping[str, Entry | None] | None:
        raise NotImplementedError

    def _bytes(self, entry: Entry) -> bytes:
        raise NotImplementedError

    def at(self, path: str) -> Entry | None:
        """The entry at exactly `path`, no link followed anywhere: what a diff compares."""
        folder, _, name = path.rpartition("/")
        return (self._children(folder) or {}).get(name)

    def entry(self, path: str) -> Entry | None:
        real = self._locate(path, last=False)
        return self.at(real) if real else None

    def is_folder(self, path: str) -> bool:
        real = self._locate(path, last=True)
        return real is not None and self._children(real) is not None

    def real(self, path: str) -> str:
        """`path` with every symlink followed; itself where nothing is."""
        real = self._locate(path, last=True)
        return path if real is None else real

    def read(self, path: str) -> bytes:
        real = self._locate(path, last=True)
        entry = self.at(real) if real else None
        if entry is None:
            raise NotFound(f"{path} is no file of this tree")
        if entry.mode == SUBMODULE:
            raise _problem(
                path,
                "submodule",
                f"{entry.path} is a submodule, whose files are not part of this repository",
                "Commit the files here, or name the module by its Git address",
            )
        return self._bytes(entry)

    def link_target(self, path: str) -> str:
        """Where the symlink at `path` points, as written. Raises NotFound when it is none."""
        entry = self.entry(path)
        if entry is None or not entry.is_link:
            raise NotFound(f"{path} is no symlink of this tree")
        return _text(self._bytes(entry))

    def walk(self, folder: str = "") -> Iterator[Entry]:
        real = self._locate(folder, last=True)
        if real is not None and self._children(real) is not None:
            yield from self._below(real)

    def list(self, folder: str = "") -> tuple[str, ...]:
        real = self._locate(folder, last=True)
        children = self._children(real) if real is not None else None
        return tuple(sorted(f"{name}/" if entry is None else name for name, entry in (children or {}).items()))

    def _below(self, folder: str) -> Iterator[Entry]:
        # A folder sorts as its name and a slash, so that the whole walk is sorted by path.
        children = self._children(folder) or {}
        for key, name in sorted((f"{name}/" if entry is None else name, name) for name, entry in children.items()):
            entry = children[name]
            if entry is None:
                yield from self._below(f"{folder}/{key[:-1]}" if folder else name)
            else:
                yield entry

    def _locate(self, path: str, *, last: bool) -> str | None:
        """The real path, "" for the root; None when something on the way is missing or no folder."""
        if path.startswith("/"):
            raise _problem(
                path, "outside-repository", f"'{path}' is absolute; paths are relative to the repository's root"
            )
        waiting = [part for part in reversed(path.split("/")) if part not in ("", ".")]
        found: list[str] = []
        followed = 0
        while waiting:
            part = waiting.pop()
            if part == "..":
                if not found:
                    raise _problem(path, "outside-repository", f"'{path}' leaves the repository")
                found.pop()
                continue
            here = "/".join(found)
            children = self._children(here)
            if children is None or part not in children:
                return None
            entry = children[part]
            if entry is not None and entry.is_link and (waiting or last):
                followed += 1
                if followed > LINKS:
                    raise _problem(path, "link-loop", f"the symlink {entry.path} leads back to itself")
                target = _text(self._bytes(entry))
                if target.startswith("/"):
                    raise _leaves(path, entry, target)
                depth = len(found)
                for step in (s for s in target.split("/") if s not in ("", ".")):
                    depth += -1 if step == ".." else 1
                    if depth < 0:
                        raise _leaves(path, entry, target)
                waiting.extend(step for step in reversed(target.split("/")) if step not in ("", "."))
                continue
            if entry is not None and waiting:
                return None
            found.append(part)
        return "/".join(found)


def _text(data: bytes) -> str:
    return data.decode("utf-8", "surrogateescape")


def _leaves(path: str, entry: Entry, target: str) -> ConfigurationError:
    way = "" if path == entry.path else f" (on the way to {path})"
    message = f"the symlink {entry.path} points to '{target}', outside the repository{way}"
    return _problem(
        entry.path, "outside-repository", message, "Everything that a deployment reads must be in its commit"
    )


def _problem(path: str, slug: str, message: str, hint: str | None = None) -> ConfigurationError:
    return ConfigurationError((Problem(Location(path), slug, message, hint=hint),))
