"""Functions on numbers, money and booleans, and the arithmetic operators."""

from __future__ import annotations

import math
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Final

from paceline.mapping.functions.definition import (
    LIST_VALUE,
    NUMBER_VALUE,
    Example,
    Function,
    Missing,
    Parameter,
    Refused,
)
from paceline.mapping.functions.limits import MAX_WHOLE_NUMBER, bounded_number
from paceline.mapping.functions.scalars import to_boolean, to_integer, to_number
from paceline.mapping.kinds import BOOLEAN, INTEGER, NUMBER, SCALAR, TEXT
from paceline.mapping.refusals import Stop, wrong_type

Number = int | float

# How many digits a currency has after the point, where it is not two: ISO 4217, list one
# (https://www.six-group.com/en/products-services/financial-information/data-standards.html, read 2026-11-23).
_NO_MINOR_UNIT: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THREE_DIGITS: Final = "BHD IQD JOD KWD LYD OMR TND"
_FOUR_DIGITS: Final = "CLF UYW"
_DIGITS_OF_CURRENCY: Final = {
    **dict.fromkeys(_NO_MINOR_UNIT.split(), 0),
    **dict.fromkeys(_THREE_DIGITS.split(), 3),
    **dict.fromkeys(_FOUR_DIGITS.split(), 4),
}


# Money is written in decimal digits, so that is how it is computed: 0.1 + 0.2 is 0.3, and 0.1 * 3 is 0.3.
_DECIMALS: Final = Context(prec=34, traps=[])


def add(left: Number, right: Number) -> Number:
    if type(left) is int and type(right) is int:
        return bounded_number(left + right)
    return _number(_DECIMALS.add(_decimal(left), _decimal(right)))


def subtract(left: Number, right: Number) -> Number:
    if type(left) is int and type(right) is int:
        return bounded_number(left - right)
    return _number(_DECIMALS.subtract(_decimal(left), _decimal(right)))


def multiply(left: Number, right: Number) -> Number:
    if type(left) is int and type(right) is int:
        return bounded_number(left * right)
    return _number(_DECIMALS.multiply(_decimal(left), _decimal(right)))


def divide(left: Number, right: Number) -> Number:
    if right == 0:
        raise Stop("out_of_range", "a division by zero")
    return _number(_DECIMALS.divide(_decimal(left), _decimal(right)))


def _decimal(value: Number) -> Decimal:
    return Decimal(repr(bounded_number(value)))


def _number(exact: Decimal) -> Number:
    # Adding 0.0 makes a negative zero an ordinary one.
    return bounded_number(float(exact)) + 0.0


def negate(value: Number) -> Number:
    return bounded_number(-value)


def absolute(value: Number) -> Number:
    return bounded_number(abs(value))


def round_number(value: Number, digits: int = 0) -> Number:
    """Half away from zero, on the decimal digits that a person sees (2.675 to 2.68)."""
    if digits == 0:
        return bounded_number(int(_rounded(value, 0)))
    return _number(_rounded(value, digits)) if type(value) is float else bounded_number(value)


def _rounded(value: Number, digits: int) -> Decimal:
    exact = _decimal(value)
    if abs(value) >= MAX_WHOLE_NUMBER:
        return exact
    return exact.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)


def floor(value: Number) -> Number:
    return bounded_number(math.floor(bounded_number(value)))


def ceil(value: Number) -> Number:
    return bounded_number(math.ceil(bounded_number(value)))


def clamp(value: Number, low: Number, high: Number) -> Number:
    return bounded_number(max(low, min(value, high)))


def total(values: list[object]) -> Number:
    numbers = _numbers(values, "sum")
    if all(type(number) is int for number in numbers):
        return bounded_number(sum(numbers))
    exact = Decimal(0)
    for number in numbers:
        exact = _DECIMALS.add(exact, _decimal(number))
    return _number(exact)


def average(values: list[object]) -> Number | None:
    return divide(total(values), len(values)) if values else None


def least(values: list[object]) -> Number | None:
    return min(_numbers(values, "min"), default=None)


def greatest(values: list[object]) -> Number | None:
    return max(_numbers(values, "max"), default=None)


def _numbers(values: list[object], function: str) -> list[Number]:
    numbers: list[Number] = []
    for value in values:
        if type(value) is not int and type(value) is not float:
            wrong_type(f"{function} takes a list of numbers, but one item is", value)
        numbers.append(bounded_number(value))
    return numbers


def minor_units(amount: object, currency: str) -> int:
    """An amount in the smallest unit of its currency: 19.99 EUR is 1999."""
    exact = _decimal(to_number(amount)).scaleb(_currency_digits(currency, "minor_units"))
    if abs(exact) > MAX_WHOLE_NUMBER:
        raise Stop("out_of_range", "an amount beyond 2^53 minor units")
    return int(exact.quantize(Decimal(1), ROUND_HALF_UP))


def from_minor_units(amount: int, currency: str) -> Number:
    """An amount of the smallest unit as an ordinary one: 1999 EUR is 19.99."""
    digits = _currency_digits(currency, "from_minor_units")
    return float(Decimal(bounded_number(amount)).scaleb(-digits)) if digits else bounded_number(amount)


def _currency_digits(currency: str, function: str) -> int:
    code = currency.strip().upper()
    if len(code) != 3 or not (code.isascii() and code.isalpha()):
        raise Stop("wrong_type", f"{function} takes a currency of three letters, but was given other text")
    return _DIGITS_OF_CURRENCY.get(code, 2)


def _digits_problem(value: object) -> str:
    return "" if type(value) is int and 0 <= value <= 10 else "digits are a whole number from 0 to 10"


_CURRENCY: Final = Parameter(name="currency", kinds=TEXT)

FUNCTIONS: Final = (
    Function(
        name="number",
        group="Numbers",
        summary='A number from a number or from text such as "12.50".',
        parameters=(Parameter(name="value", kinds=NUMBER | TEXT),),
        result=NUMBER,
        wrong="text that is not a number refuses the event",
        run=to_number,
        examples=(
            Example('"12.50" | number', 12.5),
            Example('"12,50" | number', Refused("wrong_type")),
            Example("$.paid | number", Refused("wrong_type"), {"paid": True}),
            Example("$.properties.total | number", Missing()),
        ),
    ),
    Function(
        name="integer",
        group="Numbers",
        summary="A whole number from a whole number or from text that is one.",
        parameters=(Parameter(name="value", kinds=NUMBER | TEXT),),
        result=INTEGER,
        wrong="a fraction, or text that is not a whole number, refuses the event",
        run=to_integer,
        examples=(
            Example('"42" | integer', 42),
            Example("3.0 | integer", 3),
            Example("3.7 | integer", Refused("wrong_type")),
        ),
    ),
    Function(
        name="round",
        group="Numbers",
        summary="Rounded to `digits` after the point (0, a whole number, unless given); a half goes away from zero.",
        parameters=(
            NUMBER_VALUE,
            Parameter(name="digits", kinds=INTEGER, is_optional=True, is_literal=True, problem=_digits_problem),
        ),
        result=NUMBER,
        result_without_options=INTEGER,
        run=round_number,
        examples=(Example("2.675 | round(2)", 2.68), Example("-2.5 | round", -3)),
    ),
    Function(
        name="floor",
        group="Numbers",
        summary="The next whole number below.",
        parameters=(NUMBER_VALUE,),
        result=INTEGER,
        run=floor,
        examples=(Example("-2.5 | floor", -3),),
    ),
    Function(
        name="ceil",
        group="Numbers",
        summary="The next whole number above.",
        parameters=(NUMBER_VALUE,),
        result=INTEGER,
        run=ceil,
        examples=(Example("2.1 | ceil", 3),),
    ),
    Function(
        name="abs",
        group="Numbers",
        summary="Without its sign.",
        parameters=(NUMBER_VALUE,),
        result=NUMBER,
        keeps_kind=True,
        run=absolute,
        examples=(Example("-2.5 | abs", 2.5),),
    ),
    Function(
        name="clamp",
        group="Numbers",
        summary="No less than `low`, no more than `high`.",
        parameters=(NUMBER_VALUE, Parameter(name="low", kinds=NUMBER), Parameter(name="high", kinds=NUMBER)),
        result=NUMBER,
        run=clamp,
        examples=(Example("120 | clamp(0, 100)", 100),),
    ),
    Function(
        name="sum",
        group="Numbers",
        summary="The sum of a list of numbers; 0 for an empty one.",
        parameters=(LIST_VALUE,),
        result=NUMBER,
        wrong="an item that is not a number refuses the event",
        run=total,
        examples=(
            Example("$.products[*].price | sum", 0.3, {"products": [{"price": 0.1}, {}, {"price": 0.2}]}),
            Example('[1, "2"] | sum', Refused("wrong_type")),
        ),
    ),
    Function(
        name="average",
        group="Numbers",
        summary="The mean of a list of numbers; missing for an empty one.",
        parameters=(LIST_VALUE,),
        result=NUMBER,
        may_miss=True,
        wrong="an item that is not a number refuses the event",
        run=average,
        examples=(Example("[1, 2] | average", 1.5), Example("[] | average", Missing())),
    ),
    Function(
        name="min",
        group="Numbers",
        summary="The least of a list of numbers; missing for an empty one.",
        parameters=(LIST_VALUE,),
        result=NUMBER,
        may_miss=True,
        wrong="an item that is not a number refuses the event",
        run=least,
        examples=(Example("[3, 1, 2] | min", 1),),
    ),
    Function(
        name="max",
        group="Numbers",
        summary="The greatest of a list of numbers; missing for an empty one.",
        parameters=(LIST_VALUE,),
        result=NUMBER,
        may_miss=True,
        wrong="an item that is not a number refuses the event",
        run=greatest,
        examples=(Example("[3, 1, 2] | max", 3),),
    ),
    Function(
        name="minor_units",
        group="Numbers",
        summary="An amount of money in the smallest unit of its currency (ISO 4217 code), as a whole number.",
        parameters=(Parameter(name="amount", kinds=NUMBER | TEXT), _CURRENCY),
        result=INTEGER,
        wrong="text that is not a number, or a currency that is not three letters, refuses the event",
        run=minor_units,
        examples=(Example('19.99 | minor_units("EUR")', 1999), Example('500 | minor_units("JPY")', 500)),
    ),
    Function(
        name="from_minor_units",
        group="Numbers",
        summary="An amount of money from a whole number of the smallest unit of its currency.",
        parameters=(Parameter(name="amount", kinds=INTEGER), _CURRENCY),
        result=NUMBER,
        wrong="a currency that is not three letters refuses the event",
        run=from_minor_units,
        examples=(Example('1999 | from_minor_units("EUR")', 19.99),),
    ),
    Function(
        name="boolean",
        group="Booleans",
        summary="true or false from a boolean, from 1 or 0, or from the words true, yes, 1, false, no, 0.",
        parameters=(Parameter(name="value", kinds=SCALAR),),
        result=BOOLEAN,
        wrong="any other number or text refuses the event",
        run=to_boolean,
        examples=(Example('"Yes" | boolean', True), Example('"maybe" | boolean', Refused("wrong_type"))),
    ),
)
