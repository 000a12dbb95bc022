"""HCL's JSON syntax (`.tf.json`, `.tofu.json`): the same blocks, written as objects; texts are templates.

A block type's value nests one object per label, and any level may be a list of such objects. Only the file is known as a place: line 0.
A template inside a JSON text is read by the same grammar, wrapped into a here-document because its quotes are not escaped for HCL.
"""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tree_sitter import Node, Parser

from interlock.kinds.opentofu import hcl
from interlock.kinds.opentofu.assemble import Block, Traversal, assemble
from interlock.kinds.opentofu.facts import HOLE, ParsedFile, Read, Reference, Template

_LABELS = {
    "module": 1,
    "output": 1,
    "variable": 1,
    "provider": 1,
    "resource": 2,
    "data": 2,
    "terraform": 0,
    "locals": 0,
}
_LABELS |= {"moved": 0, "import": 0, "removed": 0}
_NESTED = {"backend": 1, "cloud": 0, "required_providers": 0, "lifecycle": 0, "workspaces": 0}


def parse_json(content: bytes) -> ParsedFile:
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        return ParsedFile(broken=1)
    bodies = document if isinstance(document, list) else [document]
    if not all(isinstance(body, dict) for body in bodies):
        return ParsedFile(broken=1)
    blocks = tuple(
        b for body in bodies for name in body if name in _LABELS for b in _blocks(name, body[name], _LABELS[name])
    )
    return assemble(blocks, tuple(_reads(document)), 0)


def _blocks(name: str, value: Any, labels: int, given: tuple[str, ...] = ()) -> Iterator[Block]:
    if isinstance(value, list):
        for item in value:
            yield from _blocks(name, item, labels, given)
    elif isinstance(value, dict) and len(given) < labels:
        for label, inner in value.items():
            yield from _blocks(name, inner, labels, (*given, label))
    elif isinstance(value, dict):
        inner = tuple(
            b
            for key in value
            if key in _NESTED and name in _PARENTS[key]
            for b in _blocks(key, value[key], _NESTED[key])
        )
        attributes = {k: _value(k, v) for k, v in value.items() if not (k in _NESTED and name in _PARENTS[k])}
        yield Block(name, given, attributes, inner, 0)


_PARENTS = {
    "backend": ("terraform",),
    "cloud": ("terraform",),
    "required_providers": ("terraform",),
    "lifecycle": ("resource", "data"),
    "workspaces": ("cloud", "backend"),
}


def _value(key: str, value: Any) -> Any:
    """Texts become Templates; in `ignore_changes` they are bare names."""
    if isinstance(value, str):
        return Traversal(value) if key == "ignore_changes" else _template(value)
    if isinstance(value, list):
        return [_value(key, item) for item in value]
    if isinstance(value, Mapping):
        return {name: _value(key, item) for name, item in value.items()}
    return value


def _template(text: str) -> Template:
    root = parse_template(text)
    if root is None:
        return (text,)
    found = next(_descend(root, "heredoc_template"), None)
    if found is None or root.has_error:
        return (Reference(HOLE),)
    return hcl.template_of(found)


def parse_template(text: str) -> Node | None:
    """The grammar's tree of a template's text (a JSON value, a file given to `templatefile`); None when there is nothing to evaluate in it."""
    if "${" not in text and "%{" not in text:
        return None
    return Parser(hcl.LANGUAGE).parse(f"x = <<INTERLOCK_EOT\n{text}\nINTERLOCK_EOT\n".encode()).root_node


def _descend(node: Node, kind: str) -> Iterator[Node]:
    for child in node.named_children:
        if child.type == kind:
            yield child
        else:
            yield from _descend(child, kind)


def _reads(value: Any) -> Iterator[Read]:
    if isinstance(value, str):
        root = parse_template(value)
        if root is not None:
            if root.has_error:
                yield Read("template", (Reference(HOLE),), 0)
            template = _template(value)
            if isinstance(template[0], Reference) and template[0].text.startswith("path.") and len(template) > 1:
                yield Read("path", template, 0)
            yield from hcl.reads_of(root, line=0)
    elif isinstance(value, dict | list):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _reads(item)
