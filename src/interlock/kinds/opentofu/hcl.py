"""What one configuration file says, read with HCL's real grammar (tree-sitter), never run.

Top-level blocks are walked for their facts; file-reading calls are found by a query wherever they stand, in templates and here-documents too.
A parsed file depends on its bytes alone: `reader` keeps it by blob identity. A file that the grammar cannot read is not an error
(`tofu` says that better): what was found is returned and `broken` names the line.
"""

import json
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any

from tree_sitter import Language, Node, Parser, Query, QueryCursor
from tree_sitter_hcl import language

from interlock.kinds.opentofu.assemble import UNKNOWN, Block, Traversal, assemble, literal
from interlock.kinds.opentofu.facts import HOLE, ParsedFile, Read, Reference, Template

__all__ = [
    "FILE_FUNCTIONS",
    "LANGUAGE",
    "Block",
    "Traversal",
    "blocks_of",
    "literal",
    "parse",
    "reads_of",
    "template_of",
]

FILE_FUNCTIONS = frozenset(
    {"file", "fileexists", "fileset", "filebase64", "filebase64sha256", "filebase64sha512", "filemd5"}
    | {"filesha1", "filesha256", "filesha512", "templatefile"}
)
SAME_PATH = frozenset({"abspath", "pathexpand"})  # functions that name the same file in other words


LANGUAGE = Language(language())


@lru_cache(maxsize=1)
def _calls() -> Query:
    return Query(LANGUAGE, "[(function_call) (template_expr)] @found")


def parse(content: bytes, *, is_json: bool = False) -> ParsedFile:
    """Never raises for bad input: see `broken`."""
    if is_json:
        from interlock.kinds.opentofu.hcl_json import parse_json

        return parse_json(content)
    root = Parser(LANGUAGE).parse(content).root_node
    blocks = _blocks_below(root)
    return assemble(blocks, tuple(reads_of(root)), _first_error(root) if root.has_error else 0)


def blocks_of(content: bytes) -> tuple[Block, ...]:
    """The top-level blocks of any HCL file (a lock file, for one) that the grammar can read."""
    return _blocks_below(Parser(LANGUAGE).parse(content).root_node)


def _blocks_below(root: Node) -> tuple[Block, ...]:
    return tuple(_block(node) for node in _body_of(root) if node.type == "block")


def _body_of(node: Node) -> list[Node]:
    return [item for child in node.children if child.type == "body" for item in child.children]


def _first_error(node: Node) -> int:
    """The line of the first node that is an error or missing, in document order."""
    while True:
        bad = next((child for child in node.children if child.has_error or child.is_missing), None)
        if bad is None or node.type == "ERROR":
            return node.start_point[0] + 1
        node = bad


def _block(node: Node) -> Block:
    head = [child for child in node.children if child.type in ("identifier", "string_lit")]
    names = [_text(child) if child.type == "identifier" else _literal(child) for child in head]
    attributes: dict[str, Any] = {}
    blocks = []
    for item in _body_of(node):
        if item.type == "attribute" and item.named_child_count == 2:
            attributes[_text(item.named_children[0])] = value_of(item.named_children[1])
        elif item.type == "block":
            blocks.append(_block(item))
    return Block(names[0], tuple(names[1:]), attributes, tuple(blocks), node.start_point[0] + 1)


def _text(node: Node) -> str:
    return (node.text or b"").decode("utf-8", "replace")


def _literal(node: Node) -> str:
    return "".join(unescape(_text(child)) for child in node.children if child.type == "template_literal")


def unescape(text: str) -> str:
    """A quoted literal's text; `$${` and `%%{` stand for themselves without the first sign."""
    if "\\" in text:
        with suppress(ValueError):  # `\UNNNNNNNN`, or no escape at all: not in paths, and left as written
            text = json.loads(f'"{text}"')
    return text.replace("$${", "${").replace("%%{", "%{")


def template_of(node: Node) -> Template:
    """The text an expression yields, with holes."""
    while node.type in ("expression", "template_expr", "literal_value") and node.named_child_count == 1:
        node = node.named_children[0]
    match node.type:
        case "string_lit":
            return (_literal(node),)
        case "quoted_template" | "heredoc_template":
            parts: list[str | Reference] = []
            for child in node.named_children:
                if child.type == "template_literal":
                    parts.append(unescape(_text(child)))
                elif child.type == "template_interpolation":
                    inner = [c for c in child.named_children if c.type == "expression"]
                    parts.extend(template_of(inner[0]) if inner else (Reference(HOLE),))
                elif child.type == "template_directive":
                    parts.append(Reference(HOLE))
            return tuple(parts)
        case "numeric_lit" | "bool_lit":
            return (_text(node),)
        case "function_call":
            arguments = arguments_of(node)
            if _text(node.named_children[0]).removeprefix("core::") in SAME_PATH and len(arguments) == 1:
                return template_of(arguments[0])
        case "expression" if node.named_child_count == 2:
            variable, attribute = node.named_children
            if variable.type == "variable_expr" and attribute.type == "get_attr":
                name = _text(variable) + _text(attribute)
                if name in ("path.module", "path.root") or name.startswith("local."):
                    return (Reference(name),)
    return (Reference(HOLE),)


def value_of(node: Node) -> Any:
    """A JSON value with Templates for texts, raw source text for traversals inside lists (`ignore_changes`), UNKNOWN where only a run can tell."""
    while (
        node.type in ("expression", "literal_value", "collection_value", "template_expr")
        and node.named_child_count == 1
    ):
        node = node.named_children[0]
    match node.type:
        case "string_lit" | "quoted_template":
            return template_of(node)
        case "bool_lit":
            return _text(node) == "true"
        case "null_lit":
            return None
        case "numeric_lit":
            text = _text(node)
            return int(text) if text.isdigit() else float(text)
        case "tuple":
            return [
                Traversal(_text(c)) if _is_traversal(c) else value_of(c)
                for c in node.named_children
                if c.type == "expression"
            ]
        case "object":
            elements = [c.named_children for c in node.named_children if c.type == "object_elem"]
            return {_key(e[0]): value_of(e[1]) for e in elements if len(e) == 2}
        case "variable_expr":
            return Traversal(_text(node))
    template = template_of(node)
    return template if template != (Reference(HOLE),) else UNKNOWN


def _is_traversal(node: Node) -> bool:
    return bool(node.named_children) and node.named_children[0].type == "variable_expr"


def _key(node: Node) -> str:
    template = template_of(node)
    return template[0] if len(template) == 1 and isinstance(template[0], str) else _text(node)


def arguments_of(call: Node) -> list[Node]:
    return [
        a
        for c in call.named_children
        if c.type == "function_arguments"
        for a in c.named_children
        if a.type == "expression"
    ]


def reads_of(root: Node, line: int | None = None) -> Iterator[Read]:
    """Every file-reading call below `root`, wherever it stands, in document order. `line` overrides the place."""
    for node in sorted(QueryCursor(_calls()).captures(root).get("found", []), key=lambda n: n.start_byte):
        at = line if line is not None else node.start_point[0] + 1
        if node.type == "template_expr":
            template = template_of(node)
            starts = len(template) > 1 and isinstance(template[0], Reference) and template[0].text.startswith("path.")
            if starts and (function := _named_by(node)):
                yield Read(function, template, at)
            continue
        name = _text(node.named_children[0]).removeprefix("core::")
        arguments = arguments_of(node)
        if name in FILE_FUNCTIONS:
            path = template_of(arguments[0]) if arguments else (Reference(HOLE),)
            pattern = template_of(arguments[1]) if name == "fileset" and len(arguments) > 1 else None
            yield Read(name, path, at, pattern)


def _named_by(template: Node) -> str:
    """How a text that names a path stands there: "path", "local" for the value of a local, "" as the argument of a file-reading function."""
    node = template.parent
    while node is not None and node.type != "block":
        if node.type == "function_call":
            name = _text(node.named_children[0]).removeprefix("core::")
            if name in FILE_FUNCTIONS:
                return ""
            if name not in SAME_PATH:
                break
        node = node.parent
    while node is not None and node.type != "block":
        node = node.parent
    return "local" if node is not None and _text(node.named_children[0]) == "locals" else "path"
