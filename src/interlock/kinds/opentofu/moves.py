"""The `moved` blocks that take back the moves of an undone plan, beside those that the previous source has itself.

Both tools allow one origin for each target: where the previous source says `a → b` and the undone plan moved `b` to `c`, adding `c → b` would
be ambiguous. `c → a` is not: the tool follows the chain `c → a → b`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from tree_sitter import Node, Parser

from interlock.kinds.opentofu.hcl import LANGUAGE
from interlock.model.change import Change

Move = tuple[str, str]  # from, to


def moves_back(changes: Iterable[Change], written: Iterable[Move]) -> tuple[Move, ...]:
    """What to add to a source that has the moved blocks `written`, sorted."""
    origin = {to: old for old, to in written}
    found = set()
    for change in changes:
        if change.previous_address:
            target = _start_of(change.previous_address, origin)
            if target != change.address:  # else the source moves it back by itself
                found.add((change.address, target))
    return tuple(sorted(found))


def moved_blocks(content: bytes, *, is_json: bool) -> tuple[Move, ...]:
    """The moved blocks of a file, in its order; what cannot be read is not there."""
    return tuple(_of_json(content) if is_json else _of_hcl(content))


def _start_of(address: str, origin: Mapping[str, str]) -> str:
    seen = {address}
    while True:
        base, key = _split_key(address)
        before = origin.get(address) or (f"{origin[base]}{key}" if key and base in origin else None)
        if before is None or before in seen:
            return address
        address = before
        seen.add(address)


def _split_key(address: str) -> tuple[str, str]:
    """`lab_item.a["k"]` → (`lab_item.a`, `["k"]`); the key is "" where there is none at the end."""
    if not address.endswith("]"):
        return address, ""
    start = address.rfind('["') if address.endswith('"]') else address.rfind("[")
    return address[:start], address[start:]


def _of_hcl(content: bytes) -> Iterator[Move]:
    for block in _children(Parser(LANGUAGE).parse(content).root_node, "body", "block"):
        if block.children and _text(block.children[0]) == "moved":
            ends = {
                _text(a.named_children[0]): _text(a.named_children[1])
                for a in _children(block, "body", "attribute")
                if a.named_child_count == 2
            }
            if {"from", "to"} <= set(ends):
                yield ends["from"], ends["to"]


def _children(node: Node, through: str, kind: str) -> Iterator[Node]:
    for outer in node.children:
        if outer.type == through:
            yield from (inner for inner in outer.children if inner.type == kind)


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace").strip()


def _of_json(content: bytes) -> Iterator[Move]:
    try:
        document: Any = json.loads(content)
        blocks = document.get("moved") or []
        for block in blocks if isinstance(blocks, list) else [blocks]:
            yield str(block["from"]), str(block["to"])
    except (ValueError, AttributeError, KeyError, TypeError):
        return
