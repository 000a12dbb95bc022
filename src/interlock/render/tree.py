"""A deployment as lines: the whole tree, what waits for what, what went wrong. From a `DeploymentView` and the time, nothing else.

A deployment of hundreds of steps must fit a screen: what runs, what failed and what waits for a person is always a line; the rest is
folded to counts, each environment by itself, as soon as there are more rows than `rows`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime

from interlock.model.gate import Gate, Verdict
from interlock.model.state import DeploymentState, StepState
from interlock.model.units import format_duration
from interlock.model.view import DeploymentView, EnvironmentView, StepView
from interlock.render.line import Line, Look, Span, cells, clean, clip, line, pad, prose
from interlock.render.view import plural, short

#: State → sign and meaning.
SIGNS = {
    StepState.WAITING: ("·", "dim"),
    StepState.CHECKING: ("▸", "info"),
    StepState.PLANNING: ("▸", "info"),
    StepState.DEFERRED: ("◌", "dim"),
    StepState.BLOCKED: ("◆", "warn"),
    StepState.APPLYING: ("▸", "change"),
    StepState.VERIFYING: ("▸", "info"),
    StepState.SOAKING: ("▸", "info"),
    StepState.VERIFIED: ("✓", "good"),
    StepState.UNCHANGED: ("✓", "dim"),
    StepState.DROPPED: ("✓", "dim"),
    StepState.FAILED: ("✗", "bad"),
    StepState.INTERRUPTED: ("✗", "bad"),
    StepState.CANCELLED: ("✗", "warn"),
    StepState.UNDOING: ("↶", "change"),
    StepState.UNDONE: ("↶", "good"),
    StepState.UNDO_FAILED: ("✗", "bad"),
    StepState.SKIPPED: ("·", "dim"),
}
STYLES = {
    DeploymentState.PLANNED: "dim",
    DeploymentState.RUNNING: "info",
    DeploymentState.BLOCKED: "warn",
    DeploymentState.VERIFIED: "good",
    DeploymentState.FAILED: "bad",
    DeploymentState.ROLLING_BACK: "change",
    DeploymentState.ROLLED_BACK: "warn",
    DeploymentState.PARTLY_CHANGED: "bad",
    DeploymentState.CANCELLED: "warn",
    DeploymentState.SUPERSEDED: "dim",
    DeploymentState.INTERRUPTED: "bad",
}
_FRAMES = "⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_STATE = max(len(str(state)) for state in StepState)
_TIME = 7


def words(state: StepState | DeploymentState) -> str:
    return str(state).replace("_", " ")


def elapsed(since: str, now: datetime | None) -> float | None:
    """Seconds from an ISO 8601 stamp to `now`; None without either, or for what is no stamp. Never negative: clocks differ."""
    then = _parsed(since)
    return max(0.0, (now - then).total_seconds()) if then and now else None


def _parsed(stamp: str) -> datetime | None:
    try:
        then = datetime.fromisoformat(stamp)
    except ValueError:
        return None
    return then if then.tzinfo else then.replace(tzinfo=UTC)


def moment(stamp: str) -> str:
    """A stamp to the minute, in UTC, as people write it: `2026-11-21 14:05 UTC`. What is no stamp stays as it is."""
    then = _parsed(stamp)
    if then is None:
        return clean(stamp)
    then = then.astimezone(UTC)
    return f"{then:%Y-%m-%d %H:%M} UTC"


def tree_lines(view: DeploymentView, now: datetime | None, look: Look, *, rows: int = 1000) -> Iterator[Line]:
    """The live tree. `rows` is how many lines there are for steps before quiet ones are folded."""
    yield head_line(view, now, look)
    count = sum(1 for _ in view.steps)
    names = min(max((cells(step.component) for step in view.steps), default=0), max(12, look.width // 3))
    for environment in view.environments:
        yield environment_line(environment, look)
        shown, folded = _fold(environment, rows * len(environment.steps) // max(count, 1) if count > rows else None)
        for step in shown:
            yield from step_lines(step, view, now, look, names)
        if folded:
            text = ", ".join(f"{number} {words(state)}" for state, number in folded)
            yield line("  ", (look.glyph("… "), "dim"), (clip(text, look.width - 4), "dim"))
    for notice in view.notices:
        yield from prose(clean(notice), look, indent=4, first=line("  ", (look.glyph("⚠ "), "warn")))


def head_line(view: DeploymentView, now: datetime | None, look: Look) -> Line:
    total = _total(view, now)
    kind = "" if view.type == "deploy" else f"  {view.type}"
    style = STYLES[view.state]
    time = f"  {format_duration(total)}" if total is not None else ""
    message = clip(clean(view.message.split("\n", 1)[0]), max(0, look.width - 48)) if look.width >= 70 else ""
    parts = (
        (view.id, "strong"),
        "  ",
        (words(view.state), style),
        kind,
        "  ",
        short(view.commit),
        (f"  {message}", "dim"),
        time,
    )
    return line(*parts)


def _total(view: DeploymentView, now: datetime | None) -> float | None:
    return elapsed(view.started or view.created, _parsed(view.finished) if view.finished else now)


def environment_line(environment: EnvironmentView, look: Look) -> Line:
    steps = environment.steps
    done = sum(step.state.done for step in steps)
    bad = sum(step.state.bad for step in steps)
    style = "bad" if bad else "good" if done == len(steps) else "dim"
    gates = [gate for gate in environment.gates if gate.verdict is not Verdict.PASS]
    reason = f"  {clean(gates[0].reason)}" if gates else ""
    counted = f"  {done} of {len(steps)} done"
    return line((environment.name, "strong"), (counted, style), (clip(reason, look.width - 30), "warn"))


def _fold(environment: EnvironmentView, room: int | None) -> tuple[list[StepView], list[tuple[StepState, int]]]:
    """Which steps are lines, and the counts of those that are not. None: all are. What needs a person comes before what runs."""
    if room is None or len(environment.steps) <= room:
        return list(environment.steps), []
    ranked = sorted(environment.steps, key=_interest)
    loud = sum(_interest(step) < 3 for step in ranked)
    chosen = {id(step) for step in ranked[: min(loud, max(room, 12))]}
    rest = Counter(step.state for step in environment.steps if id(step) not in chosen)
    return [s for s in environment.steps if id(s) in chosen], [
        (state, rest[state]) for state in StepState if rest[state]
    ]


def _interest(step: StepView) -> int:
    if step.state.bad:
        return 0
    if step.state is StepState.BLOCKED:
        return 1
    return 2 if step.state.active else 3 if not step.state.terminal else 4


def step_lines(step: StepView, view: DeploymentView, now: datetime | None, look: Look, names: int) -> Iterator[Line]:
    sign, style = SIGNS[step.state]
    if (
        step.state.active
        and look.unicode
        and not view.state.terminal
        and view.state is not DeploymentState.INTERRUPTED
        and now
    ):
        sign = _FRAMES[int(now.timestamp() * 8) % len(_FRAMES)]
    moving = step.state.active or step.state is StepState.BLOCKED
    spent = (elapsed(step.since, now) if moving else None) or step.seconds or None
    time = format_duration(spent) if spent is not None else ""
    mark = 2 if look.unicode else 3
    head = line(
        "  ",
        (pad(look.glyph(sign), mark), style),
        pad(clip(step.component, names), names),
        "  ",
        (pad(words(step.state), _STATE), style),
        (pad(time, _TIME, right=True), "dim"),
        "  ",
    )
    room = look.width - sum(cells(span.text) for span in head)
    counts = f"{step.changes}  " if step.changes and room > 30 else ""
    yield (
        *head,
        Span(counts),
        Span(clip(look.glyph(_remark(step)), max(8, room - len(counts))), "bad" if step.state.bad else "dim"),
    )


def _remark(step: StepView) -> str:
    """What is most worth knowing about a step in this state, on one line."""
    if step.error and not step.state.active:
        return clean(step.error)
    match step.state:
        case StepState.BLOCKED:
            stopping = [gate for gate in step.gates if gate.verdict is not Verdict.PASS]
            return clean(f"{stopping[0].name}: {stopping[0].reason}" if stopping else "waits for a gate")
        case StepState.WAITING if step.needs:
            return f"for {', '.join(step.needs)}"
        case StepState.DEFERRED if step.deferred:
            return f"until there is {', '.join(step.deferred)}"
        case _ if step.state.active:
            return clean(step.last_line)
    failed = [check for check in step.checks if not check.passed]
    return clean(f"check {failed[0].name}: {failed[0].detail}") if failed else ""


def gate_lines(gates: Iterable[Gate], look: Look, *, now: datetime | None = None, indent: int = 0) -> Iterator[Line]:
    """Each gate: verdict, reason, since when, and what would unblock it. Those that stop come first."""
    marks = {Verdict.PASS: ("✓", "good"), Verdict.PENDING: ("◆", "warn"), Verdict.FAIL: ("✗", "bad")}
    for gate in sorted(gates, key=lambda g: -g.verdict.rank):
        sign, style = marks[gate.verdict]
        spent = elapsed(gate.since, now) if now is not None and gate.verdict is not Verdict.PASS else None
        since = f" (for {format_duration(spent)})" if spent is not None else ""
        head = line(" " * indent, (pad(look.glyph(sign), 2 if look.unicode else 3), style), (gate.name, "strong"), ": ")
        yield from prose(clean(gate.reason) + since, look, indent=indent + 4, first=head)
        if gate.unblock and gate.verdict is not Verdict.PASS:
            start = line(" " * (indent + 4), (look.glyph("→ "), "info"))
            yield from prose(clean(gate.unblock), look, indent=indent + 6, first=start, style="info")


def summary(view: DeploymentView) -> str:
    """`12 verified, 3 unchanged, 1 failed`."""
    counts = Counter(step.state for step in view.steps)
    return ", ".join(f"{counts[state]} {words(state)}" for state in StepState if counts[state]) or plural(0, "step")
