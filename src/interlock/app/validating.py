"""`interlock validate`: the configuration, and every kind's `check`, with everything that is wrong told at once.

It needs no data folder, no key and no credentials, so that it works in a fresh clone and on a merge request of a stranger: secrets are not resolved,
programs get the allow-listed environment alone. The tree is materialised in the user's cache, kept between runs (what a tool fetched once is not fetched
again), and checked there: the working tree is only read, and files that Git ignores are not part of it. Two runs over one repository take turns.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from interlock.app.bare import bare_world, cache_folder
from interlock.kind import CheckRequest, Kind
from interlock.model.digest import sha256
from interlock.model.errors import (
    Cancelled,
    ConfigurationError,
    InterlockError,
    Location,
    Permanent,
    Problem,
    ToolFailed,
)
from interlock.model.manifest import Pair
from interlock.world import Cancel
from interlock.world.tree import Tree

if TYPE_CHECKING:
    from interlock.world.files import FileLock
    from interlock.world.git import Repository

Progress = Callable[[str, str], None]  # a kind, what it is doing


@dataclass(frozen=True)
class Validation:
    """`problems` sorted by place, warnings among them; `sources` are the texts of the files they name. `kinds` are those whose check ran to its end."""

    commit: str
    problems: tuple[Problem, ...]
    sources: Mapping[str, str]
    components: tuple[str, ...] = ()
    environments: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ()

    @property
    def errors(self) -> tuple[Problem, ...]:
        return tuple(problem for problem in self.problems if problem.severity == "error")

    @property
    def valid(self) -> bool:
        return not self.errors


def validate_repository(start: Path, *, at: str | None, cancel: Cancel, progress: Progress) -> Validation:
    """Of the repository that the folder `start` is in, with the kinds and variables of this process. Raises UsageError where there is none."""
    import os

    from interlock.app.build import kinds
    from interlock.world.git import Repository

    return validate(Repository.open(start), kinds(), dict(os.environ), at=at, cancel=cancel, progress=progress)


def validate(
    repository: "Repository",
    kinds: Mapping[str, Kind],
    environ: Mapping[str, str],
    *,
    at: str | None,
    cancel: Cancel,
    progress: Progress,
) -> Validation:
    """`at` None is the working tree as it stands. Raises NotFound for a revision that nothing has, Cancelled; what is wrong is in the value."""
    from interlock.config.load import load

    tree: Tree = repository.tree(at) if at else repository.folder_tree()
    try:
        configuration = load(tree, kinds)
    except ConfigurationError as error:
        return Validation(tree.commit, _sorted(error.problems), _sources(tree, error.problems))
    used: dict[str, list[Pair]] = {}
    for pair in configuration.pairs:
        used.setdefault(pair.kind, []).append(pair)
    found, done = _checked(repository.root, tree, kinds, used, environ, cancel, progress)
    problems = _sorted([*configuration.warnings, *found])
    return Validation(
        tree.commit,
        problems,
        _sources(tree, problems),
        tuple(sorted(configuration.components)),
        tuple(spec.name for spec in configuration.environments),
        done,
    )


def _checked(
    root: Path,
    tree: Tree,
    kinds: Mapping[str, Kind],
    used: Mapping[str, list[Pair]],
    environ: Mapping[str, str],
    cancel: Cancel,
    progress: Progress,
) -> tuple[list[Problem], tuple[str, ...]]:
    from interlock.world.environ import base_environ
    from interlock.world.files import FileLock, materialise

    cache = cache_folder(environ)
    own = cache / "check" / sha256(str(root).encode())[:16]
    problems: list[Problem] = []
    done: list[str] = []
    if not used:
        return problems, ()
    _make(own)
    with _turn(FileLock(own / "lock", what=f"the check of {root}"), cancel, progress):
        materialise(_files(tree), own / "tree")
        for name in sorted(used):
            pairs = {pair.name: pair for pair in used[name]}
            request = CheckRequest(
                root=own / "tree",
                components={
                    key: kinds[name].settings.model_validate(dict(pair.settings)) for key, pair in pairs.items()
                },
                places={key: pair.place for key, pair in pairs.items()},
                work=own / name,
                environ=base_environ(environ),
            )
            _make(request.work)
            progress(name, "checking")
            try:
                problems += kinds[name].check(request, bare_world(cache, cancel, partial(progress, name)))
                done.append(name)
            except Cancelled:
                raise
            except InterlockError as error:  # a check that could not be made is no success, and hides nobody else's
                problems += _failed(error, name, used[name])
            finally:
                progress(name, "")
    return problems, tuple(done)


def _make(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    except OSError as error:
        raise Permanent(
            f"the folder {folder} cannot be made: {error.strerror}",
            hint="set XDG_CACHE_HOME to a folder that can be written",
            slug="folder-unwritable",
        ) from None


@contextmanager
def _turn(lock: "FileLock", cancel: Cancel, progress: Progress) -> Iterator[None]:
    """Holds the lock; waits for it as long as nobody cancels."""
    while not lock.try_acquire():
        progress("validate", "waiting for another validate of this repository")
        if cancel.wait(0.1):
            raise Cancelled("validate was cancelled while it waited for another one")
    progress("validate", "")
    try:
        yield
    finally:
        lock.release()


def _files(tree: Tree) -> dict[str, tuple[bytes, int]]:
    """Everything but submodules and links that leave the repository: what cannot be part of a closure is not there to be checked."""
    files: dict[str, tuple[bytes, int]] = {}
    for entry in tree.walk():
        try:
            if entry.is_link:
                tree.real(entry.path)
                files[entry.path] = (tree.link_target(entry.path).encode("utf-8", "surrogateescape"), entry.mode)
            elif entry.mode in (0o100644, 0o100755):
                files[entry.path] = (tree.read(entry.path), entry.mode)
        except ConfigurationError:
            continue
    return files


def _failed(error: InterlockError, kind: str, pairs: list[Pair]) -> list[Problem]:
    """A check that did not end, as a problem at the first component of the kind."""
    if isinstance(error, ConfigurationError):
        return list(error.problems)
    file, _, rest = pairs[0].place.partition(":")
    line, _, column = rest.partition(":")
    place = Location(file or "interlock.yaml", int(line or 0), int(column or 0))
    detail = error.output if isinstance(error, ToolFailed) else ""
    return [
        Problem(
            place,
            error.slug,
            f"the check of kind {kind} did not end: {error.message}",
            hint=error.hint,
            detail=detail or None,
        )
    ]


def _sorted(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    return tuple(sorted(set(problems), key=lambda p: (p.location, p.slug, p.message, p.severity)))


def _sources(tree: Tree, problems: Iterable[Problem]) -> dict[str, str]:
    """The texts to quote from: of small files that can be read as such."""
    found: dict[str, str] = {}
    for path in sorted({problem.location.file for problem in problems}):
        with contextlib.suppress(InterlockError, UnicodeDecodeError):
            entry = tree.entry(path)
            if entry is not None and entry.size <= 1_000_000:
                found[path] = tree.read(path).decode("utf-8")
    return found
