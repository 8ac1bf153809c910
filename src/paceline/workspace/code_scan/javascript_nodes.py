"""What the reader of JavaScript asks about single nodes of a syntax tree."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node


_STEPS_OVER = frozenset(
    {"parenthesized_expression", "as_expression", "satisfies_expression", "non_null_expression", "await_expression"}
)


def is_broken(root: Node) -> bool:
    """Whether nothing in the file could be read. A fault in one place spoils only that place."""
    return root.has_error and not any(child.type != "ERROR" for child in root.named_children)


def walk(root: Node) -> Iterator[Node]:
    """Every node, outer ones before inner ones, in the order of the text."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(reversed(node.named_children))


def source_of(node: Node | None) -> str:
    return (node.text or b"").decode("utf-8", "replace") if node is not None else ""


def line_of(node: Node) -> int:
    return int(node.start_point[0]) + 1


def unwrapped(node: Node) -> Node:
    while node.type in _STEPS_OVER and node.named_children:
        node = node.named_children[0]
    return node


def quoted(node: Node | None) -> str | None:
    return unquoted(node) if node is not None and node.type == "string" else None


def unquoted(node: Node) -> str:
    return "".join(source_of(child) for child in node.named_children if child.type == "string_fragment")


def required_module(value: Node) -> str | None:
    """The module that `require("…")` or `await import("…")` names."""
    call = unwrapped(value)
    if call.type != "call_expression" or callee_of(call) not in {"require", "import"}:
        return None
    arguments = arguments_of(call)
    return quoted(arguments[0]) if arguments else None


def callee_of(node: Node) -> str:
    function = node.child_by_field_name("function") or node.child_by_field_name("constructor")
    return (dotted(function) or "") if function is not None else ""


def arguments_of(node: Node) -> list[Node]:
    given = node.child_by_field_name("arguments")
    return list(given.named_children) if given is not None and given.type == "arguments" else []


def returned(body: Node | None) -> list[Node]:
    """What a function gives: the expressions of its own returns, or the body of an arrow."""
    if body is None:
        return []
    if body.type != "statement_block":
        return [body]
    found: list[Node] = []
    waiting = list(body.named_children)
    while waiting:
        node = waiting.pop(0)
        if node.type == "return_statement":
            found += node.named_children[:1]
        elif "function" not in node.type and node.type != "class_declaration":
            waiting.extend(node.named_children)
    return found


def dotted(node: Node | None) -> str | None:
    """`a.b.c` as text; what is called on the way is left out, `a["b"]` is `a.b`."""
    if node is None:
        return None
    node = unwrapped(node)
    match node.type:
        case "identifier" | "property_identifier" | "private_property_identifier" | "shorthand_property_identifier":
            return source_of(node)
        case "this" | "import" | "meta_property":
            return source_of(node)
        case "member_expression":
            owner = dotted(node.child_by_field_name("object"))
            return f"{owner}.{source_of(node.child_by_field_name('property'))}" if owner is not None else None
        case "subscript_expression":
            owner, key = dotted(node.child_by_field_name("object")), quoted(node.child_by_field_name("index"))
            return f"{owner}.{key}" if owner is not None and key is not None else None
        case "call_expression":
            return dotted(node.child_by_field_name("function"))
        case _:
            return None
