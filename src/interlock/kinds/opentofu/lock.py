"""The dependency lock file: which version of which provider, and what an undo adds to it.

Undoing a release that brought a new provider needs that provider, to delete what it made; the previous source's lock file does not know it.
So the undone plan's entries are added, and only those that are missing.
"""

from collections.abc import Mapping

from tree_sitter import Node, Parser

from interlock.kinds.opentofu.assemble import UNKNOWN, literal
from interlock.kinds.opentofu.hcl import LANGUAGE, blocks_of
from interlock.model.digest import canonical, sha256


def providers(lock: bytes) -> Mapping[str, str]:
    """Source address → version, sorted. A block that names no version is left out."""
    found = {
        block.labels[0]: version
        for block in blocks_of(lock)
        if block.type == "provider"
        and block.labels
        and isinstance(version := literal(block.attributes.get("version")), str)
    }
    return dict(sorted(found.items()))


def digest_of(lock: bytes) -> str:
    """Of what it says (versions, constraints, hashes), not of how: the tools write it anew into a plan, without a person's comments. "" for nothing."""
    said = {
        block.labels[0]: {
            key: known for key, value in block.attributes.items() if (known := literal(value)) is not UNKNOWN
        }
        for block in blocks_of(lock)
        if block.type == "provider" and block.labels
    }
    return sha256(canonical(said)) if said else ""


def with_missing(lock: bytes, other: bytes) -> bytes:
    """`lock`, and after it the provider blocks of `other` for providers that it does not have."""
    here, there = _blocks(lock), _blocks(other)
    added = [text for address, text in sorted(there.items()) if address not in here]
    return b"\n\n".join([lock.rstrip(), *added]) + b"\n" if added else lock


def _blocks(lock: bytes) -> dict[str, bytes]:
    """Provider address → its block, byte for byte."""
    root = Parser(LANGUAGE).parse(lock).root_node
    nodes: list[Node] = [block for body in root.children for block in body.children if block.type == "block"]
    facts = [(block, node) for block, node in zip(blocks_of(lock), nodes, strict=True) if block.type == "provider"]
    return {block.labels[0]: node.text or b"" for block, node in facts if block.labels}
