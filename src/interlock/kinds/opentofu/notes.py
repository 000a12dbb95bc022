"""What a reader of a plan should know beside the changes: the tool's warnings, values that no variable takes, what `ignore_changes` hides."""

from collections.abc import Callable, Mapping
from typing import Any

from interlock.kinds.opentofu.messages import Messages
from interlock.kinds.opentofu.normalise import Shown
from interlock.kinds.opentofu.session import Session
from interlock.kinds.opentofu.undo import configuration_address
from interlock.model.change import Change, Note


def notes(ready: Session, said: Messages, shown: Shown, redact: Callable[[str], str]) -> tuple[Note, ...]:
    """Sorted by slug, address and message; no secret in any of them."""
    found = [
        Note("tool-warning", redact(str(warning)), address=warning.address, severity="warning")
        for warning in said.warnings
    ]
    found += [
        Note("undeclared-variable", f"the stack has no variable '{name}'; its value is not used", severity="warning")
        for name in ready.undeclared
    ]
    drifted: dict[str, list[Change]] = {}
    for change in shown.found:
        drifted.setdefault(configuration_address(change.address), []).append(change)
    for address, (attributes, place) in ready.facts.ignored.items():
        found.append(
            Note("ignored-attributes", f"ignore_changes ({place}) hides changes of: {', '.join(attributes)}", address)
        )
        for change in drifted.get(address, ()):
            hidden = [name for name in _differing(change) if "all" in attributes or name in _tops(attributes)]
            if hidden:
                found.append(
                    Note(
                        "ignored-drift",
                        f"changed outside, and ignored ({place}): {', '.join(hidden)}",
                        change.address,
                        detail=hidden,
                    )
                )
    return tuple(sorted(set(found), key=lambda n: (n.slug, n.address, n.message)))


def _tops(attributes: tuple[str, ...]) -> set[str]:
    """`settings[0].tier` → `settings`."""
    return {attribute.split(".")[0].split("[")[0] for attribute in attributes}


def _differing(change: Change) -> list[str]:
    before: Mapping[str, Any] = change.before if isinstance(change.before, Mapping) else {}
    after: Mapping[str, Any] = change.after if isinstance(change.after, Mapping) else {}
    return sorted(key for key in {*before, *after} if before.get(key) != after.get(key))
