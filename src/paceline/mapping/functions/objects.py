"""Functions on objects."""

from __future__ import annotations

from typing import Final

from paceline.mapping.functions.definition import (
    ANY_VALUE,
    LIST_VALUE,
    OBJECT_VALUE,
    Example,
    Function,
    Missing,
    Parameter,
)
from paceline.mapping.kinds import LIST, OBJECT, SOMETHING, TEXT
from paceline.mapping.refusals import Stop


def pick(value: dict[str, object], *keys: str) -> dict[str, object]:
    return {key: value[key] for key in keys if key in value}


def omit(value: dict[str, object], *keys: str) -> dict[str, object]:
    return {key: item for key, item in value.items() if key not in keys}


def merge(*values: dict[str, object]) -> dict[str, object]:
    merged: dict[str, object] = {}
    for value in values:
        merged.update(value)
    return merged


def as_object(value: object) -> dict[str, object]:
    match value:
        case dict():
            return value
        case list() | str():
            return {str(position): item for position, item in enumerate(value)}
        case _:
            return {}


def entries(value: dict[str, object], key_name: str = "key", value_name: str = "value") -> list[object]:
    return [{key_name: key, value_name: item} for key, item in value.items()]


def from_entries(items: list[object], key_name: str = "key", value_name: str = "value") -> dict[str, object]:
    made: dict[str, object] = {}
    for item in items:
        key = item.get(key_name) if isinstance(item, dict) else None
        if not isinstance(key, str):
            raise Stop("wrong_type", f"from_entries takes objects with text under {key_name!r}, but one item is none")
        assert isinstance(item, dict)
        if value_name in item:
            made[key] = item[value_name]
    return made


def rename(value: dict[str, object], old: str, new: str, *others: str) -> dict[str, object]:
    names = dict(zip((old, *others[::2]), (new, *others[1::2]), strict=True))
    return {names.get(key, key): item for key, item in value.items()}


def without_nulls(value: dict[str, object]) -> dict[str, object]:
    return {key: item for key, item in value.items() if item is not None}


def without_nulls_deep(value: object) -> object:
    if not isinstance(value, dict):
        return value
    return {key: without_nulls_deep(item) for key, item in value.items() if item is not None}


def without_empty(value: dict[str, object], of: str = "") -> dict[str, object]:
    dropped: list[object] = [empty for empty, kind in (({}, "objects"), ([], "lists")) if of in {"", kind}]
    return {key: item for key, item in value.items() if item not in dropped}


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


def flatten_all(value: dict[str, object] | list[object], separator: str = ".") -> dict[str, object]:
    return flatten_keys(_with_positions(value), separator)


def _with_positions(value: object) -> dict[str, object]:
    """Lists turned into objects with the positions as keys, at any depth."""
    items = enumerate(value) if isinstance(value, list) else value.items() if isinstance(value, dict) else ()
    return {str(key): _with_positions(item) if isinstance(item, list | dict) and item else item for key, item in items}


def _emptiness_problem(of: object) -> str:
    return "" if of in {"objects", "lists"} else 'without_empty takes "objects" or "lists"'


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
        name="as_object",
        group="Objects",
        summary="An object as it is, a list or text as an object of its items under their positions, any other value "
        "as `{}`. It never refuses.",
        parameters=(ANY_VALUE,),
        result=OBJECT,
        run=as_object,
        examples=(
            Example("$.traits | as_object", {"plan": "free"}, {"traits": {"plan": "free"}}),
            Example('["a", "b"] | as_object', {"0": "a", "1": "b"}),
            Example("7 | as_object", {}),
        ),
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
        name="from_entries",
        group="Objects",
        summary="The object that `entries` took apart; of a key that is there twice, the last value.",
        parameters=(
            LIST_VALUE,
            Parameter(name="key_name", kinds=TEXT, is_optional=True, is_literal=True),
            Parameter(name="value_name", kinds=TEXT, is_optional=True, is_literal=True),
        ),
        result=OBJECT,
        wrong="an item that is no object with a key of text refuses the event",
        run=from_entries,
        examples=(
            Example('[{key: "a", value: 1}] | from_entries', {"a": 1}),
            Example(
                "$.traits | entries | map({key: @.key | upper, value: @.value}) | from_entries",
                {"PLAN": "plus"},
                {"traits": {"plan": "plus"}},
            ),
        ),
    ),
    Function(
        name="map_values",
        group="Objects",
        summary="What the expression gives for each value, which is `@`; keys for which it is missing are left out.",
        parameters=(OBJECT_VALUE, Parameter(name="expression", per_item=True, takes_nothing=True)),
        result=OBJECT,
        examples=(Example("{a: 1, b: true} | map_values(@ | string)", {"a": "1", "b": "true"}),),
    ),
    Function(
        name="rename",
        group="Objects",
        summary="With keys renamed: an old name and a new one, then further pairs. Other keys stay.",
        parameters=(
            OBJECT_VALUE,
            Parameter(name="old", kinds=TEXT, is_literal=True),
            Parameter(name="new", kinds=TEXT, is_literal=True),
            Parameter(name="others", kinds=TEXT, is_literal=True, is_repeated=True),
        ),
        result=OBJECT,
        in_pairs=True,
        run=rename,
        examples=(
            Example('{a: 1, b: 2} | rename("a", "x")', {"x": 1, "b": 2}),
            Example('{a: 1, b: 2} | rename("a", "b", "b", "a")', {"b": 1, "a": 2}),
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
        name="without_nulls_deep",
        group="Objects",
        summary="An object without keys whose value is null, also in the objects inside; any other value as it is.",
        parameters=(ANY_VALUE,),
        result=SOMETHING,
        keeps_kind=True,
        run=without_nulls_deep,
        examples=(
            Example("$.traits | without_nulls_deep", {"a": {}}, {"traits": {"a": {"b": None}}}),
            Example("$.plan | without_nulls_deep", "free", {"plan": "free"}),
        ),
    ),
    Function(
        name="without_empty",
        group="Objects",
        summary='Without keys whose value is an empty object or list; "objects" or "lists" drops only those.',
        parameters=(
            OBJECT_VALUE,
            Parameter(name="of", kinds=TEXT, is_optional=True, is_literal=True, problem=_emptiness_problem),
        ),
        result=OBJECT,
        run=without_empty,
        examples=(
            Example("{a: {}, b: [], c: 1} | without_empty", {"c": 1}),
            Example('{a: {}, b: [], c: 1} | without_empty("objects")', {"b": [], "c": 1}),
        ),
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
        parameters=(Parameter(name="object_or_list", kinds=OBJECT | LIST), _SEPARATOR),
        result=OBJECT,
        run=flatten_all,
        examples=(
            Example("{a: {b: [1, 2]}} | flatten_all", {"a.b.0": 1, "a.b.1": 2}),
            Example("[{a: 1}] | flatten_all", {"0.a": 1}),
        ),
    ),
)
