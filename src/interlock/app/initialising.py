"""`interlock init`: the two files for the stacks that are here, written beside each other or not at all, and never over what is there.

A file becomes visible whole or not at all (written aside, then
linked into place, which fails where something stands already); when the second cannot be placed, the first is taken away again.
"""

import os
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from interlock.model.errors import Unavailable, UsageError

if TYPE_CHECKING:
    from interlock.kinds.opentofu.find import FoundStack


@dataclass(frozen=True)
class Drafted:
    """`files` maps names, from the repository's root, to texts; `components` each stack's path to the name it was given."""

    root: Path
    files: Mapping[str, str]
    stacks: tuple["FoundStack", ...]
    components: Mapping[str, str]
    environments: tuple[str, ...]


def draft(start: Path, *, name: str = "") -> Drafted:
    """For the repository that `start` is in, as its working tree stands; `name` is the organization's, by default the folder's.

    Raises UsageError outside of a repository.
    """
    from interlock.config.init import environments_of, names_of, render
    from interlock.kinds.opentofu.find import find_stacks
    from interlock.world.git import Repository

    repository = Repository.open(start)
    stacks = find_stacks(repository.folder_tree())
    files = render(name or repository.root.name, stacks)
    return Drafted(repository.root, files, stacks, names_of(stacks), tuple(n for n, _ in environments_of(stacks)))


def refuse_existing(found: Drafted) -> None:
    """Raises UsageError naming what is there; a dangling link counts."""
    present = [name for name in found.files if os.path.lexists(found.root / name)]
    if present:
        raise UsageError(
            f"{' and '.join(present)} {'is' if len(present) == 1 else 'are'} in {found.root} already",
            hint="init never overwrites: edit what is there (interlock validate checks it), or move it away first",
            slug="file-exists",
        )


def write(found: Drafted) -> None:
    """Both files or none. Raises UsageError where one of them is there already, Unavailable where they cannot be written."""
    refuse_existing(found)
    asides: dict[str, Path] = {}
    placed: list[Path] = []
    try:
        for name, text in found.files.items():
            asides[name] = found.root / f".{name}.{secrets.token_hex(6)}"
            with asides[name].open("x", encoding="utf-8") as file:
                file.write(text)
                file.flush()
                os.fsync(file.fileno())
        for name, aside in asides.items():
            os.link(aside, found.root / name)
            placed.append(found.root / name)
    except BaseException as error:
        for path in placed:
            path.unlink(missing_ok=True)
        if isinstance(error, FileExistsError):
            refuse_existing(found)
        if isinstance(error, OSError):
            raise Unavailable(
                f"the files cannot be written in {found.root}: {error.strerror}",
                hint="check the folder's owner, mode and free space",
                slug="file-unwritable",
            ) from error
        raise
    finally:
        for aside in asides.values():
            aside.unlink(missing_ok=True)
