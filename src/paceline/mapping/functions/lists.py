"""Functions on lists. Those that take an expression for each item (`map`, `filter`, …) are built by the generator."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any, Final

from paceline.mapping.functions.definition import (
    ANY_VALUE,
    LIST_VALUE,
    Example,
    Function,
    Missing,
    Parameter,
    Refused,
)
from paceline.mapping.functions.equality import fingerprint
from paceline.mapping.functions.limits import bounded_join, bounded_list
from paceline.mapping.functions.scalars import scalar_text
from paceline.mapping.kinds import BOOLEAN, INTEGER, LIST, SOMETHING, TEXT
from paceline.mapping.refusals import Stop, wrong_type


def item_at(items: list[object], position: int) -> object:
    return items[position] if -len(items) <= position < len(items) else None


def join(items: list[object], separator: str) -> str:
    return bounded_join(separator, [_joinable(item) for item in items if item is not None])


def _joinable(item: object) -> str:
    if isinstance(item, list | dict):
        wrong_type("join takes a list of text, numbers or booleans, but one item is", item)
    return scalar_text(item)


def flatten(items: list[object]) -> list[object]:
    flat: list[object] = []
    for item in items:
        if isinstance(item, list):
            flat.extend(item)
        else:
            flat.append(item)
        bounded_list(flat)
    return flat


def unique(items: list[object]) -> list[object]:
    seen: set[Hashable] = set()
    first: list[object] = []
    for item in items:
        key = fingerprint(item)
        if key not in seen:
            seen.add(key)
            first.append(item)
    return first


def sort(items: list[object]) -> list[object]:
    return sort_by(items, items)


def sort_by(items: list[object], keys: list[object]) -> list[object]:
    """The items in the order of their keys; equal keys keep their order, items without a key come last."""
    present = [(key, item) for key, item in zip(keys, items, strict=True) if key is not None]
    is_text = all(type(key) is str for key, _ in present)
    if not is_text and not all(type(key) is int or type(key) is float for key, _ in present):
        raise Stop("wrong_type", "sort takes either only numbers or only text to sort by")
    present.sort(key=_sort_key)
    return [item for _, item in present] + [item for key, item in zip(keys, items, strict=True) if key is None]


def _sort_key(keyed: tuple[Any, object]) -> Any:
    return keyed[0]


def reverse(items: list[object]) -> list[object]:
    return items[::-1]


def compact(items: list[object]) -> list[object]:
    return [item for item in items if item is not None]


def to_list(value: object) -> list[object]:
    return value if isinstance(value, list) else [value]


_PER_ITEM: Final = Parameter(name="expression", per_item=True, takes_nothing=True)
_PER_ITEM_CONDITION: Final = Parameter(name="condition", kinds=BOOLEAN, per_item=True, takes_nothing=True)
_CART: Final[dict[str, object]] = {"products": [{"sku": "a", "price": 2, "quantity": 3}, {"sku": "b", "price": 5}]}

FUNCTIONS: Final = (
    Function(
        name="map",
        group="Lists",
        summary="What the expression gives for each item, which is `@`; items for which it is missing are left out.",
        parameters=(LIST_VALUE, _PER_ITEM),
        result=LIST,
        examples=(Example("$.products | map(@.price * (@.quantity ?? 1)) | sum", 11, _CART),),
    ),
    Function(
        name="filter",
        group="Lists",
        summary="The items, each of them `@`, for which the condition holds. `$.products[?@.price > 2]` does the same.",
        parameters=(LIST_VALUE, _PER_ITEM_CONDITION),
        result=LIST,
        examples=(Example("[1, 2, 3] | filter(@ > 1)", [2, 3]),),
    ),
    Function(
        name="any",
        group="Lists",
        summary="Whether the condition holds for one item at least.",
        parameters=(LIST_VALUE, _PER_ITEM_CONDITION),
        result=BOOLEAN,
        examples=(Example('$.products | any(@.sku == "b")', True, _CART), Example("[] | any(@ > 1)", False)),
    ),
    Function(
        name="all",
        group="Lists",
        summary="Whether the condition holds for every item.",
        parameters=(LIST_VALUE, _PER_ITEM_CONDITION),
        result=BOOLEAN,
        examples=(Example("$.products | all(@.price > 2)", False, _CART), Example("[] | all(@ > 1)", True)),
    ),
    Function(
        name="sort_by",
        group="Lists",
        summary="The items in the order of what the expression gives for each; where that is missing, they come last.",
        parameters=(LIST_VALUE, _PER_ITEM),
        result=LIST,
        wrong="numbers and text mixed refuse the event",
        examples=(Example("$.products | sort_by(-@.price) | first.sku", "b", _CART),),
    ),
    Function(
        name="first",
        group="Lists",
        summary="The first item; missing for an empty list.",
        parameters=(LIST_VALUE,),
        result=SOMETHING,
        may_miss=True,
        inline="({0} or NO_ITEMS)[0]",
        examples=(Example("[1, 2] | first", 1), Example("[] | first", Missing())),
    ),
    Function(
        name="last",
        group="Lists",
        summary="The last item; missing for an empty list.",
        parameters=(LIST_VALUE,),
        result=SOMETHING,
        may_miss=True,
        inline="({0} or NO_ITEMS)[-1]",
        examples=(Example("[1, 2] | last", 2),),
    ),
    Function(
        name="at",
        group="Lists",
        summary="One item, counted from 0, or from the end when negative; missing when there is none.",
        parameters=(LIST_VALUE, Parameter(name="position", kinds=INTEGER)),
        result=SOMETHING,
        may_miss=True,
        run=item_at,
        examples=(Example('"a,b" | split(",") | at(1)', "b"), Example("[1, 2] | at(2)", Missing())),
    ),
    Function(
        name="join",
        group="Lists",
        summary="The items as one text with the separator between them; null items are left out.",
        parameters=(LIST_VALUE, Parameter(name="separator", kinds=TEXT)),
        result=TEXT,
        wrong="an item that is a list or an object refuses the event",
        run=join,
        examples=(
            Example('$.products[*].sku | join(",")', "a,b", _CART),
            Example('[[1]] | join(",")', Refused("wrong_type")),
        ),
    ),
    Function(
        name="flatten",
        group="Lists",
        summary="Lists inside the list taken apart, one level.",
        parameters=(LIST_VALUE,),
        result=LIST,
        run=flatten,
        examples=(Example("[1, [2, [3]]] | flatten", [1, 2, [3]]),),
    ),
    Function(
        name="unique",
        group="Lists",
        summary="Without items that came before.",
        parameters=(LIST_VALUE,),
        result=LIST,
        run=unique,
        examples=(Example('["a", "b", "a"] | unique', ["a", "b"]),),
    ),
    Function(
        name="sort",
        group="Lists",
        summary="In ascending order: all numbers, or all text by its characters.",
        parameters=(LIST_VALUE,),
        result=LIST,
        wrong="numbers and text mixed, or other items, refuse the event",
        run=sort,
        examples=(Example("[3, 1, 2] | sort", [1, 2, 3]), Example('[1, "a"] | sort', Refused("wrong_type"))),
    ),
    Function(
        name="reverse",
        group="Lists",
        summary="In the opposite order.",
        parameters=(LIST_VALUE,),
        result=LIST,
        run=reverse,
        examples=(Example("[1, 2] | reverse", [2, 1]),),
    ),
    Function(
        name="compact",
        group="Lists",
        summary="Without null items.",
        parameters=(LIST_VALUE,),
        result=LIST,
        run=compact,
        examples=(Example("$.tags | compact", ["a"], {"tags": ["a", None]}),),
    ),
    Function(
        name="to_list",
        group="Lists",
        summary="A list as it is, anything else as the only item of one.",
        parameters=(ANY_VALUE,),
        result=LIST,
        run=to_list,
        examples=(Example('"a" | to_list', ["a"]),),
    ),
)
