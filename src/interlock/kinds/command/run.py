"""Running a program of the component: a fresh copy of the closure, one JSON document on stdin, one result in a file.

The copy makes a program that writes beside its sources harmless: the next one sees the closure again, nothing else. It lies at one fixed path
per component and environment, because builds write their path into what they make. Inputs go by stdin, so no secret stands in an argument list.
"""

import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from interlock.kinds.command.call import Call
from interlock.kinds.command.protocol import RESULT_VARIABLE, BadResult, read_json
from interlock.model.errors import ToolFailed
from interlock.model.plan import Blob
from interlock.world import World


@contextmanager
def workspace(source: Path, work: Path) -> Iterator[Path]:
    """A fresh copy of the closure; gone at the end."""
    copy = work / "run"
    remove(copy)
    shutil.copytree(source, copy, symlinks=True)
    try:
        yield copy
    finally:
        remove(copy)


def run_program(
    call: Call, argv: Sequence[str], document: Mapping[str, Any], root: Path, world: World, *, required: bool = True
) -> Any:
    """The program's result, None where it wrote none and none is `required`. `root` is the workspace.

    Raises ToolMissing, ToolFailed (also for a result that is none: slug "bad-result"), TimedOut, Cancelled.
    """
    verb = document["verb"]
    what = f"{verb} of {call.where}"
    folder = root / call.settings.folder
    if not folder.is_dir():
        raise ToolFailed(f"{what}: the sources have no folder '{call.settings.path}'", slug="bad-source")
    result = call.work / "result.json"
    remove(result)
    try:
        world.proc.run(
            [program(argv[0], folder), *argv[1:]],
            what=what,
            cwd=folder,
            environ={**call.environ, RESULT_VARIABLE: str(result)},
            timeout=call.settings.seconds,
            stdin=json.dumps(document, sort_keys=True, ensure_ascii=False).encode(),
            on_line=world.log,
            keep=64_000,
        )
        if not required and not os.path.lexists(result):
            return None
        return read_json(result)
    except BadResult as bad:
        raise bad_result(call, verb, bad) from None
    except ToolFailed as failed:
        # Whoever finds that the program had no credentials is told what was kept from it.
        if call.held_back and not failed.hint:
            failed.hint = (
                f"Held back from its environment: {', '.join(call.held_back)}; `credentials:` names what it gets."
            )
        raise
    finally:
        remove(result)


def program(name: str, folder: Path) -> str:
    """A name with a slash is a file of the component, any other is looked up on PATH."""
    return str((folder / name).absolute()) if "/" in name else name


def collect(call: Call, root: Path, world: World) -> dict[str, Blob]:
    """Store every declared file by digest. Raises ToolFailed for one that is absent, no plain file, or outside of the component."""
    folder = (root / call.settings.folder).resolve()
    found: dict[str, Blob] = {}
    for name, place in sorted(call.settings.artifacts.items()):
        path = folder / place
        if not path.is_file() or not path.resolve().is_relative_to(root.resolve()):
            raise ToolFailed(
                f"apply of {call.where}: artifact '{name}' is not there: the program left no file '{place}'",
                slug="bad-artifact",
            )
        found[name] = world.blobs.put_file(path.resolve())
    return found


def bad_result(call: Call, verb: str, reason: BadResult) -> ToolFailed:
    return ToolFailed(
        f"{verb} of {call.where}: {reason}", slug="bad-result", hint="The protocol is described in the kind's README."
    )


def remove(place: Path) -> None:
    """A file, link or folder, also one that a program left read-only; nothing there is fine."""

    def allow(function: Callable[[str], Any], path: str, _: object) -> None:
        os.chmod(os.path.dirname(path), 0o700)
        os.chmod(path, 0o700, follow_symlinks=os.chmod not in os.supports_follow_symlinks)
        function(path)

    if place.is_symlink() or place.is_file():
        place.unlink()
    elif place.exists():
        shutil.rmtree(place, onerror=allow)
