"""Doing: exactly the stored plan, or nothing.

1. The stored draft is read by digest and must be this component's (draft.stored). It is made again now; any difference is `StalePlan`.
2. The fence is checked, then one program runs (or, for a build that is kept, none).
3. Programs are not believed: after an apply the plan program runs once more. What it still wants is what is left; what it no longer wants is done.
   What the apply program says it did must agree, but only looking decides. Where looking is impossible (cancelled, or failing itself) the
   outcome is unknown.
"""

from collections.abc import Mapping
from typing import Any

from interlock.kinds.command.build import apply_build, current_outputs
from interlock.kinds.command.call import Call
from interlock.kinds.command.draft import Observed, moved, result_of
from interlock.kinds.command.observe import observe, parsed
from interlock.kinds.command.protocol import ApplyResult, BadResult, parse_apply
from interlock.kinds.command.run import bad_result, collect, run_program, workspace
from interlock.kinds.command.secret import published, told
from interlock.model.change import is_unknown
from interlock.model.errors import Cancelled, InterlockError, StalePlan, ToolFailed
from interlock.model.plan import Blob, Direction
from interlock.model.receipt import Outcome, Receipt
from interlock.world import World
from interlock.world.secret_values import sensitive


def apply(call: Call, draft: Mapping[str, Any], world: World) -> Receipt:
    """Raises, with nothing written: StalePlan, ToolFailed, ToolMissing, TimedOut, Cancelled, LeaseLost, Corrupt. Later failures are receipts."""
    now = observe(call, draft.get("undoing"), world)
    if what := moved(draft, now.draft):
        raise StalePlan(
            f"the plan of {call.where} is stale: {what}; nothing was written",
            hint="Plan again; an equal plan keeps its approval.",
        )
    if not now.changing:
        clear = current_outputs(world) if call.settings.is_build else _known_outputs(call, now)
        outputs, blob = published(clear, world)
        return Receipt(Outcome.UNCHANGED, outputs=outputs, outputs_blob=blob, base=now.base)
    if world.fence:
        world.fence.check()
    return apply_build(call, now, world) if call.settings.is_build else _apply_program(call, now, world)


def _apply_program(call: Call, planned: Observed, world: World) -> Receipt:
    plan = parsed(call, planned.draft)
    verb = "undo" if call.direction == Direction.UNDO and call.settings.undo else "apply"
    document = call.document(verb, plan=result_of(planned.draft), undoing=planned.draft.get("undoing"))
    applied, failure, artifacts = ApplyResult(protocol=1), None, {}
    with workspace(call.source, call.work) as root:
        try:
            raw = run_program(call, getattr(call.settings, verb), document, root, world)
            try:
                applied = parse_apply(raw, plan.writing, call.settings.outputs, publishes=call.target == "spec")
                for one in applied.outputs.values():
                    if one.sensitive:
                        sensitive(one.value, world.secrets)
                if missing := sorted(set(plan.writing) - set(applied.done)):
                    raise BadResult(f"done: the program ended well but did not do '{missing[0]}'")
                artifacts = collect(call, root, world) if call.target == "spec" else {}
            except BadResult as bad:
                raise bad_result(call, verb, bad) from None
        except Cancelled as error:
            return _unknown(plan.writing, error, planned, world)
        except InterlockError as error:
            failure = error
    try:
        after = observe(call, planned.draft.get("undoing"), world)
        left = parsed(call, after.draft).writing
    except InterlockError as error:
        return _unknown(plan.writing, failure or error, planned, world)
    return _judge(plan.writing, left, failure, planned, after, applied, artifacts, world)


def _judge(
    wanted: tuple[str, ...],
    still: tuple[str, ...],
    failure: InterlockError | None,
    planned: Observed,
    after: Observed,
    applied: ApplyResult,
    artifacts: Mapping[str, Blob],
    world: World,
) -> Receipt:
    """What happened, from what the plan program sees now (`still`) against what was planned (`wanted`)."""
    done = tuple(address for address in wanted if address not in still)
    left = tuple(address for address in wanted if address in still)
    if not failure and still:
        failure = ToolFailed(f"the program ended well, but its plan still has {still[0]}", slug="not-converged")
    if not failure:
        outputs, blob = published({name: one.model_dump() for name, one in applied.outputs.items()}, world)
        return Receipt(
            Outcome.COMPLETE, done=done, outputs=outputs, outputs_blob=blob, base=after.base, artifacts=artifacts
        )
    same = result_of(planned.draft) == result_of(after.draft)
    return Receipt(
        Outcome.FAILED if same else Outcome.PARTIAL,
        done=done,
        left=left,
        base=after.base,
        error=told(failure, world),
        error_slug=failure.slug,
    )


def _unknown(wanted: tuple[str, ...], error: InterlockError, planned: Observed, world: World) -> Receipt:
    return Receipt(Outcome.UNKNOWN, left=wanted, base=planned.base, error=told(error, world), error_slug=error.slug)


def _known_outputs(call: Call, now: Observed) -> dict[str, dict[str, Any]]:
    """Outputs, in clear, of what stands there already, as the plan program told them."""
    known = parsed(call, now.draft).outputs
    return {
        name: {"value": one.after, "sensitive": one.sensitive}
        for name, one in known.items()
        if one.after is not None and not is_unknown(one.after)
    }
