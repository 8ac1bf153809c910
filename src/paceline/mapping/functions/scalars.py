"""Numbers, booleans and text turned into each other."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Final

from paceline.mapping.functions.limits import bounded_number
from paceline.mapping.refusals import Stop, wrong_type

_NUMBER: Final = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?\Z")
_MAX_DIGITS: Final = 400
_BOOLEAN_OF_TEXT: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def scalar_text(value: object) -> str:
    """A scalar as text, numbers as ECMAScript writes them, which is what receivers of JSON expect (12.0 is 12)."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case int():
            return str(bounded_number(value))
        case float():
            return _fraction_text(value)
        case _:
            return wrong_type("string takes text, a number or a boolean, but was given", value)


def _fraction_text(value: float) -> str:
    bounded_number(value)
    text = repr(value)
    if "e" not in text:
        return text.removesuffix(".0") if text != "-0.0" else "0"
    if 1e-6 <= abs(value) < 1e21:
        return format(Decimal(text), "f").removesuffix(".0")
    digits, exponent = text.split("e")
    return f"{digits}e{'+' if exponent[0] == '+' else '-'}{exponent[1:].lstrip('0')}"


def to_number(value: object) -> int | float:
    """A number from a number or from text that is one."""
    if type(value) is int or type(value) is float:
        return bounded_number(value)
    if isinstance(value, str):
        text = value.strip()
        if len(text) <= _MAX_DIGITS and _NUMBER.match(text):
            is_whole = text.lstrip("+-").isdigit()
            return bounded_number(int(text) if is_whole else float(text))
    raise Stop("wrong_type", "number takes a number or text that is one, but was given something else")


def to_integer(value: object) -> int:
    """A whole number from a whole number or from text that is one."""
    number = to_number(value)
    if isinstance(number, float):
        if not number.is_integer():
            raise Stop("wrong_type", "integer takes a whole number, but was given a fraction; round it first")
        number = bounded_number(int(number))
    return int(number)


def to_boolean(value: object) -> bool:
    """A boolean from a boolean, 1, 0 or one of a few words."""
    if type(value) is bool:
        return value
    if isinstance(value, str):
        found = _BOOLEAN_OF_TEXT.get(value.strip().lower())
        if found is not None:
            return found
    elif value in (0, 1):
        return value == 1
    raise Stop("wrong_type", "boolean takes true, false, yes, no, 1 or 0, but was given something else")
