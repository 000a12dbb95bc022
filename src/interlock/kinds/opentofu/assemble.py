"""From blocks, which both syntaxes are read into, to the facts of a file."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from interlock.kinds.opentofu.facts import (
    HOLE,
    Backend,
    ModuleCall,
    Output,
    ParsedFile,
    Read,
    Reference,
    Resource,
    Template,
    Variable,
)


@dataclass(frozen=True)
class Block:
    """A block of either syntax. `attributes` are values: a Template for text, or JSON; `Unknown` where only a run can tell."""

    type: str
    labels: tuple[str, ...]
    attributes: Mapping[str, Any]
    blocks: tuple["Block", ...]
    line: int


class _Unknown:
    def __repr__(self) -> str:
        return "UNKNOWN"


UNKNOWN = _Unknown()


class Traversal(str):
    """A bare name as written (`tags`, `all`, `var.x`)."""

    __slots__ = ()


def literal(value: Any) -> Any:
    """`value` as plain JSON; UNKNOWN when any part of it is not literal."""
    if isinstance(value, tuple):
        return "".join(p for p in value if isinstance(p, str)) if all(isinstance(p, str) for p in value) else UNKNOWN
    if isinstance(value, list):
        items = [literal(item) for item in value]
        return UNKNOWN if UNKNOWN in items else items
    if isinstance(value, Mapping):
        found = {key: literal(item) for key, item in value.items()}
        return UNKNOWN if UNKNOWN in found.values() else found
    return UNKNOWN if isinstance(value, Traversal) else value


def assemble(blocks: tuple[Block, ...], reads: tuple[Read, ...], broken: int) -> ParsedFile:
    """The facts of a file from its blocks, the same for both syntaxes."""
    of: Callable[..., list[Block]] = lambda *types: [b for b in blocks if b.type in types]  # noqa: E731
    terraform = of("terraform")
    versions = [
        (literal(b.attributes["required_version"]), b.line) for b in terraform if "required_version" in b.attributes
    ]
    refactorings = [b.type for b in of("moved", "import", "removed")]
    return ParsedFile(
        modules=tuple(ModuleCall(b.labels[0], _source(b), b.line) for b in of("module") if b.labels),
        reads=reads,
        backends=tuple(
            _backend(inner)
            for b in terraform
            for inner in b.blocks
            if inner.type == "cloud" or (inner.type == "backend" and inner.labels)
        ),
        required_versions=tuple((text, line) for text, line in versions if isinstance(text, str)),
        required_providers={
            name: _requirement(value)
            for b in terraform
            for inner in b.blocks
            if inner.type == "required_providers"
            for name, value in sorted(inner.attributes.items())
        },
        outputs=tuple(Output(b.labels[0], _flag(b, "sensitive"), b.line) for b in of("output") if b.labels),
        variables=tuple(
            Variable(b.labels[0], "default" in b.attributes, _flag(b, "sensitive"), b.line, _flag(b, "ephemeral"))
            for b in of("variable")
            if b.labels
        ),
        resources=tuple(_resource(b) for b in of("resource", "data") if len(b.labels) == 2),
        providers=tuple(sorted({b.labels[0] for b in of("provider") if b.labels})),
        locals={
            name: value if isinstance(value, tuple) else (Reference(HOLE),)
            for b in of("locals")
            for name, value in b.attributes.items()
        },
        refactorings={name: refactorings.count(name) for name in sorted(set(refactorings))},
        broken=broken,
    )


def _source(block: Block) -> Template | None:
    if "source" not in block.attributes:
        return None
    value = block.attributes["source"]
    return value if isinstance(value, tuple) else (Reference(HOLE),)


def _flag(block: Block, name: str) -> bool | None:
    """None when absent; true when not literal: protection and secrecy are assumed where they cannot be ruled out."""
    if name not in block.attributes:
        return None
    value = literal(block.attributes[name])
    return {"true": True, "false": False}.get(value, True) if isinstance(value, str) else bool(value)


def _resource(block: Block) -> Resource:
    lifecycle = next((b for b in block.blocks if b.type == "lifecycle"), Block("lifecycle", (), {}, (), block.line))
    ignored = lifecycle.attributes.get("ignore_changes")
    if isinstance(ignored, list):
        ignored = tuple(str(literal(i)) if isinstance(i, tuple) else str(i) for i in ignored)
    elif ignored is not None:
        ignored = (str(literal(ignored)),) if isinstance(ignored, tuple) else (str(ignored),)
    return Resource(
        "data" if block.type == "data" else "managed",
        block.labels[0],
        block.labels[1],
        block.line,
        _flag(lifecycle, "prevent_destroy"),
        _flag(lifecycle, "create_before_destroy"),
        ignored,
    )


def _requirement(value: Any) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return {key: known for key, item in value.items() if (known := literal(item)) is not UNKNOWN}
    return {"version": known} if isinstance(known := literal(value), str) else {}


def _backend(block: Block) -> Backend:
    config: dict[str, Any] = {}
    unresolved: list[str] = []

    def add(inner: Block, prefix: str) -> None:
        for name, value in inner.attributes.items():
            if (known := literal(value)) is UNKNOWN:
                unresolved.append(prefix + name)
            elif known is not None:
                config[prefix + name] = known
        for child in inner.blocks:
            add(child, f"{prefix}{child.type}.")

    add(block, "")
    kind = "cloud" if block.type == "cloud" else block.labels[0]
    return Backend(kind, dict(sorted(config.items())), tuple(sorted(unresolved)), block.line)
