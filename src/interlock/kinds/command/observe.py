"""Looking: what a component's plan program says, or for a build what is recorded. Reads only."""

from collections.abc import Mapping
from typing import Any

from interlock.kinds.command import diff, fingerprint
from interlock.kinds.command.build import observe_build
from interlock.kinds.command.call import Call
from interlock.kinds.command.draft import Observed, result_of
from interlock.kinds.command.protocol import PROTOCOL, BadResult, PlanResult, parse_plan
from interlock.kinds.command.run import bad_result, run_program, workspace
from interlock.kinds.command.secret import masking
from interlock.world import World
from interlock.world.secret_values import sensitive


def observe(call: Call, undoing: Any, world: World) -> Observed:
    """The draft of a plan. `undoing` is what the plan program had answered when the plan was made that is now to be undone.

    Raises what `run_program` and `memory.recall` raise.
    """
    head = {
        "protocol": PROTOCOL,
        "component": call.component,
        "environment": call.environment,
        "direction": call.direction,
        "target": call.target,
        "source": fingerprint.of_source(call.source),
        "programs": {verb: list(getattr(call.settings, verb)) for verb in ("plan", "apply", "undo")},
        "undoing": undoing,
    }
    return observe_build(call, head, world) if call.settings.is_build else _program(call, head, world)


def _program(call: Call, head: Mapping[str, Any], world: World) -> Observed:
    with workspace(call.source, call.work) as root:
        raw = run_program(call, call.settings.plan, call.document("plan", undoing=head["undoing"]), root, world)
    try:
        result = parse_plan(raw, call.target, call.settings.outputs)
    except BadResult as bad:
        raise bad_result(call, "plan", bad) from None
    _register(result, world)
    masks = masking(world)
    return Observed(
        draft={**head, "result": {**raw, "changes": sorted(raw["changes"], key=lambda change: str(change["address"]))}},
        changes=diff.changes(result, masks),
        outputs=diff.outputs(result.outputs, masks),
        base={"empty": result.empty, "program": world.secrets.scrub(result.base)},
    )


def parsed(call: Call, draft: Mapping[str, Any]) -> PlanResult:
    """The program's result inside a draft. Raises ToolFailed."""
    try:
        return parse_plan(result_of(draft), call.target, call.settings.outputs)
    except BadResult as bad:
        raise bad_result(call, "plan", bad) from None


def _register(result: PlanResult, world: World) -> None:
    """Every text that the program calls sensitive is redacted from now on, wherever it turns up."""
    for change in result.changes:
        for path in change.sensitive_paths:
            for value in (change.before, change.after):
                sensitive(_at(value, path), world.secrets)
    for output in result.outputs.values():
        if output.sensitive:
            sensitive(output.before, world.secrets)
            sensitive(output.after, world.secrets)


def _at(value: Any, path: list[str | int]) -> Any:
    try:
        for step in path:
            value = value[step]
        return value
    except (LookupError, TypeError):
        return None
