"""The dependency lock file: which version of which provider."""

from collections.abc import Mapping

from interlock.kinds.opentofu.assemble import literal
from interlock.kinds.opentofu.hcl import blocks_of


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
