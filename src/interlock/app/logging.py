"""Step logs: files that grow while a tool speaks; several are read one after the other, or followed together."""

from collections.abc import Iterator, Sequence

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
    tails = {f"{e}/{c}": logs.Tail(project.store.home.log(deployment, e, c)) for e, c in names}

    def ended() -> bool:
        with project.store.database.read() as tx:
            return bool(deployments.require(tx, deployment).finished)

    yield from logs.follow(tails, ended)
