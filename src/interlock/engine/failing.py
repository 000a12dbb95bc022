"""What an error in a step's body becomes: a failed step with its reason, never an exception that crosses the durable engine."""

import traceback
from collections.abc import Callable
from typing import TypeVar

from interlock.engine.run import Run
from interlock.model.errors import InterlockError, LeaseHeld, Retryable, ToolFailed
from interlock.model.state import StepState
from interlock.store import deployments, steps

Word = TypeVar("Word", bound=str | None)


def guarded(run: Run, name: str, body: Callable[[Run, str], Word]) -> Callable[[], Word | str]:
    """`body` with every error turned into "failed" (or "again", where somebody else was just faster)."""

    def run_guarded() -> Word | str:
        try:
            return body(run, name)
        except LeaseHeld as error:
            run.log(*name.split("/", 1))(f"interlock: {error.message}")
            run.cancel.wait(1.0)
            return "again"
        except InterlockError as error:
            if run.leaving.is_set():
                return "interrupted"
            fail(
                run,
                name,
                error.message,
                hint=error.hint or _hint(error),
                slug=error.slug,
                output=getattr(error, "output", ""),
            )
            return "failed"
        except Exception as error:
            run.log(*name.split("/", 1))(traceback.format_exc())
            fail(
                run,
                name,
                f"a bug in interlock: {type(error).__name__}",
                hint="its trace is in the step's log",
                slug="bug",
            )
            return "failed"

    return run_guarded


def fail(run: Run, name: str, message: str, *, hint: str, slug: str, output: str = "") -> None:
    """The step's verdict, and from now on nothing new starts in this deployment."""
    environment, component = name.split("/", 1)
    redact = run.context.worlds.secrets.redact
    log = run.log(environment, component)
    for line in output.splitlines() if output else ():
        log(line)
    with run.context.store.change(run.manifest.actor) as change:
        columns = {"error": redact(message), "error_hint": redact(hint), "error_slug": slug}
        steps.update(
            change.tx,
            run.id,
            environment,
            component,
            state=StepState.FAILED,
            finished=run.context.clock.now().isoformat(),
            **columns,
        )
        deployments.set_stopping(change.tx, run.id, f"{name} failed")
        change.audit("step-failed", name, before={}, after=columns, deployment=run.id)


def _hint(error: InterlockError) -> str:
    if isinstance(error, Retryable):
        return "nothing is wrong with the change itself: deploy again"
    if isinstance(error, ToolFailed):
        return "the tool's own words are in `interlock logs`"
    return ""
