"""What the reader of Python asks about single nodes of a syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator


def assignments(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    match node:
        case ast.Assign(targets=targets, value=value):
            for target in targets:
                if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
                    yield from zip(target.elts, value.elts, strict=False)
                else:
                    yield target, value
        case ast.AnnAssign(target=target, value=value) if value is not None:
            yield target, value
        case ast.AugAssign(target=target, op=op, value=value) if isinstance(op, ast.Add):
            yield target, ast.copy_location(ast.BinOp(left=as_loaded(target), op=op, right=value), node)
        case ast.NamedExpr(target=target, value=value):
            yield target, value


def as_loaded(target: ast.Name | ast.Attribute | ast.Subscript) -> ast.expr:
    return target


def names_in(target: ast.expr) -> Iterator[str]:
    if isinstance(target, ast.Name):
        yield target.id


def own_returns(node: ast.FunctionDef | ast.AsyncFunctionDef) -> Iterator[ast.Return]:
    waiting: list[ast.AST] = list(node.body)
    while waiting:
        one = waiting.pop(0)
        if isinstance(one, ast.Return):
            yield one
        elif not isinstance(one, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for block in ("body", "orelse", "finalbody", "handlers", "cases"):
                waiting.extend(getattr(one, block, ()))


def dotted(node: ast.AST) -> str | None:
    """`a.b.c` as text; what is called or indexed on the way is left out."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(value=value, attr=attr):
            owner = dotted(value)
            return f"{owner}.{attr}" if owner is not None else None
        case ast.Call(func=func):
            return dotted(func)
        case _:
            return None


def arguments_of(node: ast.Call) -> Iterator[ast.expr]:
    yield from node.args
    for keyword in node.keywords:
        yield keyword.value


def url_argument(node: ast.Call, verb: str) -> ast.expr | None:
    for keyword in node.keywords:
        if keyword.arg in {"url", "base_url"}:
            return keyword.value
    position = 1 if verb in {"request", "stream"} and len(node.args) > 1 else 0
    return node.args[position] if len(node.args) > position else None
