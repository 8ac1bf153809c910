"""The tree of a mapping expression: what the parser builds and everything else walks.

A tree is plain data (frozen, compared by value). Every node knows the `column` where it starts in its text, 1-based.
`show` writes a tree back as text that parses to the same tree.
"""

from __future__ import annotations

import json
import re
from typing import Literal as OneOf
from typing import TypeAlias, assert_never

import msgspec

Root: TypeAlias = OneOf["$", "$$", "@"]
Comparator: TypeAlias = OneOf["==", "!=", "<", "<=", ">", ">=", "in"]
ArithmeticOperator: TypeAlias = OneOf["+", "-", "*", "/"]
Constant: TypeAlias = str | int | float | bool | None

KEYWORDS = frozenset({"and", "else", "false", "if", "in", "not", "null", "or", "then", "true"})
PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")


class Node(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One part of an expression."""

    column: int = 1


class Key(Node, frozen=True, gc=False):
    """The step `.name` or `."any text"`: the value under a key of an object."""

    name: str


class Index(Node, frozen=True, gc=False):
    """The step `[2]` or `[-1]`: one item of a list, counted from 0 or, when negative, from the end."""

    position: int


class Every(Node, frozen=True, gc=False):
    """The step `[*]`: go on with every item of a list."""


class Where(Node, frozen=True, gc=False):
    """The step `[?condition]`: go on with the items for which the condition holds; `@` is the item."""

    condition: Expression


Step: TypeAlias = Key | Index | Every | Where


class Path(Node, frozen=True, gc=False):
    """`$.a.b[0]`: a place in the event (`$$`), in what is mapped (`$`: the event, or the item in `each`) or in `@`."""

    root: Root
    steps: tuple[Step, ...] = ()


class Literal(Node, frozen=True, gc=False):
    """A value written down: text, a number, true, false or null."""

    value: Constant


class Call(Node, frozen=True, gc=False):
    """`name(a, b)` or, when `piped`, `a | name(b)`: the same call, written in two ways."""

    function: str
    arguments: tuple[Expression, ...] = ()
    piped: bool = False


class Fallback(Node, frozen=True, gc=False):
    """`a ?? b`: the first operand that is neither missing nor null, or else the last one as it is."""

    operands: tuple[Expression, ...]


class Compare(Node, frozen=True, gc=False):
    """`a < b`: always true or false, never missing."""

    operator: Comparator
    left: Expression
    right: Expression


class Logic(Node, frozen=True, gc=False):
    """`a and b`, `a or b`: evaluated left to right, no further than needed."""

    operator: OneOf["and", "or"]
    operands: tuple[Expression, ...]


class Not(Node, frozen=True, gc=False):
    """`not a`."""

    operand: Expression


class Arithmetic(Node, frozen=True, gc=False):
    """`a + b` on numbers."""

    operator: ArithmeticOperator
    left: Expression
    right: Expression


class Negate(Node, frozen=True, gc=False):
    """`-a` on a number."""

    operand: Expression


class Condition(Node, frozen=True, gc=False):
    """`if a then b else c`; without `else` it is missing when the condition does not hold."""

    condition: Expression
    then: Expression
    otherwise: Expression | None = None


class ListOf(Node, frozen=True, gc=False):
    """`[a, b]`: a list of what is there; missing items are left out."""

    items: tuple[Expression, ...] = ()


class Entry(Node, frozen=True, gc=False):
    """One `key: value` of an object."""

    key: str
    value: Expression


class ObjectOf(Node, frozen=True, gc=False):
    """`{key: a}`: an object of what is there; missing values are left out."""

    entries: tuple[Entry, ...] = ()


class Required(Node, frozen=True, gc=False):
    """`a!`: the event is refused when `a` is missing or null."""

    operand: Expression


class Within(Node, frozen=True, gc=False):
    """`(a).b[0]`: steps into something that is not a plain path."""

    operand: Expression
    steps: tuple[Step, ...]


Expression: TypeAlias = (
    Path
    | Literal
    | Call
    | Fallback
    | Compare
    | Logic
    | Not
    | Arithmetic
    | Negate
    | Condition
    | ListOf
    | ObjectOf
    | Required
    | Within
)


def children(node: Expression) -> tuple[Expression, ...]:
    """The expressions directly inside a node, in the order of their text."""
    match node:
        case Path(steps=steps):
            return tuple(step.condition for step in steps if isinstance(step, Where))
        case Literal():
            return ()
        case Call(arguments=arguments):
            return arguments
        case Fallback(operands=operands) | Logic(operands=operands):
            return operands
        case Compare(left=left, right=right) | Arithmetic(left=left, right=right):
            return (left, right)
        case Not(operand=operand) | Negate(operand=operand) | Required(operand=operand):
            return (operand,)
        case Condition(condition=condition, then=then, otherwise=otherwise):
            return (condition, then) if otherwise is None else (condition, then, otherwise)
        case ListOf(items=items):
            return items
        case ObjectOf(entries=entries):
            return tuple(entry.value for entry in entries)
        case Within(operand=operand, steps=steps):
            return (operand, *(step.condition for step in steps if isinstance(step, Where)))
        case _:
            assert_never(node)


def first_column(node: Expression) -> int:
    """Where the text of an expression starts; a pipe's own column is that of its function."""
    inner = children(node)
    return min(node.column, first_column(inner[0])) if inner else node.column


# How tightly each form binds; `show` puts a looser one in parentheses inside a tighter one.
_CONDITION, _OR, _AND, _NOT, _COMPARE, _PIPE, _SUM, _PRODUCT, _UNARY, _ATOM = range(10)


def show(node: Expression) -> str:
    """The expression as text. Parsing it gives the same tree (with other columns).

    >>> show(Call(function="lower", arguments=(Path(root="$", steps=(Key(name="userId"),)),), piped=True))
    '$.userId | lower'
    """
    return _show(node, _CONDITION)


def _show(node: Expression, at_least: int) -> str:
    text, binding = _text_and_binding(node)
    return text if binding >= at_least else f"({text})"


def _text_and_binding(node: Expression) -> tuple[str, int]:  # noqa: PLR0912 (one case a form)
    match node:
        case Path(root=root, steps=steps):
            return root + _show_steps(steps), _ATOM
        case Literal(value=value):
            # A negative number is a sign and a literal, so it binds like a sign.
            is_signed = isinstance(value, int | float) and not isinstance(value, bool) and str(value).startswith("-")
            return show_constant(value), _UNARY if is_signed else _ATOM
        case Call(function=name, arguments=arguments, piped=True):
            rest = f"({_show_all(arguments[1:])})" if len(arguments) > 1 else ""
            return f"{_show(arguments[0], _PIPE)} | {name}{rest}", _PIPE
        case Call(function=name, arguments=arguments):
            return f"{name}({_show_all(arguments)})", _ATOM
        case Fallback(operands=operands):
            others = [_show(other, _SUM) for other in operands[1:]]
            return " ?? ".join([_show(operands[0], _PIPE), *others]), _PIPE
        case Compare(operator=operator, left=left, right=right):
            return f"{_show(left, _PIPE)} {operator} {_show(right, _PIPE)}", _COMPARE
        case Logic(operator=operator, operands=operands):
            inner = _AND + 1 if operator == "and" else _OR + 1
            return f" {operator} ".join(_show(operand, inner) for operand in operands), inner - 1
        case Not(operand=operand):
            return f"not {_show(operand, _NOT)}", _NOT
        case Arithmetic(operator=operator, left=left, right=right):
            level = _SUM if operator in {"+", "-"} else _PRODUCT
            return f"{_show(left, level)} {operator} {_show(right, level + 1)}", level
        case Negate(operand=operand):
            return f"-{_show(operand, _UNARY)}", _UNARY
        case Condition(condition=condition, then=then, otherwise=otherwise):
            text = f"if {show(condition)} then {_show(then, _OR)}"
            return text if otherwise is None else f"{text} else {show(otherwise)}", _CONDITION
        case ListOf(items=items):
            return f"[{_show_all(items)}]", _ATOM
        case ObjectOf(entries=entries):
            return "{" + ", ".join(f"{_show_key(entry.key)}: {show(entry.value)}" for entry in entries) + "}", _ATOM
        case Required(operand=operand):
            return f"{_show_stepped(operand, by_step=False)}!", _ATOM
        case Within(operand=operand, steps=steps):
            return f"{_show_stepped(operand, by_step=True)}{_show_steps(steps)}", _ATOM
        case _:
            assert_never(node)


def _show_stepped(node: Expression, *, by_step: bool) -> str:
    """Text that `!` or a step may follow. A step after a bare path would belong to that path."""
    is_bare = isinstance(node, Required) or (isinstance(node, Call) and not node.piped)
    if not by_step:
        is_bare = is_bare or isinstance(node, Path | Within)
    return show(node) if is_bare else f"({show(node)})"


def _show_all(nodes: tuple[Expression, ...]) -> str:
    return ", ".join(show(node) for node in nodes)


def _show_key(key: str) -> str:
    return key if PLAIN_NAME.match(key) else show_constant(key)


def _show_steps(steps: tuple[Step, ...]) -> str:
    return "".join(_show_step(step) for step in steps)


def _show_step(step: Step) -> str:
    match step:
        case Key(name=name):
            return f".{_show_key(name)}"
        case Index(position=position):
            return f"[{position}]"
        case Every():
            return "[*]"
        case Where(condition=condition):
            return f"[?{show(condition)}]"
        case _:
            assert_never(step)


def show_constant(value: Constant) -> str:
    """A literal as text: JSON, which is what the grammar takes."""
    return json.dumps(value, ensure_ascii=False)
