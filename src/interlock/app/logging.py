"""Step logs: files that grow while a tool speaks; several are read one after the other, or followed together."""

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from interlock.app.build import Project
from interlock.store import deployments, logs

Names = Sequence[tuple[str, str]]  # (environment, component)


def read_logs(project: Project, deployment: str, names: Names) -> Iterator[tuple[str, str]]:
    """("environment/component", line) of each log, one log after the other."""
    for environment, component in names:
        for line in logs.read(project.store.home.log(deployment, environment, component)):
            yield f"{environment}/{component}", line


def follow_logs(project: Project, deployment: str, names: Names) -> Iterator[tuple[str, str]]:
    """The same as it comes, interleaved, until the deployment has ended and everything written by then is told."""
    tails = {f"{e}/{c}": _Tail(project.store.home.log(deployment, e, c)) for e, c in names}
    while True:
        with project.store.database.read() as tx:
            ended = bool(deployments.require(tx, deployment).finished)
        for name, tail in tails.items():
            yield from ((name, line) for line in tail.more())
        if ended:
            return
        time.sleep(0.2)


class _Tail:
    """Whole lines of a file since the last look; the file need not be there yet."""

    def __init__(self, path: Path) -> None:
        self._path, self._at = path, 0

    def more(self) -> list[str]:
        try:
            with self._path.open("rb") as file:
                file.seek(self._at)
                data = file.read(4_000_000)
        except FileNotFoundError:
            return []
        whole = data.rfind(b"\n") + 1
        self._at += whole
        return data[:whole].decode("utf-8", "replace").splitlines()
