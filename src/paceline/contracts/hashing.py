"""Content hashes of contract versions: the same content has the same hash, however its file is written."""

from __future__ import annotations

import hashlib
import json
import math
import re

import msgspec

from paceline.errors import UsageError
from paceline.model.contract import ContractFile

_REPR = re.compile(r"(?P<sign>-?)(?P<whole>[0-9]+)(?:\.(?P<part>[0-9]+))?(?:e(?P<exponent>[+-]?[0-9]+))?")
_SURROGATES = re.compile("[\ud800-\udfff]")


def contract_hash(contract: ContractFile) -> str:
    """The hash that the lock keeps for a released version, as `sha256:` and 64 hex digits.

    It covers name, version, description, event and schema, with all annotations inside the schema. Owner and
    deprecation may change after the release, so they are left out.
    """
    content = msgspec.to_builtins(contract)
    return content_hash({key: value for key, value in content.items() if key not in ("owner", "deprecation")})


def content_hash(value: object) -> str:
    """The SHA-256 of a JSON value in canonical form, as `sha256:` and 64 hex digits."""
    return "sha256:" + hashlib.sha256(canonical_json(value)).hexdigest()


def canonical_json(value: object) -> bytes:
    """A JSON value in the one form of RFC 8785 (https://www.rfc-editor.org/rfc/rfc8785, read 2026-11-23).

    Numbers are IEEE doubles there: whole numbers beyond 2**53 lose digits, as in every JavaScript reader. Raises
    UsageError for what the form cannot hold: numbers out of range, lone surrogates, and what is no JSON value.

    >>> canonical_json({"b": 1.0, "a": [1e21, "é"]}).decode()
    '{"a":[1e+21,"é"],"b":1}'
    """
    return _written(value).encode()


def _written(value: object) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return _number(value)
        case str():
            return _text(value)
        case list():
            return "[" + ",".join(_written(item) for item in value) + "]"
        case dict():
            # RFC 8785 orders names by their UTF-16 code units, not by code points.
            names = sorted(value, key=_utf16)
            return "{" + ",".join(f"{_text(name)}:{_written(value[name])}" for name in names) + "}"
        case _:
            raise UsageError(f"a {type(value).__name__} is not a JSON value", expected="JSON", remedy="quote it")


def _utf16(name: object) -> bytes:
    return name.encode("utf-16-be", "surrogatepass") if isinstance(name, str) else b""


def _text(text: object) -> str:
    if not isinstance(text, str) or _SURROGATES.search(text):
        raise UsageError("a text cannot be written as UTF-8", expected="text without lone surrogates")
    return json.dumps(text, ensure_ascii=False)


def _number(value: float) -> str:
    """A number as ECMAScript writes it: the shortest digits that read back, and exponents only far from one."""
    try:
        double = float(value)
    except OverflowError:
        double = math.inf
    if not math.isfinite(double):
        raise UsageError("a number is out of the range of a double", expected="a number below 1.8e308")
    if double == 0:
        return "0"
    match = _REPR.fullmatch(repr(double))
    assert match is not None
    whole, part = match["whole"], match["part"] or ""
    part = "" if part == "0" else part
    digits = (whole + part).lstrip("0")
    # `point` is where the decimal point stands, counted from the first digit that is not zero.
    point = int(match["exponent"] or 0) + len(whole) - (len(whole + part) - len(digits))
    digits = digits.rstrip("0")
    return match["sign"] + _placed(digits, point)


def _placed(digits: str, point: int) -> str:
    if len(digits) <= point <= 21:
        return digits + "0" * (point - len(digits))
    if 0 < point <= 21:
        return digits[:point] + "." + digits[point:]
    if -6 < point <= 0:
        return "0." + "0" * -point + digits
    exponent = point - 1
    mantissa = digits if len(digits) == 1 else digits[0] + "." + digits[1:]
    return f"{mantissa}e{'+' if exponent > 0 else '-'}{abs(exponent)}"
