"""Parsed files, each read once: by blob identity in memory and, given a folder, in one file there that later runs start from.

The file is a SQLite database: many processes may use it at once, and only what is asked for is decoded. It is a cache and nothing more: unreadable,
of another format or by an older parser, it is made anew; a folder that cannot be written means no cache.
"""

import json
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from interlock.kinds.opentofu.facts import (
    HOLE,
    Backend,
    ModuleCall,
    Output,
    ParsedFile,
    Read,
    Reference,
    Resource,
    Template,
    Variable,
)
from interlock.kinds.opentofu.hcl import parse, reads_of
from interlock.kinds.opentofu.hcl_json import parse_template
from interlock.world.tree import Tree

if TYPE_CHECKING:
    from interlock.kinds.opentofu.module import Survey

#: Changes with every change of what a parsed file holds or how it is found.
FORMAT = "1"
TREES = 4  # a head and the bases compared with
LARGEST = 64_000_000  # bytes; a larger cache is begun anew


class Reader:
    """`parsed(identity, name, read)`: the facts of the file with that blob identity. Safe to share between threads."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._known: dict[str, ParsedFile] = {}
        self._new: dict[str, ParsedFile] = {}
        self._stored: dict[str, str] | None = None
        self._surveys: list[tuple[Tree, Survey]] = []

    def keep_in(self, folder: Path | None) -> None:
        """Start from what earlier runs kept in `folder`, and let `save` add to it."""
        self._folder, self._stored = folder, None

    def survey(self, tree: Tree) -> "Survey":
        """What is known of `tree`, kept for the last few trees. A folder is known by its object: its content may move on under one identity."""
        for known, survey in self._surveys:
            if known is tree or (
                tree.commit and known.identity == tree.identity and not tree.identity.startswith("dirty")
            ):
                return survey
        from interlock.kinds.opentofu.module import Survey

        made = Survey(tree, self)
        self._surveys = [(tree, made), *self._surveys[: TREES - 1]]
        return made

    def parsed(self, identity: str, name: str, read: Callable[[], bytes]) -> ParsedFile:
        is_json = name.endswith(".json")
        key = f"{identity}{'j' if is_json else ''}" if identity else ""
        if key and (known := self._known.get(key)) is not None:
            return known
        if self._stored is None:
            self._stored = self._load()
        if key and key in self._stored:
            found = decode(json.loads(self._stored[key]))
        else:
            found = parse(read(), is_json=is_json)
            if key:
                self._new[key] = found
        if key:
            self._known[key] = found
        return found

    def templated(self, identity: str, read: Callable[[], bytes]) -> tuple[Read, ...]:
        """The file-reading calls inside a file that `templatefile` renders."""
        key = f"{identity}t"
        if (known := self._known.get(key)) is None:
            root = parse_template(read().decode("utf-8", "replace"))
            reads = () if root is None else tuple(r for r in reads_of(root, line=0) if r.function != "path")
            if root is not None and root.has_error:
                reads = (*reads, Read("template", (Reference(HOLE),), 0))
            known = ParsedFile(reads=reads)
            self._known[key] = known
        return known.reads

    def save(self) -> None:
        """Keep what was parsed since the last save for later runs. Never raises for a cache that cannot be written."""
        new, self._new = self._new, {}
        if self._folder is None or not new:
            return
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            if self._file().exists() and self._file().stat().st_size > LARGEST:
                self._file().unlink()
            with sqlite3.connect(self._file(), timeout=5) as database:
                database.execute(
                    "CREATE TABLE IF NOT EXISTS parsed (key TEXT PRIMARY KEY, facts TEXT NOT NULL) WITHOUT ROWID"
                )
                rows = [(key, json.dumps(encode(facts), separators=(",", ":"))) for key, facts in sorted(new.items())]
                database.executemany("INSERT OR REPLACE INTO parsed VALUES (?, ?)", rows)
            database.close()
        except (OSError, sqlite3.Error):
            return

    def _file(self) -> Path:
        assert self._folder is not None
        return self._folder / f"hcl-{FORMAT}.db"

    def _load(self) -> dict[str, str]:
        if self._folder is None or not self._file().exists():
            return {}
        try:
            database = sqlite3.connect(self._file(), timeout=5)
            try:
                return dict(database.execute("SELECT key, facts FROM parsed"))
            finally:
                database.close()
        except sqlite3.Error:
            self._file().unlink(missing_ok=True)
            return {}


def encode(facts: ParsedFile) -> dict[str, Any]:
    """As JSON, without what is empty."""
    return {key: value for key, value in asdict(facts).items() if value}


def decode(value: Mapping[str, Any]) -> ParsedFile:
    """The inverse of `encode`."""
    of: Callable[[str], list[dict[str, Any]]] = lambda name: value.get(name, [])  # noqa: E731
    return ParsedFile(
        modules=tuple(ModuleCall(**{**m, "source": _template(m["source"])}) for m in of("modules")),
        reads=tuple(
            Read(r["function"], _template(r["path"]) or (), r["line"], _template(r["pattern"])) for r in of("reads")
        ),
        backends=tuple(Backend(**{**b, "unresolved": tuple(b["unresolved"])}) for b in of("backends")),
        required_versions=tuple((text, line) for text, line in value.get("required_versions", ())),
        required_providers=value.get("required_providers", {}),
        outputs=tuple(Output(**o) for o in of("outputs")),
        variables=tuple(Variable(**v) for v in of("variables")),
        resources=tuple(
            Resource(**{**r, "ignore_changes": None if r["ignore_changes"] is None else tuple(r["ignore_changes"])})
            for r in of("resources")
        ),
        providers=tuple(value.get("providers", ())),
        locals={name: _template(t) or () for name, t in value.get("locals", {}).items()},
        refactorings=value.get("refactorings", {}),
        broken=value.get("broken", 0),
    )


def _template(value: Any) -> Template | None:
    if value is None:
        return None
    return tuple(part if isinstance(part, str) else Reference(part["text"]) for part in value)


#: The one that a process uses unless it is given another (with a folder to keep results in).
READER = Reader()
