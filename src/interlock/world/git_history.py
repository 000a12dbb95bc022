"""What Git's history says in words: messages, who wrote a commit, and why a name or a commit is not there."""

import codecs
import re
from typing import TYPE_CHECKING

from interlock.model.errors import NotFound, UsageError
from interlock.model.units import nearest

if TYPE_CHECKING:
    import pygit2

_CO_AUTHOR = re.compile(r"^co-authored-by:[^<\n]*<([^<>\s]+@[^<>\s]+)>\s*$", re.IGNORECASE | re.MULTILINE)
_HASH = re.compile(r"[0-9a-f]{7,40}")


def message(commit: "pygit2.Commit") -> str:
    """The whole message; bytes that its encoding does not know become U+FFFD."""
    encoding = commit.message_encoding or "utf-8"
    try:
        codecs.lookup(encoding)
    except LookupError:
        encoding = "utf-8"
    return commit.raw_message.decode(encoding, "replace")


def writers(commit: "pygit2.Commit") -> set[str]:
    """E-mail addresses, lower case, of the author and of the `Co-authored-by` trailers."""
    return {address.lower() for address in (commit.author.email, *_CO_AUTHOR.findall(message(commit))) if address}


def remote(repository: "pygit2.Repository") -> str:
    """The remote to name in a hint."""
    names = sorted(remote.name or "" for remote in repository.remotes)
    return "origin" if "origin" in names or not names else names[0]


def cut_off(repository: "pygit2.Repository", text: str) -> NotFound:
    """The error for a question that a shallow clone has no answer to."""
    hint = f"Run `git fetch --unshallow {remote(repository)}`, or clone with the whole history"
    return NotFound(text, hint=hint, slug="shallow-clone")


def unknown(repository: "pygit2.Repository", revision: str) -> NotFound | UsageError:
    """The error for a revision that nothing has: what to fetch, or the name that may have been meant."""
    if repository.head_is_unborn and re.split(r"[~^@]", revision)[0] in ("HEAD", ""):
        return UsageError(
            "this repository has no commit yet", hint="Make the first with `git commit`", slug="no-commit"
        )
    origin = remote(repository)
    if _HASH.fullmatch(revision.lower()):
        return _unknown_commit(revision, origin, shallow=repository.is_shallow)
    names = {name.split("/", 2)[2] for name in repository.references if name.count("/") >= 2}
    like = next((name for name in sorted(names) if name.endswith(f"/{revision}")), None) or nearest(revision, names)
    if like:
        return NotFound(f"no branch, tag or commit is named '{revision}'", hint=f"Did you mean '{like}'?")
    if repository.is_shallow:
        return cut_off(repository, f"this shallow clone has no '{revision}'")
    hint = f"If it is newer than this clone: `git fetch {origin}`"
    return NotFound(f"no branch, tag or commit is named '{revision}'", hint=hint)


def _unknown_commit(revision: str, origin: str, *, shallow: bool) -> NotFound:
    if not shallow:
        return NotFound(f"this clone has no commit {revision}", hint=f"Run `git fetch {origin}`")
    # A server gives a commit by its full hash only.
    fetch = f"--depth=1 {origin} {revision}" if len(revision) == 40 else f"--unshallow {origin}"
    return NotFound(
        f"this shallow clone has no commit {revision}", hint=f"Run `git fetch {fetch}`", slug="shallow-clone"
    )
