"""`show -json` of a saved plan → changes, outputs and what was found changed outside. Pure, and total: what it does not know, it refuses.

The document holds everything in clear. A value that the plan marks sensitive is masked, one not known until apply says so, and after that
every string that holds a registered secret is masked too, marked or not. The values under the marks are returned beside, so that the
caller can keep them out of errors and logs.

A resource that the plan leaves alone is no change, unless it moves or is imported. A change that moves or imports *and* updates is an
update that says what else it does. Changes come sorted by address, outputs by name.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from interlock.model.change import Action, Change, OutputChange, Undo, unknown
from interlock.model.digest import canonical
from interlock.model.errors import ToolFailed
from interlock.model.plan import sort_changes

MAJOR = "1"
EMPTY: Mapping[str, Any] = {
    "format_version": "1.2"
}  # what `show -json` comes to when a plan changes nothing and found nothing

_ACTIONS: dict[tuple[str, ...], Action] = {
    ("no-op",): Action.NONE,
    ("create",): Action.CREATE,
    ("read",): Action.READ,
    ("update",): Action.UPDATE,
    ("delete",): Action.DELETE,
    ("delete", "create"): Action.REPLACE,
    ("create", "delete"): Action.REPLACE,
    ("forget",): Action.FORGET,
    ("forget", "create"): Action.REPLACE,
    ("create", "forget"): Action.REPLACE,
}

_REASONS = {
    "replace_because_tainted": "it is marked as tainted",
    "replace_by_request": "a replacement was asked for",
    "replace_by_triggers": "replace_triggered_by names something that changes",
    "replace_because_cannot_update": "an attribute cannot be changed in place",
    "delete_because_no_resource_config": "it is no longer in the configuration",
    "delete_because_wrong_repetition": "the configuration switched between count, for_each and neither",
    "delete_because_count_index": "count no longer reaches its index",
    "delete_because_each_key": "for_each no longer has its key",
    "delete_because_no_module": "its module is no longer in the configuration",
    "delete_because_no_move_target": "it was moved to an address that the configuration does not have",
    "delete_because_enabled_false": "it is no longer enabled",
    "read_because_config_unknown": "its arguments are known only during apply",
    "read_because_dependency_pending": "it depends on something that changes",
    "read_because_check_nested": "a check reads it",
}


class Masker(Protocol):
    """The part of `world.Secrets` that a plan needs."""

    def mask(self, value: Any) -> dict[str, Any]: ...

    def scrub(self, value: Any) -> Any: ...


@dataclass(frozen=True)
class Shown:
    """`sensitive` are the strings that stood under a mark, in clear: never part of a value that leaves the kind."""

    changes: tuple[Change, ...]
    outputs: tuple[OutputChange, ...]
    found: tuple[Change, ...]
    sensitive: frozenset[str]


def normalise(document: Mapping[str, Any], masker: Masker) -> Shown:
    """Raises ToolFailed (slug plan-format) for a format or an action that we do not know, and for a plan that says it failed."""
    version = str(document.get("format_version", ""))
    if version.split(".")[0] != MAJOR:
        raise _strange(f"the tool's plan has format {version or 'unknown'}; this program reads {MAJOR}.x")
    if document.get("errored"):
        raise ToolFailed("the plan is incomplete: it ended with an error", slug="plan-errored")
    changes = [_change(one, masker) for one in document.get("resource_changes") or ()]
    found = [_change(one, masker) for one in document.get("resource_drift") or ()]
    outputs = [_output(name, one, masker) for name, one in sorted((document.get("output_changes") or {}).items())]
    return Shown(
        changes=sort_changes([c for c in changes if c.action is not Action.NONE]),
        outputs=tuple(o for o in outputs if o.action is not Action.NONE),
        found=sort_changes([c for c in found if c.action is not Action.NONE]),
        sensitive=frozenset(_sensitive(document)),
    )


def _change(one: Mapping[str, Any], masker: Masker) -> Change:
    change = one["change"]
    actions = tuple(change["actions"])
    previous = one.get("previous_address")
    importing = change.get("importing")
    action = _action(actions, str(one["address"]))
    if action is Action.NONE and importing is not None:
        action = Action.IMPORT
    elif action is Action.NONE and previous:
        action = Action.MOVE
    before, after = _sides(change, masker)
    lets_go = "forget" in actions and len(actions) > 1
    return Change(
        address=str(one["address"]),
        action=action,
        type=str(one.get("type", "")),
        provider=str(one.get("provider_name", "")),
        before=before,
        after=after,
        replace_paths=tuple(sorted((tuple(path) for path in change.get("replace_paths") or ()), key=repr)),
        previous_address=previous,
        importing=None if importing is None else _import_id(importing, masker),
        deposed=one.get("deposed") or None,
        reason="the old object is let go, not deleted" if lets_go else _reason(one),
        create_before_destroy=actions in (("create", "delete"), ("create", "forget")),
        undo=Undo.IRREVERSIBLE if lets_go else Undo.RESTORABLE,  # the other classes: undo.py
        undo_reason="the old object is let go: undoing would have to import it again" if lets_go else "",
    )


def _output(name: str, change: Mapping[str, Any], masker: Masker) -> OutputChange:
    before, after = _sides(change, masker)
    marks = (change.get("before_sensitive"), change.get("after_sensitive"))
    return OutputChange(
        name,
        _action(tuple(change["actions"]), f"output.{name}"),
        before,
        after,
        sensitive=any(m is True for m in marks),
    )


def _sides(change: Mapping[str, Any], masker: Masker) -> tuple[Any, Any]:
    before = _value(change.get("before"), None, change.get("before_sensitive"), masker)
    after = _value(change.get("after"), change.get("after_unknown"), change.get("after_sensitive"), masker)
    return masker.scrub(before), masker.scrub(after)


def _action(actions: tuple[str, ...], address: str) -> Action:
    if actions not in _ACTIONS:
        raise _strange(f"{address}: the plan has an action that this program does not know: {', '.join(actions)}")
    return _ACTIONS[actions]


def _reason(one: Mapping[str, Any]) -> str:
    given = one.get("action_reason")
    return _REASONS.get(given, given.replace("_", " ")) if isinstance(given, str) else ""


def _import_id(importing: Any, masker: Masker) -> str:
    given = importing.get("id") if isinstance(importing, Mapping) else None
    if given is None and isinstance(importing, Mapping) and importing.get("identity") is not None:
        given = importing["identity"]  # imported by attributes instead of one id
    scrubbed = masker.scrub("(known during apply)" if given is None else given)
    return scrubbed if isinstance(scrubbed, str) else canonical(scrubbed).decode()


def _value(value: Any, unknowns: Any, marks: Any, masker: Masker) -> Any:
    """`value` with masks and unknowns put in. The three trees have one shape; `True` in a tree of marks stands for all below it."""
    if marks is True:
        # That a secret is not set is no secret; that it will be known later is none either.
        return unknown() if unknowns is True else None if value is None else masker.mask(value)
    if unknowns is True:
        return unknown()
    if isinstance(value, Mapping) or (value is None and isinstance(unknowns, Mapping) and _any_true(unknowns)):
        keys = [
            *(value or {}),
            *(key for key in _keys(unknowns) if key not in (value or {}) and _any_true(unknowns[key])),
        ]
        return {key: _value((value or {}).get(key), _at(unknowns, key), _at(marks, key), masker) for key in keys}
    if isinstance(value, list):
        return [_value(item, _at(unknowns, i), _at(marks, i), masker) for i, item in enumerate(value)]
    return value


def _sensitive(document: Mapping[str, Any]) -> Iterator[str]:
    """Every string under a sensitive mark: of changes, drift, outputs, and of variables that the root module calls sensitive."""
    changes = [one["change"] for key in ("resource_changes", "resource_drift") for one in document.get(key) or ()]
    for change in [*changes, *(document.get("output_changes") or {}).values()]:
        yield from _marked(change.get("before"), change.get("before_sensitive"))
        yield from _marked(change.get("after"), change.get("after_sensitive"))
    declared = ((document.get("configuration") or {}).get("root_module") or {}).get("variables") or {}
    for name, variable in (document.get("variables") or {}).items():
        if (declared.get(name) or {}).get("sensitive"):
            yield from _marked(variable.get("value"), True)


def _marked(value: Any, marks: Any) -> Iterator[str]:
    if isinstance(value, Mapping):
        for key, item in value.items():
            yield from _marked(item, True if marks is True else _at(marks, key))
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _marked(item, True if marks is True else _at(marks, i))
    elif marks is True and isinstance(value, str) and value:
        yield value


def _at(tree: Any, key: str | int) -> Any:
    if isinstance(tree, Mapping):
        return tree.get(key)
    if isinstance(tree, Sequence) and not isinstance(tree, str) and isinstance(key, int) and key < len(tree):
        return tree[key]
    return None


def _keys(tree: Any) -> Sequence[str]:
    return list(tree) if isinstance(tree, Mapping) else []


def _any_true(tree: Any) -> bool:
    if isinstance(tree, Mapping):
        return any(_any_true(item) for item in tree.values())
    if isinstance(tree, list):
        return any(_any_true(item) for item in tree)
    return tree is True


def _strange(message: str) -> ToolFailed:
    return ToolFailed(
        message, slug="plan-format", hint="use a version of the tool that this program knows, or a newer Interlock"
    )
