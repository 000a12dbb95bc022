"""Running checks: once to a verdict, several at a time, and again and again while a deployment soaks.

References in a check's settings are resolved when it runs, by the caller's `look_up`. Every secret that comes out of it is registered before it is
used, and every detail is redacted after, so that no answer, however it echoes, brings a secret into a result.

Errors are answers here: an attempt that raises was a bad attempt with the error as its detail. Settings that make no sense fail at once. Only
a request to stop raises (Cancelled), because it says nothing about health.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from interlock.engine.checks import command, http, runner, tcp
from interlock.engine.checks.bounded import bounded
from interlock.engine.checks.judge import Attempt, Judgement, judge
from interlock.engine.checks.seen import BadSettings, Seen, short
from interlock.model.check import Check, CheckResult
from interlock.model.errors import Cancelled, InterlockError
from interlock.model.template import Reference, TemplateError, resolve, text_of
from interlock.world import World

LookUp = Callable[[Reference], Any]
_AT_ONCE = 8
_SHORTEST_PAUSE = 0.05


@dataclass(frozen=True)
class Outside:
    """What checks get beside their settings: the exact environment and the folder of `command`, and organization.yaml's `runners`."""

    environ: Mapping[str, str] = field(default_factory=dict)
    cwd: Path = Path("/")
    runners: Mapping[str, Any] = field(default_factory=dict)


def run_check(check: Check, look_up: LookUp, world: World, outside: Outside | None = None) -> CheckResult:
    """Attempts until `judge` has a verdict. Raises Cancelled."""
    start = world.clock.monotonic()
    attempts: list[Attempt] = []
    seen = Seen(False, "no attempt was made")
    while True:
        left = check.within - (world.clock.monotonic() - start)
        if left > 0:
            seen, final = _attempt(check, min(check.timeout, left), look_up, world, outside or Outside())
            attempts.append(Attempt(world.clock.monotonic() - start, seen.good))
            if final:
                return _result(check, False, seen, len(attempts), start, world)
        now = world.clock.monotonic() - start
        verdict = judge(check, attempts, now)
        if verdict is not Judgement.CONTINUE:
            if verdict is Judgement.FAILED and seen.good:
                seen = replace(
                    seen, detail=f"{seen.detail}, but only {_streak(attempts)} good in a row within the time"
                )
            return _result(check, verdict is Judgement.PASSED, seen, len(attempts), start, world)
        _pause(min(max(check.interval, _SHORTEST_PAUSE), max(check.within - now, 0)), world)


def run_checks(
    checks: Sequence[Check],
    look_up: LookUp,
    world: World,
    outside: Outside | None = None,
    on_result: Callable[[CheckResult], None] | None = None,
) -> tuple[CheckResult, ...]:
    """All of them, several at a time; results in the order of `checks`. Every one runs to its verdict, also when another failed."""

    def one(check: Check) -> CheckResult:
        result = run_check(check, look_up, world, outside)
        if on_result:
            on_result(result)
        return result

    return _parallel(checks, one)


def soak(
    checks: Sequence[Check],
    seconds: float,
    look_up: LookUp,
    world: World,
    outside: Outside | None = None,
    on_progress: Callable[[float, tuple[CheckResult, ...]], None] | None = None,
) -> tuple[CheckResult, ...]:
    """Continuous health: every sample of every check is good for `seconds`, the one at the end included. Any bad sample fails it.

    A check that asks for several `failures` in a row is given them here too. Samples are `interval` apart (the longest of all checks). The results
    are those of the last samples; on failure the failing ones among them say so. Without checks the time is waited and the result is empty:
    it shows nothing, and the caller must not take it for a proof. Raises Cancelled.
    """
    start = world.clock.monotonic()
    pause = max([c.interval for c in checks] + [_SHORTEST_PAUSE])
    bad = [0] * len(checks)
    made = 0
    while True:
        results = _parallel(checks, lambda check: _sample(check, look_up, world, outside or Outside()))
        made += 1
        elapsed = world.clock.monotonic() - start
        bad = [0 if result.passed else count + 1 for result, count in zip(results, bad, strict=True)]
        results = tuple(replace(r, attempts=made, seconds=elapsed) for r in results)
        if on_progress:
            on_progress(elapsed, results)
        if any(count >= max(1, check.failures) for count, check in zip(bad, checks, strict=True)):
            return results
        # At the end no check may still be within its allowed bad samples: the last word must be good.
        if not elapsed < seconds:
            return results
        _pause(min(pause, seconds - elapsed), world)


def _sample(check: Check, look_up: LookUp, world: World, outside: Outside) -> CheckResult:
    start = world.clock.monotonic()
    seen, _ = _attempt(check, check.timeout, look_up, world, outside)
    return _result(check, seen.good, seen, 1, start, world)


def _attempt(check: Check, timeout: float, look_up: LookUp, world: World, outside: Outside) -> tuple[Seen, bool]:
    """What one try saw, and whether trying again is useless. An answer that took longer than `timeout` is no good answer."""
    if world.cancel.requested:
        raise Cancelled(f"check {check.name} was cancelled")
    start = world.clock.monotonic()
    try:
        seen = _look(check, timeout, look_up, world, outside)
    except Cancelled:
        raise
    except BadSettings as error:
        return Seen(False, str(error)), True
    except TemplateError as error:
        return Seen(False, f"its settings: {error}"), True
    except InterlockError as error:
        return Seen(False, error.message), False
    except Exception as error:  # whatever a hostile answer provokes in a parser is a bad answer, told by its type alone
        return Seen(False, f"unexpected {type(error).__name__}"), False
    if seen.good and world.clock.monotonic() - start > timeout:
        return Seen(False, f"{seen.detail}, but too late"), False
    return seen, False


def _look(check: Check, timeout: float, look_up: LookUp, world: World, outside: Outside) -> Seen:
    settings = _clear(resolve(dict(check.settings), look_up, _joiner(world)), world)
    match check.type:
        case "http":
            return bounded(lambda: http.attempt(settings, timeout, world), timeout, world)
        case "tcp":
            return bounded(lambda: tcp.attempt(settings, timeout), timeout, world)
        case "command":
            return command.attempt(settings, timeout, world, outside.environ, outside.cwd)
        case "runner":
            runners = _clear(resolve(dict(outside.runners), look_up, _joiner(world)), world)
            return bounded(lambda: runner.attempt(settings, timeout, world, runners), timeout, world)
        case _:
            raise BadSettings(
                f"there is no check of type '{short(check.type, 40)}'; there are command, http, runner and tcp"
            )


def _result(check: Check, passed: bool, seen: Seen, attempts: int, start: float, world: World) -> CheckResult:
    return CheckResult(
        name=check.name,
        type=check.type,
        passed=passed,
        detail=short(world.secrets.redact(seen.detail), 400),
        attempts=attempts,
        seconds=round(world.clock.monotonic() - start, 3),
        at=world.clock.now().isoformat(timespec="milliseconds"),
    )


def _clear(value: Any, world: World) -> Any:
    """Plain JSON. Whatever was a secret is registered first, so that it is redacted wherever it turns up."""
    if callable(reveal := getattr(value, "reveal", None)):
        text = str(reveal())
        world.secrets.register(text)
        return text
    if isinstance(value, Mapping):
        return {key: _clear(item, world) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_clear(item, world) for item in value]
    return value


def _joiner(world: World) -> Callable[[list[Any]], Any]:
    return lambda parts: "".join(text_of(_clear(part, world)) for part in parts)


def _streak(attempts: Sequence[Attempt]) -> int:
    return next((n for n, attempt in enumerate(reversed(attempts)) if not attempt.good), len(attempts))


def _pause(seconds: float, world: World) -> None:
    if seconds > 0 and world.cancel.wait(seconds):
        raise Cancelled("the checks were cancelled")


def _parallel(checks: Sequence[Check], one: Callable[[Check], CheckResult]) -> tuple[CheckResult, ...]:
    if len(checks) < 2:
        return tuple(map(one, checks))
    with ThreadPoolExecutor(max_workers=min(_AT_ONCE, len(checks)), thread_name_prefix="check") as pool:
        return tuple(pool.map(one, checks))
