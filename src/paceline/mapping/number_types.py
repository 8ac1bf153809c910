"""What arithmetic gives, as a JSON Schema: kinds, and the limits that follow from the limits of both sides."""

from __future__ import annotations

from typing import Any, Final

from paceline.mapping import kinds as k
from paceline.mapping.expression import ArithmeticOperator
from paceline.mapping.functions.numbers import add, multiply, subtract
from paceline.mapping.refusals import Stop
from paceline.mapping.schemas import Schema, limit_of, schema_kinds

_Bound = int | float | None
_OPERATIONS: Final = {"+": add, "-": subtract, "*": multiply}


def arithmetic_type(operator: ArithmeticOperator, left: Schema, right: Schema) -> Schema:
    """The schema of `left operator right`. Rounding keeps order, so limits are computed as values are."""
    is_whole = operator != "/" and schema_kinds(left) == schema_kinds(right) == k.INTEGER
    schema: dict[str, Any] = {"type": "integer" if is_whole else "number"}
    (low, high), (other_low, other_high) = _bounds(left), _bounds(right)
    match operator:
        case "+":
            found = _computed("+", low, other_low), _computed("+", high, other_high)
        case "-":
            found = _computed("-", low, other_high), _computed("-", high, other_low)
        case "*":
            found = _product((low, high), (other_low, other_high))
        case _:
            found = None, None
    named = {"minimum": found[0], "maximum": found[1]}
    return {**schema, **{name: value for name, value in named.items() if value is not None}}


def _bounds(schema: Schema) -> tuple[_Bound, _Bound]:
    if isinstance(schema, dict) and isinstance(value := schema.get("const"), int | float):
        return value, value
    return limit_of(schema, "minimum", max), limit_of(schema, "maximum", min)


def _product(left: tuple[_Bound, _Bound], right: tuple[_Bound, _Bound]) -> tuple[_Bound, _Bound]:
    corners = [_computed("*", one, other) for one in left for other in right]
    known = [corner for corner in corners if corner is not None]
    if len(known) == len(corners):
        return min(known), max(known)
    lows = [side[0] for side in (left, right)]
    return (_computed("*", *lows) if all(low is not None and low >= 0 for low in lows) else None), None


def _computed(operator: str, left: _Bound, right: _Bound) -> _Bound:
    if left is None or right is None:
        return None
    try:
        return _OPERATIONS[operator](left, right)
    except Stop:
        return None
