"""What differs between two JSON values, by path. Pure.

Maps are compared key by key, in alphabetical order; null and absent are the same, as they are for OpenTofu. Items of a list are matched first:
by the one of `_KEYS` that is present and unique in every item, else by equal runs (those at both ends first, then the longest), between
which the most similar ones are paired in order. So an item put in front is one addition. Where only the order differs, only that is said.
Two strings that are both JSON documents (a policy, say) are compared as such; other strings of several lines give a unified diff.

Rules, tested: nothing is reported exactly when both are the same; every leaf that differs is under a reported path; equal masks are unchanged.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher, unified_diff
from enum import StrEnum
from typing import Any

from interlock.model.change import is_masked, is_unknown

Path = tuple[str | int, ...]

#: Attributes by which an item of a list is known to people, best first.
_KEYS = ("name", "id", "key", "address", "path", "arn", "hostname", "cidr")
_CONTEXT = 2  # unchanged lines around a changed one in a text
_PAIRING = 2500  # cells of the pairing table; beyond that items are paired by position
_JSON_LENGTH = 100_000  # longer strings are not tried as JSON


class How(StrEnum):
    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    REORDERED = "reordered"


@dataclass(frozen=True)
class Difference:
    """`path` is in `after` for what is added or changed, in `before` for what is removed. `before` and `after` are None where there is none.

    `lines` is a unified diff, each line with its sign (" ", "+", "-" or "@"), when a text of several lines changed. `forces` marks what
    forces a replacement.
    """

    path: Path
    how: How
    before: Any = None
    after: Any = None
    lines: tuple[str, ...] = ()
    forces: bool = False

    @property
    def sensitive(self) -> bool:
        return is_masked(self.before) or is_masked(self.after)


@dataclass(frozen=True)
class Diff:
    """`unchanged` counts the equal values beside the differences: keys of maps and items of lists that were looked into."""

    differences: tuple[Difference, ...]
    unchanged: int


def diff(before: Any, after: Any, replace_paths: Sequence[Path] = ()) -> Diff:
    """`before` None: all of `after` is added, leaf by leaf; and the other way round."""
    counter = _Counter()
    found = tuple(
        Difference(d.path, d.how, d.before, d.after, d.lines, _forces(d.path, replace_paths))
        for d in _compare((), before, after, counter)
    )
    return Diff(found, counter.unchanged)


def same(before: Any, after: Any) -> bool:
    """Equal as JSON: `true` is not `1`, and null members of maps do not count."""
    if isinstance(before, dict) and isinstance(after, dict):
        keys = before.keys() | after.keys()
        return all(same(before.get(key), after.get(key)) for key in keys)
    if _is_list(before) and _is_list(after):
        return len(before) == len(after) and all(same(b, a) for b, a in zip(before, after, strict=True))
    if isinstance(before, bool) or isinstance(after, bool):
        return before is after
    if isinstance(before, int | float) and isinstance(after, int | float):
        return before == after or (before != before and after != after)
    return type(before) is type(after) and bool(before == after)


class _Counter:
    unchanged = 0


def _forces(path: Path, replace_paths: Sequence[Path]) -> bool:
    return any(path[: len(r)] == tuple(r) or tuple(r)[: len(path)] == path for r in replace_paths)


def _is_list(value: Any) -> bool:
    return isinstance(value, list | tuple)


def _is_map(value: Any) -> bool:
    return isinstance(value, dict) and not is_masked(value) and not is_unknown(value)


def _compare(path: Path, before: Any, after: Any, counter: _Counter) -> Iterator[Difference]:
    if same(before, after):
        counter.unchanged += bool(path)
    elif before is None:
        yield from _leaves(path, after, How.ADDED)
    elif after is None:
        yield from _leaves(path, before, How.REMOVED)
    elif _is_map(before) and _is_map(after):
        for key in sorted(before.keys() | after.keys(), key=str):
            if before.get(key) is not None or after.get(key) is not None:
                yield from _compare((*path, key), before.get(key), after.get(key), counter)
    elif _is_list(before) and _is_list(after):
        yield from _compare_lists(path, before, after, counter)
    elif isinstance(before, str) and isinstance(after, str):
        yield from _compare_texts(path, before, after, counter)
    else:
        yield Difference(path, How.CHANGED, before, after)


def _leaves(path: Path, value: Any, how: How) -> Iterator[Difference]:
    if _is_map(value) and any(member is not None for member in value.values()):
        for key in sorted(value, key=str):
            if value[key] is not None:
                yield from _leaves((*path, key), value[key], how)
    elif _is_list(value) and value:
        for index, item in enumerate(value):
            yield from _leaves((*path, index), item, how)
    else:
        before, after = (None, value) if how is How.ADDED else (value, None)
        yield Difference(
            path, how, before, after, tuple(_unified(before or "", after or "")) if _is_text(value) else ()
        )


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and "\n" in value.rstrip("\n")


def _compare_texts(path: Path, before: str, after: str, counter: _Counter) -> Iterator[Difference]:
    documents = _document(before), _document(after)
    if documents[0] is not None and documents[1] is not None and not same(*documents):
        yield from _compare(path, *documents, counter)
        return
    lines = tuple(_unified(before, after)) if _is_text(before) or _is_text(after) else ()
    yield Difference(path, How.CHANGED, before, after, lines)


def _document(text: str) -> Any:
    """The map or list that `text` is the JSON of, else None."""
    if not text.lstrip().startswith(("{", "[")) or len(text) > _JSON_LENGTH:
        return None
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict | list) and value else None


def _unified(before: str, after: str) -> Iterator[str]:
    """Lines with their sign; hunks after the first begin with an "@" line. A last line without its newline is said, as only that may differ."""
    old, new = before.split("\n"), after.split("\n")
    for side in (old, new):
        if side[-1] == "":
            side.pop()
    for number, text in enumerate(list(unified_diff(old, new, lineterm="", n=_CONTEXT))[2:]):
        if text.startswith("@@"):
            if number or not text.startswith(("@@ -1", "@@ -0")):
                yield "@" + text.replace("@@", "").strip()
        else:
            yield text
    if before and after and before.endswith("\n") != after.endswith("\n"):
        yield "-" + _end(before)
        yield "+" + _end(after)


def _end(text: str) -> str:
    return "(a newline at the end)" if text.endswith("\n") else "(no newline at the end)"


def _compare_lists(path: Path, before: Sequence[Any], after: Sequence[Any], counter: _Counter) -> Iterator[Difference]:
    if sorted(map(_key, before)) == sorted(map(_key, after)):
        counter.unchanged += len(after)
        yield Difference(path, How.REORDERED, list(before), list(after))
        return
    pairs = _match(before, after)
    found: list[Difference] = []
    for old, new in pairs:
        if old is None:
            assert new is not None, "a pair names at least one side"
            found += _leaves((*path, new), after[new], How.ADDED)
        elif new is None:
            found += _leaves((*path, old), before[old], How.REMOVED)
        else:
            found += _compare((*path, new), before[old], after[new], counter)
    yield from found
    kept = [new for _, new in sorted((old, new) for old, new in pairs if old is not None and new is not None)]
    if kept != sorted(kept) or not found:
        yield Difference(path, How.REORDERED, list(before), list(after))


def _match(before: Sequence[Any], after: Sequence[Any]) -> list[tuple[int | None, int | None]]:
    """(index before, index after), in the order of `after`, what is removed standing where it was."""
    if key := _identity(before, after):
        where = {_key(item[key]): index for index, item in enumerate(before)}
        matched = [(where.pop(_key(item[key]), None), index) for index, item in enumerate(after)]
        return [*((index, None) for index in sorted(where.values())), *matched]
    old, new = [_key(item) for item in before], [_key(item) for item in after]
    front = next((i for i, (b, a) in enumerate(zip(old, new, strict=False)) if b != a), min(len(old), len(new)))
    rest = min(len(old), len(new)) - front
    back = next((i for i in range(rest) if old[-1 - i] != new[-1 - i]), rest)
    i, j = len(old) - back, len(new) - back
    pairs: list[tuple[int | None, int | None]] = list(zip(range(front), range(front), strict=True))
    for tag, i1, i2, j1, j2 in SequenceMatcher(None, old[front:i], new[front:j], autojunk=False).get_opcodes():
        olds, news = range(front + i1, front + i2), range(front + j1, front + j2)
        pairs += zip(olds, news, strict=True) if tag == "equal" else _pair(before, after, olds, news)
    return [*pairs, *zip(range(i, len(old)), range(j, len(new)), strict=True)]


def _key(value: Any) -> str:
    return json.dumps(_without_nulls(value), sort_keys=True, default=str)


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {str(k): _without_nulls(v) for k, v in value.items() if v is not None}
    return [_without_nulls(v) for v in value] if _is_list(value) else value


def _identity(before: Sequence[Any], after: Sequence[Any]) -> str | None:
    for key in _KEYS:
        if all(_names(side, key) for side in (before, after)):
            return key
    return None


def _names(items: Sequence[Any], key: str) -> bool:
    values = [item.get(key) if _is_map(item) else None for item in items]
    return all(isinstance(v, str | int) for v in values) and len({_key(v) for v in values}) == len(values) > 0


def _pair(
    before: Sequence[Any], after: Sequence[Any], old: range, new: range
) -> Iterator[tuple[int | None, int | None]]:
    """Pairs within a gap: by position when both sides are equally long, else the in-order pairing of greatest similarity."""
    if len(old) == len(new) or len(old) * len(new) > _PAIRING:
        for offset in range(max(len(old), len(new))):
            yield (old[offset] if offset < len(old) else None, new[offset] if offset < len(new) else None)
        return
    best = [[0.0] * (len(new) + 1) for _ in range(len(old) + 1)]
    likeness = [[_similarity(before[i], after[j]) for j in new] for i in old]
    for i in range(len(old) - 1, -1, -1):
        for j in range(len(new) - 1, -1, -1):
            best[i][j] = max(best[i + 1][j], best[i][j + 1], best[i + 1][j + 1] + likeness[i][j])
    i = j = 0
    while i < len(old) or j < len(new):
        if i < len(old) and j < len(new) and likeness[i][j] and best[i][j] == best[i + 1][j + 1] + likeness[i][j]:
            yield old[i], new[j]
            i, j = i + 1, j + 1
        elif i < len(old) and (j == len(new) or best[i][j] == best[i + 1][j]):
            yield old[i], None
            i += 1
        else:
            yield None, new[j]
            j += 1


def _similarity(before: Any, after: Any) -> float:
    """Share of equal members of two maps, 0 when less than half are; 0 for everything else."""
    if not (_is_map(before) and _is_map(after)):
        return 0.0
    keys = before.keys() | after.keys()
    share = sum(same(before.get(key), after.get(key)) for key in keys) / len(keys) if keys else 0.0
    return share if share >= 0.5 else 0.0
