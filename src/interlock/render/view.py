"""A plan report as people think of it: rows, groups, differences, what cannot be undone, totals, what to do next.

The one model between `PlanReport` and everything drawn from it (terminal, Markdown, JSON, a page). No text is cut and nothing is laid out here.
Order is the report's: environments as they are deployed, components within; changes by address.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import groupby

from interlock.model.change import Action, Change, Note, OutputChange, Undo
from interlock.model.plan import Direction
from interlock.model.report import LeftOut, PlanEntry, PlanReport
from interlock.render.diff import Diff, diff

#: How each action is written, in the order in which they are counted.
SIGNS = {
    Action.CREATE: "+",
    Action.UPDATE: "~",
    Action.REPLACE: "±",
    Action.DELETE: "-",
    Action.MOVE: "→",
    Action.IMPORT: "⇐",
    Action.FORGET: "✕",
}


class Status(StrEnum):
    CHANGES = "changes"
    UNCHANGED = "unchanged"
    DEFERRED = "deferred"
    FAILED = "failed"


@dataclass(frozen=True)
class Counts:
    """How many changes of each action that writes, and how many outputs change. A replace counts once, a move with an update as both."""

    actions: tuple[tuple[Action, int], ...] = ()
    outputs: int = 0

    def __getitem__(self, action: Action) -> int:
        return dict(self.actions).get(action, 0)

    def __bool__(self) -> bool:
        return bool(self.actions or self.outputs)

    def words(self) -> str:
        """`2 to create, 1 to replace, 1 output`; "nothing" when there is nothing."""
        parts = [f"{count} to {action}" for action, count in self.actions]
        if self.outputs:
            parts.append(plural(self.outputs, "output"))
        return ", ".join(parts) or "nothing"


@dataclass(frozen=True)
class Row:
    """One line per component: `waits` are the outputs it is deferred on, `gates` what would have to pass before it is applied."""

    component: str
    environment: str
    kind: str
    status: Status
    counts: Counts
    removal: bool
    reasons: tuple[str, ...]
    conditional: bool
    seconds: float
    undo: Undo
    waits: tuple[str, ...]
    gates: tuple[str, ...]

    @property
    def name(self) -> str:
        return f"{self.environment}/{self.component}"


@dataclass(frozen=True)
class ChangeView:
    change: Change
    diff: Diff


@dataclass(frozen=True)
class Group:
    """What there is to say of one component in one environment below its row. `same_as` names an earlier group with the very same content."""

    row: Row
    tool: str
    direction: str
    changes: tuple[ChangeView, ...] = ()
    reads: int = 0
    outputs: tuple[OutputChange, ...] = ()
    found: tuple[ChangeView, ...] = ()
    notes: tuple[Note, ...] = ()
    error: str = ""
    error_hint: str = ""
    same_as: str = ""


@dataclass(frozen=True)
class NoWayBack:
    """A change that a rollback undoes with a loss, or not at all."""

    component: str
    environment: str
    address: str
    action: Action
    undo: Undo
    reason: str


@dataclass(frozen=True)
class PlanView:
    commit: str
    base: str
    dirty: bool
    environments: tuple[tuple[str, tuple[Row, ...]], ...]
    groups: tuple[Group, ...]
    no_way_back: tuple[NoWayBack, ...]
    totals: Counts
    statuses: tuple[tuple[Status, int], ...]
    left_out: tuple[tuple[str, tuple[LeftOut, ...]], ...]
    report: PlanReport
    next: tuple[str, ...]

    @property
    def rows(self) -> tuple[Row, ...]:
        return tuple(row for _, rows in self.environments for row in rows)

    def of(self, status: Status) -> int:
        return dict(self.statuses).get(status, 0)


def plan_view(report: PlanReport, *, next_command: str | None = None) -> PlanView:
    """`next_command` replaces the command that would deploy this plan (a caller that was given components or an environment knows better)."""
    rows = tuple(_row(entry) for entry in report.entries)
    groups = tuple(_groups(zip(report.entries, rows, strict=True)))
    statuses = Counter(row.status for row in rows)
    return PlanView(
        commit=report.commit,
        base=report.base,
        dirty=report.dirty,
        environments=tuple((name, tuple(some)) for name, some in _by_environment(rows)),
        groups=groups,
        no_way_back=tuple(_no_way_back(report.entries)),
        totals=_sum(row.counts for row in rows),
        statuses=tuple((status, statuses[status]) for status in Status if statuses[status]),
        left_out=_left_out(report.left_out),
        report=report,
        next=tuple(_next(report, rows, next_command)),
    )


def plural(count: int, noun: str) -> str:
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def short(commit: str) -> str:
    """Git's short form of a full object name; other revisions as they are."""
    return commit[:8] if len(commit) in (40, 64) and all(c in "0123456789abcdef" for c in commit) else commit


def _row(entry: PlanEntry) -> Row:
    counts = Counts()
    if entry.error:
        status = Status.FAILED
    elif entry.plan is None:
        status = (
            Status.DEFERRED if entry.deferred else Status.FAILED
        )  # neither a plan, an error nor a reason to wait: not a success
    else:
        status = Status.UNCHANGED if entry.plan.empty else Status.CHANGES
        counts = _count(entry.plan.changes, entry.plan.planned.outputs)
    return Row(
        component=entry.component,
        environment=entry.environment,
        kind=entry.kind,
        status=status,
        counts=counts,
        removal=entry.plan is not None and entry.plan.direction is Direction.REMOVE,
        reasons=entry.reasons,
        conditional=entry.conditional,
        seconds=entry.seconds,
        undo=entry.plan.worst_undo if entry.plan else Undo.RESTORABLE,
        waits=entry.deferred,
        gates=entry.blocked,
    )


def _count(changes: Iterable[Change], outputs: Iterable[OutputChange]) -> Counts:
    found: Counter[Action] = Counter()
    for change in changes:
        if change.writes:
            found[change.action] += 1
            found[Action.MOVE] += change.previous_address is not None and change.action is not Action.MOVE
            found[Action.IMPORT] += change.importing is not None and change.action is not Action.IMPORT
    count = sum(output.action is not Action.NONE for output in outputs)
    return Counts(tuple((action, found[action]) for action in SIGNS if found[action]), count)


def _sum(counts: Iterable[Counts]) -> Counts:
    total: Counter[Action] = Counter()
    outputs = 0
    for count in counts:
        total.update(dict(count.actions))
        outputs += count.outputs
    return Counts(tuple((action, total[action]) for action in SIGNS if total[action]), outputs)


def _groups(pairs: Iterable[tuple[PlanEntry, Row]]) -> Iterable[Group]:
    """Components with something to say beside their row. Equal ones of several environments are told once."""
    seen: dict[tuple[object, ...], str] = {}
    for entry, row in pairs:
        if entry.plan is None:
            if row.status is Status.FAILED:
                error = entry.error or "it was not planned, and nothing says why"
                yield Group(row, tool="", direction="", error=error, error_hint=entry.error_hint)
            continue
        planned = entry.plan.planned
        changes = tuple(change for change in planned.changes if change.writes)
        outputs = tuple(output for output in planned.outputs if output.action is not Action.NONE)
        if not (changes or outputs or planned.found or planned.notes):
            continue
        key = (entry.component, entry.plan.direction, repr((changes, outputs, planned.found, planned.notes)))
        yield Group(
            row=row,
            tool=f"{planned.tool.name} {planned.tool.version}".strip(),
            direction=str(entry.plan.direction),
            changes=tuple(_view(change) for change in changes),
            reads=sum(change.action is Action.READ for change in planned.changes),
            outputs=outputs,
            found=tuple(_view(change) for change in planned.found),
            notes=planned.notes,
            same_as=seen.get(key, ""),
        )
        seen.setdefault(key, row.name)


def _view(change: Change) -> ChangeView:
    return ChangeView(change, diff(change.before, change.after, change.replace_paths))


def _no_way_back(entries: Iterable[PlanEntry]) -> Iterable[NoWayBack]:
    found = [
        NoWayBack(entry.component, entry.environment, change.address, change.action, change.undo, change.undo_reason)
        for entry in entries
        if entry.plan is not None
        for change in entry.plan.changes
        if change.writes and change.undo is not Undo.RESTORABLE
    ]
    return sorted(found, key=lambda way: -way.undo.rank)  # stable: the report's order within each class


def _by_environment(rows: Iterable[Row]) -> Iterable[tuple[str, list[Row]]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row.environment, []).append(row)
    return found.items()


def _left_out(left: Iterable[LeftOut]) -> tuple[tuple[str, tuple[LeftOut, ...]], ...]:
    """By reason, as one reason usually covers many."""
    ordered = sorted(left, key=lambda out: (out.reason, out.environment, out.component))
    return tuple((reason, tuple(some)) for reason, some in groupby(ordered, key=lambda out: out.reason))


def _next(report: PlanReport, rows: tuple[Row, ...], command: str | None) -> Iterable[str]:
    if failed := [row.name for row in rows if row.status is Status.FAILED]:
        yield f"mend {failed[0]}{f' and {len(failed) - 1} more' if failed[1:] else ''}, then: interlock plan"
    elif report.dirty:
        yield "commit what you changed, then: interlock deploy"
    elif not any(row.status in (Status.CHANGES, Status.DEFERRED) for row in rows):
        yield "nothing to deploy"
    else:
        yield command or f"interlock deploy --at {short(report.commit)}"
