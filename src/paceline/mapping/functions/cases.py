"""Names and the keys of objects in the way of writing that a vendor wants."""

from __future__ import annotations

import re
from collections.abc import Callable
from types import MappingProxyType
from typing import Final

from paceline.mapping.functions.definition import OBJECT_VALUE, TEXT_VALUE, Example, Function, Parameter
from paceline.mapping.kinds import OBJECT, TEXT

_WORD_EDGE: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|[\W_]+")


def _words(text: str) -> list[str]:
    return [word for word in _WORD_EDGE.split(text) if word]


def snake_case(text: str) -> str:
    return "_".join(_words(text)).lower()


def kebab_case(text: str) -> str:
    return "-".join(_words(text)).lower()


def pascal_case(text: str) -> str:
    return "".join([word[:1].upper() + word[1:].lower() for word in _words(text)])


def camel_case(text: str) -> str:
    joined = pascal_case(text)
    return joined[:1].lower() + joined[1:]


def title_case(text: str) -> str:
    return " ".join([word[:1].upper() + word[1:] for word in _words(text)])


_CASES: Final = MappingProxyType(
    {"snake": snake_case, "camel": camel_case, "pascal": pascal_case, "kebab": kebab_case, "title": title_case}
)


def key_case(value: dict[str, object], case: str) -> dict[str, object]:
    """At every depth; of two keys that become the same, the later one wins."""
    return {_CASES[case](key): _renamed(item, _CASES[case]) for key, item in value.items()}


def _renamed(value: object, rename: Callable[[str], str]) -> object:
    if isinstance(value, dict):
        return {rename(key): _renamed(item, rename) for key, item in value.items()}
    return [_renamed(item, rename) for item in value] if isinstance(value, list) else value


def _case_problem(value: object) -> str:
    return "" if value in _CASES else f"a case is one of {', '.join(_CASES)}"


FUNCTIONS: Final = (
    Function(
        name="snake_case",
        group="Text",
        summary="Words in lower case joined by _.",
        parameters=(TEXT_VALUE,),
        result=TEXT,
        run=snake_case,
        examples=(
            Example('"Order Completed" | snake_case', "order_completed"),
            Example('"utmSource" | snake_case', "utm_source"),
        ),
    ),
    Function(
        name="kebab_case",
        group="Text",
        summary="Words in lower case joined by -.",
        parameters=(TEXT_VALUE,),
        result=TEXT,
        run=kebab_case,
        examples=(Example('"Order Completed" | kebab_case', "order-completed"),),
    ),
    Function(
        name="camel_case",
        group="Text",
        summary="Words joined, each but the first with a capital.",
        parameters=(TEXT_VALUE,),
        result=TEXT,
        run=camel_case,
        examples=(Example('"Order Completed" | camel_case', "orderCompleted"),),
    ),
    Function(
        name="pascal_case",
        group="Text",
        summary="Words joined, each with a capital.",
        parameters=(TEXT_VALUE,),
        result=TEXT,
        run=pascal_case,
        examples=(Example('"add_to_cart" | pascal_case', "AddToCart"),),
    ),
    Function(
        name="title_case",
        group="Text",
        summary="Words with a capital each and a space between them.",
        parameters=(TEXT_VALUE,),
        result=TEXT,
        run=title_case,
        examples=(Example('"order_completed" | title_case', "Order Completed"),),
    ),
    Function(
        name="key_case",
        group="Objects",
        summary="All keys, at every depth, written in a case: snake, camel, pascal, kebab or title.",
        parameters=(OBJECT_VALUE, Parameter(name="case", kinds=TEXT, is_literal=True, problem=_case_problem)),
        result=OBJECT,
        run=key_case,
        examples=(Example('$.traits | key_case("snake")', {"first_name": "Ada"}, {"traits": {"firstName": "Ada"}}),),
    ),
)
