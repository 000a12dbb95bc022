"""A deployment told in words: its status, why it failed and what was left how, and what to type next."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from interlock.model.gate import Gate, Verdict
from interlock.model.state import DeploymentState, StepState
from interlock.model.view import DeploymentView, StepView
from interlock.render.line import Line, Look, clean, line, paint, prose
from interlock.render.tree import SIGNS, STYLES, gate_lines, summary, tree_lines, words
from interlock.render.view import plural, short


def status_text(
    view: DeploymentView,
    now: datetime | None = None,
    *,
    width: int = 80,
    color: bool = False,
    unicode: bool = True,
    rows: int = 1000,
) -> str:
    """The tree, the gates that stop it, and, when it ended badly, the failure. Without `now`, no running times."""
    look = Look(max(width, 40), unicode)
    lines = [*tree_lines(view, now, look, rows=rows), *_blocking(view, now, look)]
    if failure := list(failure_lines(view, look)):
        lines += [(), *failure]
    if following := list(_next(view)):
        lines += [(), *following]
    return paint(lines, look, color=color)


def gates_text(
    gates: Iterable[Gate], now: datetime | None = None, *, width: int = 80, color: bool = False, unicode: bool = True
) -> str:
    look = Look(max(width, 40), unicode)
    return paint(gate_lines(gates, look, now=now), look, color=color)


def failure_text(view: DeploymentView, *, width: int = 80, color: bool = False, unicode: bool = True) -> str:
    """What happened, what was left how, and the next command; "" for a deployment that did not end badly."""
    look = Look(max(width, 40), unicode)
    lines = list(failure_lines(view, look))
    return paint([*lines, *_next(view)] if lines else [], look, color=color)


def failure_lines(view: DeploymentView, look: Look) -> Iterator[Line]:
    bad = [step for step in view.steps if step.state.bad or (step.error and step.state is StepState.UNDONE)]
    if not (view.state.bad or view.failure or bad):
        return
    head = line((view.id, "strong"), "  ", (words(view.state), STYLES[view.state]), ": ")
    yield from prose(
        clean(view.failure) or (f"{bad[0].name} {words(bad[0].state)}" if bad else "no reason was recorded"),
        look,
        indent=2,
        first=head,
    )
    if view.failure_hint:
        yield from prose(clean(view.failure_hint), look, indent=2, first=line("  "), style="info")
    for step in bad:
        sign, style = SIGNS[step.state]
        start = line("  ", (look.glyph(f"{sign} "), style), (step.name, "strong"), f" {words(step.state)}: ")
        yield from prose(clean(step.error) or "no reason was recorded", look, indent=4, first=start)
        if step.error_hint:
            yield from prose(clean(step.error_hint), look, indent=4, first=line("    "), style="info")
        for check in step.checks:
            if not check.passed:
                yield from prose(
                    f"check {check.name} ({check.type}): {clean(check.detail)}", look, indent=6, first=line("    ")
                )
    yield ()
    yield from prose(left_how(view), look, indent=2, first=line("  ", ("What is left: ", "strong")))
    if view.held:
        text = f"revision {short(view.held)} is held: it will not be deployed again until a newer one is verified or a person releases it"
        yield from prose(text, look, indent=2, first=line("  "))


def left_how(view: DeploymentView) -> str:
    """The state of the world in a sentence. Says "unknown" wherever it is."""
    unknown = [step.name for step in view.steps if step.state is StepState.INTERRUPTED]
    stuck = [step.name for step in view.steps if step.state is StepState.UNDO_FAILED]
    partial = [step for step in view.steps if step.state in (StepState.FAILED, StepState.CANCELLED) and step.done]
    undone = [step.name for step in view.steps if step.state is StepState.UNDONE]
    verified = [step.name for step in view.steps if step.state is StepState.VERIFIED]
    never = sum(
        step.state in (StepState.SKIPPED, StepState.WAITING, StepState.BLOCKED, StepState.DEFERRED)
        for step in view.steps
    )
    parts = []
    if unknown:
        parts.append(f"{_some(unknown)}: unknown, cut off while applying")
    parts += [_partial(step) for step in partial]
    if stuck:
        parts.append(f"{_some(stuck)}: still changed, undoing did not work")
    if undone:
        parts.append(f"{_some(undone)}: as before, undone")
    if verified:
        parts.append(f"{_some(verified)}: deployed and verified")
    if never:
        parts.append(f"{plural(never, 'step')} never started")
    if view.state is DeploymentState.PARTLY_CHANGED and not (unknown or partial or stuck):
        parts.insert(0, "the world is partly changed")
    if view.state is DeploymentState.FAILED and not parts:
        parts.append("as before; nothing was written")
    return "; ".join(parts) or "not known"


def _partial(step: StepView) -> str:
    return f"{step.name}: {step.done} of {plural(step.done + step.left, 'change')} written"


def _some(names: list[str], most: int = 5) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def next_commands(view: DeploymentView) -> tuple[str, ...]:
    """What a person would type now, each line a command or what to do before it; empty when there is nothing to do."""
    bad = [step for step in view.steps if step.state.bad]
    logs = (
        f"interlock logs {view.id} {bad[0].component} --env {bad[0].environment}"
        if bad
        else f"interlock show {view.id}"
    )
    match view.state:
        case DeploymentState.BLOCKED:
            stopping = [g for step in view.steps for g in step.gates if g.verdict is not Verdict.PASS and g.unblock]
            return (clean(stopping[0].unblock) if stopping else f"interlock status {view.id}",)
        case DeploymentState.INTERRUPTED:
            return (f"interlock deploy --resume {view.id}",)
        case DeploymentState.PARTLY_CHANGED:
            return (logs, f"interlock rollback --deployment {view.id}")
        case DeploymentState.FAILED | DeploymentState.ROLLED_BACK:
            return (logs, "mend it in a new commit, then: interlock deploy")
        case DeploymentState.SUPERSEDED if view.superseded_by:
            return (f"interlock status {view.superseded_by}",)
    return ()


def _next(view: DeploymentView) -> Iterator[Line]:
    """Never wrapped, so that it can be copied."""
    for number, text in enumerate(next_commands(view)):
        yield line(("Next: " if not number else "      ", "strong"), text)


def _blocking(view: DeploymentView, now: datetime | None, look: Look) -> Iterator[Line]:
    """Gates that stop something; the same gate of many steps is told once."""
    told: dict[Gate, list[str]] = {}
    for step in view.steps:
        if step.state is StepState.BLOCKED:
            for gate in step.gates:
                if gate.verdict is not Verdict.PASS:
                    told.setdefault(gate, []).append(step.name)
    for gate, names in told.items():
        yield ()
        yield line((_some(names), "strong"))
        yield from gate_lines((gate,), look, now=now, indent=2)


def plain_events(previous: DeploymentView | None, view: DeploymentView) -> list[str]:
    """Lines to print where nothing can be redrawn: one per change of state, in the order of steps, and one for the deployment's own."""
    before = {step.name: step for step in previous.steps} if previous else {}
    lines = []
    if previous is None:
        lines.append(f"{view.id} {words(view.state)} {short(view.commit)}: {summary(view)}")
    for step in view.steps:
        was = before.get(step.name)
        quiet = was is None and step.state is StepState.WAITING
        if not quiet and (was is None or was.state is not step.state or _stops(was) != _stops(step)):
            lines.append(_event(step))
    if previous is not None:
        lines += [f"warning: {clean(notice)}" for notice in view.notices if notice not in previous.notices]
        if previous.state is not view.state:
            reason = f": {clean(view.failure)}" if view.failure else ""
            lines.append(f"{view.id} {words(view.state)}{reason}")
    return lines


def _stops(step: StepView) -> tuple[tuple[str, str], ...]:
    return tuple((gate.name, gate.reason) for gate in step.gates if gate.verdict is not Verdict.PASS)


def _event(step: StepView) -> str:
    text = f"{step.name} {words(step.state)}"
    if step.changes and step.state in (StepState.APPLYING, StepState.BLOCKED):
        text += f" {step.changes}"
    if step.state is StepState.BLOCKED:
        stops = [f"{gate.name}: {clean(gate.reason)}" for gate in step.gates if gate.verdict is not Verdict.PASS]
        text += f" ({'; '.join(stops)})" if stops else ""
    elif step.error and not step.state.active:
        text += f": {clean(step.error)}"
    elif step.state is StepState.DEFERRED and step.deferred:
        text += f" until there is {', '.join(step.deferred)}"
    return clean(text)
