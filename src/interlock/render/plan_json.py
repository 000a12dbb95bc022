"""A plan report as one JSON document for machines. Additions keep the version; anything else raises it.

    type, version       "plan", 1
    commit, base, dirty what was planned, against what; a dirty plan can never be applied
    totals              {create, update, replace, delete, move, import, forget, outputs}
    steps               one per (environment, component), in the order in which they would be deployed:
      component, environment, kind
      status            changes | unchanged | deferred | failed
      direction         deploy | remove | undo | correct, or null without a plan
      reasons           why it is in; `conditional`: only because of a dependency
      plan              {id, intent, speculative, tool, providers, base} or null
      counts            as totals
      changes           address, action, type, provider, previous_address, importing, deposed, reason, create_before_destroy,
                        before, after, replace_paths, undo (restorable | lossy | irreversible), undo_reason, and
                        differences: [{path, text, how: added | removed | changed | reordered, before, after, lines, forces_replacement}];
                        a path may lead into a string that is itself a JSON document
      outputs           name, action, before, after, sensitive
      found             as changes: made outside, seen while planning
      notes             slug, message, address, severity
      deferred_on       outputs it waits for
      gates             what would have to pass before it is applied, as sentences
      error             {message, hint} or null
      seconds
    no_way_back         [{component, environment, address, action, undo, reason}]: what a rollback cannot undo, or only with a loss
    left_out            [{component, environment, reason}]
    warnings            [{file, line, column, slug, message, value, nearest, hint, severity}]
    next                what to type next

A sensitive value is {"$masked": KEYED DIGEST}, one not yet known {"$unknown": true}, wherever a value stands.
"""

from typing import Any

from interlock.model.change import Action, Change, OutputChange
from interlock.model.codec import encode
from interlock.model.errors import Problem
from interlock.model.report import PlanEntry, PlanReport
from interlock.render.diff import Difference, diff
from interlock.render.value import path_text
from interlock.render.view import SIGNS, Counts, Row, Status, plan_view


def plan_json(report: PlanReport, *, next_command: str | None = None) -> dict[str, Any]:
    view = plan_view(report, next_command=next_command)
    return {
        "type": "plan",
        "version": 1,
        "commit": report.commit,
        "base": report.base,
        "dirty": report.dirty,
        "totals": _counts(view.totals),
        "steps": [_step(entry) for entry in zip(report.entries, rows_in_order(report, view.rows), strict=True)],
        "no_way_back": encode(view.no_way_back),
        "left_out": encode(report.left_out),
        "warnings": [problem_json(problem) for problem in report.warnings],
        "next": list(view.next),
    }


def rows_in_order(report: PlanReport, rows: tuple[Row, ...]) -> list[Row]:
    """Rows are kept by environment; entries come in the order of deployment."""
    named = {row.name: row for row in rows}
    return [named[f"{entry.environment}/{entry.component}"] for entry in report.entries]


def change_json(change: Change) -> dict[str, Any]:
    found = diff(change.before, change.after, change.replace_paths)
    value: dict[str, Any] = encode(change)
    return {**value, "differences": [_difference(difference) for difference in found.differences]}


def problem_json(problem: Problem) -> dict[str, Any]:
    return {
        "file": problem.location.file,
        "line": problem.location.line,
        "column": problem.location.column,
        "slug": problem.slug,
        "message": problem.message,
        "value": problem.value,
        "nearest": problem.nearest,
        "hint": problem.hint,
        "severity": problem.severity,
    }


def _step(pair: tuple[PlanEntry, Row]) -> dict[str, Any]:
    entry, row = pair
    plan = entry.plan
    failed = row.status is Status.FAILED
    error = {"message": entry.error or "it was not planned, and nothing says why", "hint": entry.error_hint}
    planned = plan.planned if plan else None
    return {
        "component": entry.component,
        "environment": entry.environment,
        "kind": entry.kind,
        "status": str(row.status),
        "direction": str(plan.direction) if plan else None,
        "reasons": list(entry.reasons),
        "conditional": entry.conditional,
        "plan": None
        if plan is None
        else {
            "id": plan.id,
            "intent": plan.intent,
            "speculative": plan.speculative,
            "tool": f"{plan.planned.tool.name} {plan.planned.tool.version}".strip(),
            "providers": dict(plan.planned.tool.providers),
            "base": encode(plan.planned.base),
        },
        "counts": _counts(row.counts),
        "changes": [change_json(c) for c in planned.changes if c.action is not Action.NONE] if planned else [],
        "outputs": [_output(o) for o in planned.outputs if o.action is not Action.NONE] if planned else [],
        "found": [change_json(c) for c in planned.found] if planned else [],
        "notes": [
            {"slug": n.slug, "message": n.message, "address": n.address, "severity": n.severity} for n in planned.notes
        ]
        if planned
        else [],
        "deferred_on": list(entry.deferred),
        "gates": list(entry.blocked),
        "error": error if failed else None,
        "seconds": round(entry.seconds, 3),
    }


def _output(output: OutputChange) -> dict[str, Any]:
    value: dict[str, Any] = encode(output)
    return value


def _counts(counts: Counts) -> dict[str, int]:
    return {**{str(action): counts[action] for action in SIGNS}, "outputs": counts.outputs}


def _difference(difference: Difference) -> dict[str, Any]:
    return {
        "path": list(difference.path),
        "text": path_text(difference.path),
        "how": str(difference.how),
        "before": difference.before,
        "after": difference.after,
        "lines": list(difference.lines),
        "forces_replacement": difference.forces,
    }
