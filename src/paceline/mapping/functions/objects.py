"""Functions on objects."""

from __future__ import annotations

from typing import Final

from paceline.mapping.functions.definition import (
    OBJECT_VALUE,
    Example,
    Function,
    Missing,
    Parameter,
)
from paceline.mapping.kinds import LIST, OBJECT, SOMETHING, TEXT


def pick(value: dict[str, object], *keys: str) -> dict[str, object]:
    return {key: value[key] for key in keys if key in value}


def omit(value: dict[str, object], *keys: str) -> dict[str, object]:
    return {key: item for key, item in value.items() if key not in keys}


def merge(*values: dict[str, object]) -> dict[str, object]:
    merged: dict[str, object] = {}
    for value in values:
        merged.update(value)
    return merged


def entries(value: dict[str, object], key_name: str = "key", value_name: str = "value") -> list[object]:
    return [{key_name: key, value_name: item} for key, item in value.items()]


def without_nulls(value: dict[str, object]) -> dict[str, object]:
    return {key: item for key, item in value.items() if item is not None}


def flatten_keys(value: dict[str, object], separator: str = ".") -> dict[str, object]:
    flat: dict[str, object] = {}
    _flatten_into(flat, "", value, separator)
    return flat


def _flatten_into(flat: dict[str, object], prefix: str, value: dict[str, object], separator: str) -> None:
    for key, item in value.items():
        if isinstance(item, dict) and item:
            _flatten_into(flat, f"{prefix}{key}{separator}", item, separator)
        else:
            flat[prefix + key] = item


def flatten_all(value: dict[str, object], separator: str = ".") -> dict[str, object]:
    return flatten_keys(_with_positions(value), separator)


def _with_positions(value: object) -> dict[str, object]:
    """Lists turned into objects with the positions as keys, at any depth."""
    items = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    return {str(key): _with_positions(item) if isinstance(item, list | dict) and item else item for key, item in items}


_KEY: Final = Parameter(name="key", kinds=TEXT)
_KEYS: Final = Parameter(name="others", kinds=TEXT, is_repeated=True)
_SEPARATOR: Final = Parameter(name="separator", kinds=TEXT, is_optional=True, is_literal=True)

FUNCTIONS: Final = (
    Function(
        name="pick",
        group="Objects",
        summary="Only the named keys, in the order of the names.",
        parameters=(OBJECT_VALUE, _KEY, _KEYS),
        result=OBJECT,
        run=pick,
        examples=(Example('{a: 1, b: 2} | pick("b", "c")', {"b": 2}),),
    ),
    Function(
        name="omit",
        group="Objects",
        summary="All but the named keys.",
        parameters=(OBJECT_VALUE, _KEY, _KEYS),
        result=OBJECT,
        run=omit,
        examples=(Example('{a: 1, b: 2} | omit("b")', {"a": 1}),),
    ),
    Function(
        name="merge",
        group="Objects",
        summary="One object with the keys of all; the later value of a key wins. Missing when one of them is.",
        parameters=(OBJECT_VALUE, Parameter(name="others", kinds=OBJECT, is_repeated=True)),
        result=OBJECT,
        run=merge,
        examples=(Example("merge({a: 1, b: 2}, {b: 3})", {"a": 1, "b": 3}),),
    ),
    Function(
        name="keys",
        group="Objects",
        summary="Its keys, as a list.",
        parameters=(OBJECT_VALUE,),
        result=LIST,
        inline="list({0})",
        examples=(Example("{a: 1, b: 2} | keys", ["a", "b"]),),
    ),
    Function(
        name="values",
        group="Objects",
        summary="Its values, as a list.",
        parameters=(OBJECT_VALUE,),
        result=LIST,
        inline="list({0}.values())",
        examples=(Example("{a: 1, b: 2} | values", [1, 2]),),
    ),
    Function(
        name="get",
        group="Objects",
        summary="The value under a key that is itself looked up; missing when there is none.",
        parameters=(OBJECT_VALUE, _KEY),
        result=SOMETHING,
        may_miss=True,
        inline="{0}.get({1})",
        examples=(
            Example("$.prices | get($.currency)", 9, {"prices": {"EUR": 9}, "currency": "EUR"}),
            Example('{a: 1} | get("b")', Missing()),
        ),
    ),
    Function(
        name="entries",
        group="Objects",
        summary="A list with an object for each key, such as vendors want for custom fields.",
        parameters=(
            OBJECT_VALUE,
            Parameter(name="key_name", kinds=TEXT, is_optional=True, is_literal=True),
            Parameter(name="value_name", kinds=TEXT, is_optional=True, is_literal=True),
        ),
        result=LIST,
        run=entries,
        examples=(
            Example("{a: 1} | entries", [{"key": "a", "value": 1}]),
            Example('{a: 1} | entries("property", "value")', [{"property": "a", "value": 1}]),
        ),
    ),
    Function(
        name="without_nulls",
        group="Objects",
        summary="Without keys whose value is null.",
        parameters=(OBJECT_VALUE,),
        result=OBJECT,
        run=without_nulls,
        examples=(Example("$.traits | without_nulls", {"a": 1}, {"traits": {"a": 1, "b": None}}),),
    ),
    Function(
        name="flatten_keys",
        group="Objects",
        summary="One level of keys, joined by the separator (`.` unless given). Lists stay lists.",
        parameters=(OBJECT_VALUE, _SEPARATOR),
        result=OBJECT,
        run=flatten_keys,
        examples=(Example('{a: {b: 1, c: [2]}} | flatten_keys("_")', {"a_b": 1, "a_c": [2]}),),
    ),
    Function(
        name="flatten_all",
        group="Objects",
        summary="Like flatten_keys, and items of lists get their position as a key.",
        parameters=(OBJECT_VALUE, _SEPARATOR),
        result=OBJECT,
        run=flatten_all,
        examples=(Example("{a: {b: [1, 2]}} | flatten_all", {"a.b.0": 1, "a.b.1": 2}),),
    ),
)
