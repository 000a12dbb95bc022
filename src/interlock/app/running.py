"""Running a deployment in this process, or following the process that runs it, until it ends, blocks or is interrupted.

The main thread only looks and shows: it reads the same rows as everyone else, four times a second. Signals arrive there. Ctrl-C asks the running tools to stop
and leaves when they have; what is unfinished stays in the engine file for the next `deploy`. A second Ctrl-C ends the tools at once.
"""

import contextlib
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from types import FrameType
from typing import Any, NoReturn

from interlock.app.build import Project
from interlock.app.manifests import load_manifest
from interlock.app.notifying import Blocked, notifier, settle
from interlock.app.turns import steps_at_once
from interlock.app.viewing import view_of
from interlock.engine.deployment import NAMES, child_workflow, deployment_workflow
from interlock.engine.durable import SqliteEngine, leave
from interlock.engine.run import Run
from interlock.model.errors import Exit
from interlock.model.gate import Verdict, overall
from interlock.model.state import DeploymentState, StepState
from interlock.model.view import DeploymentView
from interlock.store import deployments, steps
from interlock.store.deployments import Deployment
from interlock.world.files import FileLock

LOOK = 0.25

Show = Callable[[DeploymentView], None]

EXITS: Mapping[DeploymentState, Exit] = {
    DeploymentState.VERIFIED: Exit.DONE,
    DeploymentState.FAILED: Exit.FAILED,
    DeploymentState.ROLLED_BACK: Exit.FAILED,
    DeploymentState.CANCELLED: Exit.FAILED,
    DeploymentState.SUPERSEDED: Exit.FAILED,
    DeploymentState.PARTLY_CHANGED: Exit.UNKNOWN,
    DeploymentState.BLOCKED: Exit.BLOCKED,
}


def run_or_follow(project: Project, deployment: str, *, patience: float | None, show: Show) -> Exit:
    """Until the verdict, or until it has been blocked for `patience` seconds (None: for ever). Ends the process itself when work is left behind."""
    lock = FileLock(project.store.home.engine_lock(deployment), what=f"deployment {deployment}")
    follower = _Patience(patience)
    while True:
        row = _row(project, deployment)
        if row.finished:
            show(view_of(project.store, deployment))
            return EXITS[DeploymentState(row.state)]
        if lock.try_acquire():
            try:
                if not _row(project, deployment).finished:
                    return _run(project, deployment, patience=patience, show=show)
            finally:
                lock.release()
            continue
        view = view_of(project.store, deployment)
        show(view)
        if follower.over(view, row):
            return Exit.BLOCKED
        time.sleep(LOOK)


def _row(project: Project, deployment: str) -> Deployment:
    with project.store.database.read() as tx:
        return deployments.require(tx, deployment)


class _Patience:
    """How long a blocked deployment is waited for."""

    def __init__(self, seconds: float | None) -> None:
        self._seconds = seconds
        self._since: float | None = None

    def over(self, view: DeploymentView, row: Deployment) -> bool:
        if row.stopping or row.cancel or row.superseded_by or not blocked(view):  # what is called off ends by itself
            self._since = None
            return False
        if self._since is None:
            self._since = time.monotonic()
        return self._seconds is not None and time.monotonic() - self._since >= self._seconds


def blocked(view: DeploymentView) -> bool:
    """Nothing is under way, and at least one step waits for a gate; none has just passed its gates."""
    waiting = [step for step in view.steps if step.state is StepState.BLOCKED]
    passing = any(overall(step.gates) is Verdict.PASS for step in waiting)
    return bool(waiting) and not passing and not any(step.state.active for step in view.steps)


def _startable(run: Run, view: DeploymentView) -> bool:
    """Is there a step about to start beside those that are blocked?"""
    states = {step.name: step.state for step in view.steps}
    blocked_in = {step.environment for step in view.steps if step.state is StepState.BLOCKED}
    return any(
        states[step.name] is StepState.WAITING
        and step.pair.environment in blocked_in
        and all(states[need].done for need in step.needs)
        for step in run.manifest.steps
    )


def _run(project: Project, deployment: str, *, patience: float | None, show: Show) -> Exit:
    row, show = _row(project, deployment), _lasting(show)
    manifest = load_manifest(project, row)
    _look_again(project, deployment)
    context = project.context(manifest.secrets)
    with ThreadPoolExecutor(max_workers=steps_at_once(project.environ), thread_name_prefix="step") as pool:
        run = Run(context, manifest, pool, notifier(project.store, manifest, context.worlds.secrets))
        engine = SqliteEngine(project.store.home.engine_file(deployment), deployment)

        async def whole(_deployment: str) -> str:
            return await deployment_workflow(engine, run)

        async def one(name: str) -> str:
            return await child_workflow(engine, run, name)

        engine.register(NAMES.deployment, whole)
        engine.register(NAMES.step, one)
        engine.launch()
        outcome: list[Any] = []
        thread = threading.Thread(
            target=lambda: outcome.append(_result(engine, deployment)), name="deployment", daemon=True
        )
        thread.start()
        with _signals(run):
            state = _watch(project, run, thread, outcome, patience=patience, show=show)
        engine.finish()
    show(view_of(project.store, deployment))
    return EXITS[state]


def _look_again(project: Project, deployment: str) -> None:
    """What the last process saw of the gates says nothing now: each waiting step is under way until it is judged anew, so that nothing is left
    as blocked, by the process that came to go on with it, before it was looked at."""
    with project.store.database.write(lasting=False) as tx:
        halted = (DeploymentState.INTERRUPTED, DeploymentState.BLOCKED)
        deployments.set_state(tx, deployment, DeploymentState.RUNNING, failure="", expect=halted)
        for step in steps.of(tx, deployment):
            steps.update(
                tx, deployment, step.environment, step.component, expect=StepState.BLOCKED, state=StepState.PLANNING
            )


def _result(engine: SqliteEngine, deployment: str) -> Any:
    try:
        return engine.run(NAMES.deployment, deployment, deployment)
    except Exception as error:
        return error


def _watch(
    project: Project, run: Run, thread: threading.Thread, outcome: list[Any], *, patience: float | None, show: Show
) -> DeploymentState:
    """Shows until the workflow has its result. Leaves the process when it is interrupted, or blocked for too long."""
    waiting, telling = _Patience(patience), Blocked(project.store, run)
    beat = 0.0
    while thread.is_alive():
        thread.join(LOOK)
        if time.monotonic() - beat > 1.0:
            beat = time.monotonic()
            _beat(project, run)
        view = view_of(project.store, run.id)
        show(view)
        if run.leaving.is_set() and run.working == 0:
            _leave(project, run, DeploymentState.INTERRUPTED, Exit.INTERRUPTED, show)
        if blocked(view) and not _startable(run, view):
            telling.tell(view)
        stuck = waiting.over(view, _row(project, run.id)) and not _startable(run, view)
        if stuck and not run.leaving.is_set() and run.leave_if_idle():
            _leave(project, run, DeploymentState.BLOCKED, Exit.BLOCKED, show)
    result = outcome[0]
    if isinstance(result, Exception):
        _give_up(project, run, result)
        raise result
    return DeploymentState(result)


def _give_up(project: Project, run: Run, error: Exception) -> None:
    """A bug of ours ended the workflow, and would again: that is its verdict, or its environment would be taken for ever."""
    run.leaving.set()
    while run.working:  # other steps; they end and say what they did
        time.sleep(LOOK)
    with project.store.change(run.manifest.actor) as change:
        row = deployments.require(change.tx, run.id)
        if row.finished:
            change.nothing()
            return
        state, failure = DeploymentState.PARTLY_CHANGED, f"a bug in interlock: {type(error).__name__}"
        hint = f"see what was done: interlock show {run.id}; go back: interlock rollback --deployment {run.id}"
        deployments.finish(change.tx, run.id, state, failure=failure, failure_hint=hint, failure_slug="bug")
        after = {"state": str(state), "failure": failure}
        change.audit("deployment", run.id, before={"state": row.state}, after=after)


def _lasting(show: Show) -> Show:
    """Whoever reads what is shown may go away (`| head`): the deployment goes on all the same."""
    gone = False

    def still(view: DeploymentView) -> None:
        nonlocal gone
        if gone:
            return
        try:
            show(view)
        except OSError:
            gone = True

    return still


def _beat(project: Project, run: Run) -> None:
    """We live; what the tools said last; and whether somebody asked for the end: of the way forward only, a rollback goes through."""
    lines, run.last_lines = run.last_lines, {}
    token = run.cancel  # the one of now: what is read below may be older than a rollback that begins meanwhile
    with project.store.database.write(lasting=False) as tx:
        deployments.beat(tx, run.id, os.getpid())
        for name, line in lines.items():
            steps.update(tx, run.id, *name.split("/", 1), last_line=line)
        row = deployments.require(tx, run.id)
    if row.cancel and not run.going_back and not token.requested:
        token.request()


def _leave(project: Project, run: Run, state: DeploymentState, code: Exit, show: Show) -> NoReturn:
    run.leaving.set()
    with project.store.change(run.manifest.actor) as change:
        row = deployments.require(change.tx, run.id)
        if row.finished or row.state == state:
            change.nothing()
        else:
            said = (
                "it was asked to stop; what is unfinished waits for the same command"
                if state is DeploymentState.INTERRUPTED
                else ""
            )
            deployments.set_state(change.tx, run.id, state, failure=said)
            change.audit("deployment", run.id, before={"state": row.state}, after={"state": str(state)})
    show(view_of(project.store, run.id))
    for close in _AT_END:
        close()
    settle()
    leave(int(code))


_AT_END: list[Callable[[], None]] = []


def at_end(close: Callable[[], None]) -> None:
    """Called before the process ends with work left behind: the display gives the terminal back."""
    _AT_END.append(close)


@contextlib.contextmanager
def _signals(run: Run) -> Iterator[None]:
    def stop(_number: int, _frame: FrameType | None) -> None:
        run.cancel.request(hard=run.leaving.is_set())
        run.leaving.set()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
