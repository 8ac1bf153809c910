"""Code for conditions: comparisons, `and`, `or`, `not`, and whatever else gives a boolean."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from paceline.mapping import kinds as k
from paceline.mapping.expression import Call, Compare, Expression, ListOf, Literal, Logic, Not
from paceline.mapping.generate.arguments import Argument
from paceline.mapping.generate.writer import literal

if TYPE_CHECKING:
    from paceline.mapping.generate.expressions import Emitter

_ORDERS: Final = {"<": "is_less", "<=": "is_less_or_equal", ">": "is_less", ">=": "is_less_or_equal"}


def condition(emitter: Emitter, node: Expression) -> str:
    """Source that is True or False: free of effects, and evaluated where its lines end."""
    match node:
        case Literal(value=bool(value)):
            return literal(value)
        case Compare(operator="==", left=left, right=right):
            return _equality(emitter, left, right)
        case Compare(operator="!=", left=left, right=right):
            return f"not ({_equality(emitter, left, right)})"
        case Compare(operator="in"):
            return _among(emitter, node)
        case Compare():
            return _order(emitter, node)
        case Logic():
            return _logic(emitter, node)
        case Not(operand=operand):
            return f"not ({condition(emitter, operand)})"
        case Call(function="exists", arguments=(inner,)):
            return f"{emitter.maybe_once(inner)} is not None"
        case _:
            return _value(emitter, node)


def _value(emitter: Emitter, node: Expression) -> str:
    if emitter.kinds(node) == k.BOOLEAN:
        return emitter.present(node)
    source = emitter.guarded(emitter.maybe(node), Argument(node, k.BOOLEAN, "a condition takes"), or_none=True)
    return f"{source} is True"


def _logic(emitter: Emitter, node: Logic) -> str:
    """Later operands are evaluated only when needed, so the lines of one stand under a test of those before."""
    first, *others = node.operands
    result = _bracketed(condition(emitter, first))
    for operand in others:
        with emitter.writer.apart(emitter.writer.depth + 1) as lines:
            source = _bracketed(condition(emitter, operand))
        if lines.is_empty():
            result = f"{result} {node.operator} {source}"
            continue
        name = emitter.writer.temporary()
        emitter.writer.line(f"{name} = {result}")
        with emitter.writer.block(f"if {name}:" if node.operator == "and" else f"if not {name}:"):
            emitter.writer.place(lines)
            emitter.writer.line(f"{name} = {source}")
        result = name
    return result


def _bracketed(source: str) -> str:
    return f"({source})" if " and " in source or " or " in source or source.startswith("not ") else source


def _equality(emitter: Emitter, left: Expression, right: Expression) -> str:
    if isinstance(left, Literal) and not isinstance(right, Literal):
        left, right = right, left
    if isinstance(right, Literal):
        return _equals_literal(emitter, left, right.value)
    # Python takes True for 1, so values that may be booleans or hold some are compared by our own rule.
    plain = k.NOTHING | k.NUMBER | k.TEXT
    if (emitter.kinds(left) | emitter.kinds(right)) & ~plain == 0:
        return f"{emitter.maybe(left)} == {emitter.maybe(right)}"
    emitter.can_stop = True
    return f"equal({emitter.maybe(left)}, {emitter.maybe(right)})"


def _equals_literal(emitter: Emitter, node: Expression, value: object) -> str:
    if value is None or isinstance(value, bool):
        return f"{emitter.maybe_once(node)} is {literal(value)}"
    if value in {0, 1} and emitter.kinds(node) & k.BOOLEAN:
        name = emitter.maybe(node)
        return f"{name} == {literal(value)} and type({name}) is not bool"
    return f"{emitter.maybe_once(node)} == {literal(value)}"


def _among(emitter: Emitter, node: Compare) -> str:
    choices = node.right.items if isinstance(node.right, ListOf) else ()
    words = [choice.value for choice in choices if isinstance(choice, Literal) and isinstance(choice.value, str)]
    if words and len(words) == len(choices):
        return f"{emitter.maybe_once(node.left)} in ({''.join(f'{literal(word)}, ' for word in words).rstrip()})"
    left = emitter.maybe(node.left)
    items = emitter.guarded(emitter.maybe(node.right), Argument(node.right, k.LIST, "`in` looks into"), or_none=True)
    emitter.can_stop = True
    test = f"is_among({left}, {items})"
    return f"{items} is not None and {test}" if emitter.may_be_nothing(node.right) else test


def _order(emitter: Emitter, node: Compare) -> str:
    for operand in (node.left, node.right):
        known = emitter.kinds(operand)
        for kinds in (k.NUMBER, k.TEXT):
            if known & ~kinds == 0:
                return _order_of_kind(emitter, node, kinds)
    left, right = emitter.maybe(node.left), emitter.maybe(node.right)
    if node.operator in {">", ">="}:
        left, right = right, left
    emitter.can_stop = True
    return f"{_ORDERS[node.operator]}({left}, {right})"


def _order_of_kind(emitter: Emitter, node: Compare, kinds: k.Kinds) -> str:
    """One side is known to be a number, or text: so must the other be, and Python's own operator compares them."""
    tests: list[str] = []
    sources: list[str] = []
    for operand in (node.left, node.right):
        argument = Argument(operand, kinds, f"`{node.operator}` compares with")
        source = emitter.guarded(emitter.maybe(operand), argument, or_none=True)
        if emitter.may_be_nothing(operand):
            tests.append(f"{source} is not None")
        sources.append(source)
    return " and ".join([*tests, f"{sources[0]} {node.operator} {sources[1]}"])
