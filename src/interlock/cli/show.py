"""`interlock show`: one deployment, plan or release, whole."""

import sys
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Annotated, Any

import typer

from interlock.cli.options import HERE, Json, Repository, open_project, print_json, verb
from interlock.model.errors import Exit

if TYPE_CHECKING:
    from interlock.app.showing import ShownDeployment, ShownPlan
    from interlock.model.plan import Blob
    from interlock.model.release import Release
    from interlock.store.plans import StoredPlan

app = verb()

Rows = list[tuple[str, str]]


@app.command(
    help="Show one deployment (d-...), plan (p-...) or release (r-...), whole; the beginning of an id does. Sensitive values are never shown."
)
def show(
    id_: Annotated[str, typer.Argument(help="The id, or the beginning of it.", metavar="ID")],
    repository: Repository = HERE,
    json_: Json = False,
) -> int:
    from interlock.app.showing import ShownDeployment, ShownPlan, shown_json
    from interlock.app.showing import show as find

    shown = find(open_project(repository).records(), id_)
    if json_:
        print_json(shown_json(shown))
    elif isinstance(shown, ShownDeployment):
        _deployment(shown)
    elif isinstance(shown, ShownPlan):
        _plan(shown)
    else:
        print(_columns(release_rows(shown)))
    return int(Exit.DONE)


def _deployment(shown: "ShownDeployment") -> None:
    from interlock.cli.following import ending
    from interlock.cli.tables import ago, columns
    from interlock.model.plan import summary

    print(ending(shown.view).rstrip())
    if not shown.plans:
        return
    rows = [
        [
            s.plan.id,
            f"{s.plan.environment}/{s.plan.component}",
            str(s.plan.direction),
            summary(s.plan),
            ago(s.created),
            _used(s),
        ]
        for s in shown.plans
    ]
    print()
    print(columns(rows, ["PLAN", "STEP", "WAY", "CHANGES", "MADE", "APPLIED"]))
    print()
    print(_report(shown.report, f"interlock show {shown.plans[-1].plan.id}"))


def _plan(shown: "ShownPlan") -> None:
    stored = shown.stored
    where = stored.deployment and f"interlock show {stored.deployment}"
    print(_report(shown.report, where or None))
    print()
    print(_columns(plan_rows(stored)))


def _report(report: Any, command: str | None) -> str:
    from interlock.cli.terminal import look
    from interlock.render.plan_terminal import plan_terminal

    width, color, unicode = look(sys.stdout)
    return plan_terminal(report, width=width, color=color, unicode=unicode, next_command=command).rstrip()


def plan_rows(stored: "StoredPlan") -> Rows:
    plan = stored.plan
    return [
        ("plan", plan.id),
        ("deployment", stored.deployment or "none"),
        ("direction", str(plan.direction)),
        ("made", stored.created),
        ("applied", _used(stored)),
        ("commit", plan.commit),
        ("tree", plan.tree),
        *_tool(plan.planned.tool),
        *_mapping("base", plan.planned.base),
        ("intent", plan.intent),
        ("artifact", _blob(plan.planned.artifact)),
        ("closure", _blob(plan.closure)),
        ("inputs", _blob(plan.inputs)),
    ]


def release_rows(release: "Release") -> Rows:
    rows = [
        ("release", release.id),
        ("component", f"{release.component} in {release.environment} ({release.kind})"),
        ("status", str(release.status)),
        ("direction", str(release.direction)),
        ("commit", release.commit),
        ("tree", release.tree),
        ("deployment", release.deployment),
        ("plan", release.plan),
        ("at", release.at),
        ("verified", release.verified_at or "not verified"),
        ("restores", release.restores),
        ("undone by", release.undone_by),
        ("depends on", ", ".join(release.pair.depends_on)),
        *_tool(release.tool),
        *_mapping("base before", release.base_before),
        *_mapping("base", release.base),
        *_mapping("output", {name: output.value for name, output in release.outputs.items()}),
        *((f"artifact {name}", _blob(blob)) for name, blob in sorted(release.artifacts.items())),
        ("closure", _blob(release.closure)),
        ("inputs", _blob(release.inputs)),
    ]
    return [(name, value) for name, value in rows if value]


def _used(stored: "StoredPlan") -> str:
    if stored.plan.speculative:
        return "never: speculative"
    return f"{stored.consumed} (fencing token {stored.consumed_fence})" if stored.consumed else "not applied"


def _tool(tool: Any) -> Rows:
    providers = [("provider", f"{name} {version}") for name, version in sorted(tool.providers.items())]
    return [("tool", f"{tool.name} {tool.version}".strip()), *providers]


def _mapping(name: str, values: Mapping[str, Any]) -> Rows:
    from interlock.render.value import value_text

    return [(f"{name} {key}", value_text(value)) for key, value in sorted(values.items())]


def _blob(blob: "Blob | None") -> str:
    return f"sha256:{blob.digest} ({blob.size} bytes)" if blob else "none"


def _columns(rows: Iterable[tuple[str, str]]) -> str:
    from interlock.render.line import clean

    rows = list(rows)
    width = max(len(name) for name, _ in rows)
    return "\n".join(f"{name:<{width}}  {clean(value)}" for name, value in rows)
