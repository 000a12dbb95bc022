"""`ignore:` rules of drift: a known difference of one address (and attribute), with an owner, a reason and a date until which it may stand.

Address and attribute are patterns: `*` for anything, `?` for one character; brackets are those of an index. An attribute is a dotted path, absent or
`*` for all of them. A change is let pass when every attribute that differs is covered by a rule; deletions and creations only by a rule for all attributes.
What only the apply would tell (a computed attribute that follows from the update) is no difference of its own. Expired rules are errors.
"""

from collections.abc import Mapping, Sequence
from datetime import date
from fnmatch import fnmatchcase
from typing import Any

from interlock.model.change import Action, Change, is_masked, is_unknown
from interlock.model.drift import Ignored
from interlock.model.errors import ConfigurationError, Location, Problem


def split(
    changes: Sequence[Change], rules: Sequence[Mapping[str, Any]], today: date
) -> tuple[tuple[Change, ...], tuple[Ignored, ...]]:
    """What is left, and what was let pass by which rule. Raises ConfigurationError for a rule whose date is over."""
    expired = [rule for rule in rules if date.fromisoformat(str(rule["until"])) < today]
    if expired:
        raise ConfigurationError(
            tuple(
                Problem(
                    Location("interlock.yaml"),
                    "ignore-expired",
                    f"the ignore rule for {rule['address']} ended on {rule['until']}",
                    value=str(rule["until"]),
                    hint=f"{rule['owner']} owns it: mend the difference, or set a later date with a reason",
                )
                for rule in expired
            )
        )
    left: list[Change] = []
    passed: list[Ignored] = []
    for change in changes:
        used = _covering(change, rules)
        if used is None:
            left.append(change)
        else:
            passed.extend(used)
    return tuple(left), tuple(passed)


def _covering(change: Change, rules: Sequence[Mapping[str, Any]]) -> list[Ignored] | None:
    mine = [rule for rule in rules if _like(change.address, str(rule["address"]))]
    if not mine:
        return None
    paths = (differing(change.before, change.after) if change.action is Action.UPDATE else []) or [""]
    used = []
    for path in paths:
        rule = next((r for r in mine if _covers(str(r.get("attribute") or "*"), path)), None)
        if rule is None:
            return None
        attribute = str(rule.get("attribute") or "*")
        text = f"{rule['address']} {attribute}"
        used.append(
            Ignored(
                change.address, path or "*", text, str(rule["owner"]), str(rule["until"]), str(rule.get("reason", ""))
            )
        )
    return used


def _like(text: str, pattern: str) -> bool:
    return fnmatchcase(text, pattern.replace("[", "[[]"))


def _covers(pattern: str, path: str) -> bool:
    if pattern == "*":
        return True
    return bool(path) and (_like(path, pattern) or path.startswith(f"{pattern}."))


def differing(before: Any, after: Any, path: str = "") -> list[str]:
    """Dotted paths of the leaves that are known to differ, sorted."""
    if is_unknown(after):
        return []
    if isinstance(before, Mapping) and isinstance(after, Mapping) and not (is_masked(before) or is_masked(after)):
        found = []
        for key in sorted({*before, *after}):
            found += differing(before.get(key), after.get(key), f"{path}.{key}" if path else str(key))
        return found
    return [] if before == after else [path]
