"""Where we are: the repository's root, its organization and its first commit, found without opening more than needed.

The home's name needs two facts (DESIGN §7) that are slow to find and hardly ever change: the organization's name and the root commit. They are kept
beside Git's own files, keyed by what they were read from. The copy is only a cache: without it, or with a stale one, the facts are read again.
"""

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from interlock.model.errors import NotFound, UsageError
from interlock.store.home import Home

ORGANIZATION = "organization.yaml"
_CACHE = "interlock-place.json"


@dataclass(frozen=True)
class Place:
    """`root` is the working tree's top folder; `root_commit` is "" in a shallow clone, which does not know it."""

    root: Path
    organization: str
    root_commit: str

    def home(self, environ: Mapping[str, str]) -> Home:
        return Home.locate(self.organization, self.root_commit, environ, working_tree=self.root)


def find_place(start: Path) -> Place:
    """Raises UsageError outside of a Git repository, ConfigurationError or NotFound where organization.yaml cannot be read."""
    root, git = _git_folder(start)
    try:
        stat = (root / ORGANIZATION).stat()
        stamp = [str(root), stat.st_mtime_ns, stat.st_size, stat.st_ino]
    except OSError:
        stamp = [str(root), "absent"]
    with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
        known = json.loads((git / _CACHE).read_bytes())
        if known["stamp"] == stamp and known["root_commit"]:
            return Place(root, str(known["organization"]), str(known["root_commit"]))
    place = Place(root, _organization(root), _root_commit(root))
    with contextlib.suppress(OSError):
        beside = git / f".{_CACHE}.{os.getpid()}"
        beside.write_text(
            json.dumps({"stamp": stamp, "organization": place.organization, "root_commit": place.root_commit})
        )
        beside.replace(git / _CACHE)
    return place


def _git_folder(start: Path) -> tuple[Path, Path]:
    start = start.resolve()
    for folder in (start, *start.parents):
        mark = folder / ".git"
        if mark.is_dir():
            return folder, mark
        if mark.is_file():  # a worktree: `gitdir: PATH`
            text = mark.read_text(errors="replace").strip()
            if text.startswith("gitdir:"):
                return folder, (folder / text.removeprefix("gitdir:").strip()).resolve()
    raise UsageError(
        f"{start} is not in a Git repository", hint="go into one, or name it with --repository", slug="no-repository"
    )


def _organization(root: Path) -> str:
    """Only the name; what else is wrong with the file is for those who need it to be right."""
    from interlock.config.yaml import read

    try:
        data = (root / ORGANIZATION).read_bytes()
    except OSError as error:
        raise NotFound(
            f"there is no {ORGANIZATION} in {root}", hint="interlock init writes one", slug="no-configuration"
        ) from error
    placed, problems = read(ORGANIZATION, data)
    value = placed[0] if placed else None
    organization = value.get("organization") if isinstance(value, Mapping) else None
    name = organization.get("name") if isinstance(organization, Mapping) else None
    if not isinstance(name, str) or not name:
        from interlock.model.errors import ConfigurationError, Location, Problem

        missing = Problem(
            Location(ORGANIZATION),
            "organization-name",
            "organization.name is missing",
            hint="write organization: {name: ...}",
        )
        raise ConfigurationError(tuple(problems) or (missing,))
    return name


def _root_commit(root: Path) -> str:
    from interlock.world.git import Repository

    try:
        return Repository.open(root).root_commit()
    except NotFound:
        return ""
