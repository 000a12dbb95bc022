"""What `status` and `history` print."""

import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from interlock.cli.terminal import look
from interlock.model.units import format_duration
from interlock.render.table import Column, table

if TYPE_CHECKING:
    from interlock.app.standing import Standing


def columns(rows: Sequence[Sequence[str]], head: Sequence[str]) -> str:
    """A table for standard output: as wide as what is in it, so that piping it loses nothing."""
    _, color, unicode = look(sys.stdout)
    return table([Column(title) for title in head], rows, width=None, color=color, unicode=unicode).rstrip("\n")


def ago(stamp: str) -> str:
    """`12m ago` of an ISO 8601 time; "" of ""."""
    if not stamp:
        return ""
    return f"{format_duration(max(0.0, (datetime.now(UTC) - datetime.fromisoformat(stamp)).total_seconds()))} ago"


def standing_text(found: "Standing", results: Mapping[tuple[str, str], Any]) -> str:
    parts: list[str] = []
    if not found.releases and not found.active:
        return "Nothing is deployed from here yet. See what would be: interlock plan; then: interlock deploy"
    if found.releases:
        head = ["ENVIRONMENT", "COMPONENT", "STATUS", "COMMIT", "WHEN", "RELEASE", "DRIFT"]
        rows = []
        for r in found.releases:
            drift = found.drift.get((r.environment, r.component))
            said = "" if drift is None else "not checked" if drift.error else "drifted" if drift.digest else "none"
            rows.append(
                [r.environment, r.component, str(r.status), r.commit[:12], ago(r.verified_at or r.at), r.id, said]
            )
        parts.append(columns(rows, head))
    for (environment, component), several in results.items():
        for result in several:
            parts.append(
                f"{'ok    ' if result.passed else 'FAILED'}  {environment}/{component}  {result.name}: {result.detail}"
            )
    for hold in found.held:
        parts.append(f"held: {hold.revision[:12]} of {hold.environment}/{hold.component}: {hold.reason}")
    for view in found.active:
        counts: dict[str, int] = {}
        for step in view.steps:
            counts[str(step.state)] = counts.get(str(step.state), 0) + 1
        said = ", ".join(f"{n} {state}" for state, n in counts.items())
        parts.append(f"{view.id}  {view.state}  {view.commit[:12]}  {said}\n  more: interlock status {view.id}")
    return "\n".join(parts)
