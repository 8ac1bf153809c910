"""Functions on text."""

from __future__ import annotations

import base64
import math
import re
import unicodedata
from typing import Final

import msgspec

from paceline.mapping.functions.definition import (
    ANY_VALUE,
    SCALAR_VALUE,
    TEXT_VALUE,
    Example,
    Function,
    Missing,
    Parameter,
    Refused,
)
from paceline.mapping.functions.equality import equal
from paceline.mapping.functions.limits import MAX_TEXT_CHARACTERS, bounded_join, bounded_text
from paceline.mapping.functions.scalars import scalar_text
from paceline.mapping.kinds import BOOLEAN, CONTAINER, INTEGER, LIST, SCALAR, SOMETHING, TEXT
from paceline.mapping.refusals import Stop

_MAYBE_FRACTION: Final = re.compile(r"[0-9](?:\.0|e)")


def concat(*values: object) -> str:
    return bounded_join("", [value if type(value) is str else scalar_text(value) for value in values])


def as_text(value: object) -> str:
    """Any value as JavaScript writes it into a text."""
    if isinstance(value, list):
        return bounded_join(",", ["" if item is None else as_text(item) for item in value])
    return "[object Object]" if isinstance(value, dict) else scalar_text(value)


def replace(text: str, old: str, new: str, most: int = -1) -> str:
    return bounded_join(new, text.split(old, most)) if old and most else text


def replace_any_case(text: str, old: str, new: str, most: int = -1) -> str:
    if not old or not most:
        return text
    return bounded_join(new, re.split(re.escape(old), text, maxsplit=max(most, 0), flags=re.IGNORECASE))


def split(text: str, separator: str) -> list[str]:
    if not separator:
        raise Stop("wrong_type", "split takes a separator of at least one character")
    return text.split(separator)


def cut(value: str | list[object], start: int, end: int | None = None) -> str | list[object]:
    return value[start:end]


def truncate_bytes(text: str, most: int) -> str:
    return text.encode("utf-8", "replace")[: max(most, 0)].decode("utf-8", "ignore")


def contains(value: str | list[object], part: object) -> bool:
    if isinstance(value, list):
        return any(equal(item, part) for item in value)
    if not isinstance(part, str):
        raise Stop("wrong_type", "contains looks for text in a text, but was given something else to look for")
    return part in value


def like(text: str, pattern: str) -> bool:
    """Linear in the text: the parts between the stars are looked for one after the other."""
    first, *others = pattern.split("*")
    if not others:
        return text == pattern
    *middle, last = others
    if len(text) < len(first) + len(last) or not (text.startswith(first) and text.endswith(last)):
        return False
    at, end = len(first), len(text) - len(last)
    for part in middle:
        found = text.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True


def keep_letters(text: str) -> str:
    return "".join([character for character in text if character.isalpha()])


def keep_digits(text: str) -> str:
    return "".join([character for character in text if "0" <= character <= "9"])


def keep_alphanumeric(text: str) -> str:
    return "".join([character for character in text if character.isalnum()])


def remove_prefix(text: str, prefix: str) -> str:
    return text.removeprefix(prefix)


def remove_suffix(text: str, suffix: str) -> str:
    return text.removesuffix(suffix)


def remove_accents(text: str) -> str:
    parts = unicodedata.normalize("NFD", text)
    return unicodedata.normalize("NFC", "".join([part for part in parts if not unicodedata.combining(part)]))


def pad_start(value: object, length: int, fill: str = "0") -> str:
    text = scalar_text(value)
    missing = length - len(text)
    if missing <= 0:
        return text
    return bounded_text(fill * min(missing, MAX_TEXT_CHARACTERS + 1) + text)


def to_base64(text: str) -> str:
    return base64.b64encode(text.encode("utf-8", "replace")).decode()


def from_base64(text: str) -> str:
    """Both alphabets, padding optional, as senders write it."""
    plain = text.strip().rstrip("=").replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(plain + "=" * (-len(plain) % 4), validate=True).decode()
    except (ValueError, UnicodeDecodeError):
        raise Stop("wrong_type", "from_base64 takes text in Base64, but was given other text") from None


def to_json(value: object) -> str:
    try:
        text = msgspec.json.encode(value).decode()
        if _MAYBE_FRACTION.search(text):
            text = msgspec.json.encode(_with_plain_numbers(value)).decode()
        return bounded_text(text)
    except UnicodeEncodeError:
        raise Stop("wrong_type", "json takes text of whole characters, but was given half a surrogate pair") from None


def _with_plain_numbers(value: object) -> object:
    """Fractions as ECMAScript writes them (12.0 is 12), so that the text is what receivers would write themselves."""
    match value:
        case float() if math.isfinite(value):
            return msgspec.Raw(scalar_text(value).encode())
        case list():
            return [_with_plain_numbers(item) for item in value]
        case dict():
            return {key: _with_plain_numbers(item) for key, item in value.items()}
        case _:
            return value


def from_json(text: str) -> object:
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeEncodeError):
        raise Stop("wrong_type", "from_json takes JSON, but was given text that is not") from None


def _fill_problem(value: object) -> str:
    return "" if isinstance(value, str) and len(value) == 1 else "what fills up is one character"


_TEXT_OR_LIST: Final = Parameter(name="text_or_list", kinds=TEXT | LIST)
_SEPARATOR: Final = Parameter(name="separator", kinds=TEXT)
_PART: Final = Parameter(name="part", kinds=TEXT)
_COUNT: Final = Parameter(name="count", kinds=INTEGER)
_LENGTH: Final = Parameter(name="length", kinds=INTEGER)
_REPLACING: Final = (
    TEXT_VALUE,
    Parameter(name="old", kinds=TEXT),
    Parameter(name="new", kinds=TEXT),
    Parameter(name="most", kinds=INTEGER, is_optional=True),
)

FUNCTIONS: Final = (
    Function(
        name="string",
        group="Text",
        summary="The value as text: numbers as JSON writes them (12.0 as 12), booleans as true or false.",
        parameters=(SCALAR_VALUE,),
        result=TEXT,
        run=scalar_text,
        examples=(Example("12.50 | string", "12.5"), Example("true | string", "true")),
    ),
    Function(
        name="as_text",
        group="Text",
        summary="Like string, but for any value: a list is its items with commas between them, null items empty, and "
        "an object is `[object Object]`, as JavaScript's templates write them.",
        parameters=(ANY_VALUE,),
        result=TEXT,
        run=as_text,
        examples=(Example("[1, null, [2, 3]] | as_text", "1,,2,3"), Example("{a: 1} | as_text", "[object Object]")),
    ),
    Function(
        name="trim",
        group="Text",
        summary="Without white space at both ends.",
        parameters=(TEXT_VALUE,),
        result=TEXT,
        inline="{0}.strip()",
        examples=(Example('"  Ada " | trim', "Ada"),),
    ),
    Function(
        name="lower",
        group="Text",
        summary="In lower case.",
        parameters=(TEXT_VALUE,),
        result=TEXT,
        inline="{0}.lower()",
        examples=(
            Example('"Ada" | lower', "ada"),
            Example("$.properties.total | lower", Refused("wrong_type"), {"properties": {"total": 5}}),
        ),
    ),
    Function(
        name="upper",
        group="Text",
        summary="In upper case.",
        parameters=(TEXT_VALUE,),
        result=TEXT,
        inline="{0}.upper()",
        examples=(Example('"eur" | upper', "EUR"),),
    ),
    Function(
        name="concat",
        group="Text",
        summary='The values as text, one after the other. Missing when one of them is; write `?? ""` to go on.',
        parameters=(SCALAR_VALUE, Parameter(name="others", kinds=SCALAR, is_repeated=True)),
        result=TEXT,
        run=concat,
        examples=(
            Example('concat("order ", $.id)', "order 7", {"id": 7}),
            Example('concat("order ", $.id)', Missing()),
        ),
    ),
    Function(
        name="replace",
        group="Text",
        summary="With every `old` replaced by `new`, or only so many of them.",
        parameters=_REPLACING,
        result=TEXT,
        run=replace,
        examples=(
            Example('"a-b-c" | replace("-", "_")', "a_b_c"),
            Example('"a-b-c" | replace("-", "_", 1)', "a_b-c"),
        ),
    ),
    Function(
        name="replace_any_case",
        group="Text",
        summary="Like replace, but upper and lower case count as the same.",
        parameters=_REPLACING,
        result=TEXT,
        run=replace_any_case,
        examples=(Example('"Abcabc" | replace_any_case("A", "-")', "-bc-bc"),),
    ),
    Function(
        name="split",
        group="Text",
        summary="The parts between the separators, as a list.",
        parameters=(TEXT_VALUE, _SEPARATOR),
        result=LIST,
        wrong="an empty separator refuses the event",
        run=split,
        examples=(Example('"a,b" | split(",")', ["a", "b"]),),
    ),
    Function(
        name="slice",
        group="Text",
        summary="The characters or items from `start` up to, but not including, `end`; negative counts from the end.",
        parameters=(
            _TEXT_OR_LIST,
            Parameter(name="start", kinds=INTEGER),
            Parameter(name="end", kinds=INTEGER, is_optional=True),
        ),
        result=TEXT | LIST,
        keeps_kind=True,
        run=cut,
        examples=(Example('"abcdef" | slice(1, 3)', "bc"), Example("[1, 2, 3] | slice(-2)", [2, 3])),
    ),
    Function(
        name="truncate",
        group="Text",
        summary="At most the first `count` characters.",
        parameters=(TEXT_VALUE, _COUNT),
        result=TEXT,
        inline="{0}[:max({1}, 0)]",
        examples=(Example('"abcdef" | truncate(3)', "abc"),),
    ),
    Function(
        name="truncate_bytes",
        group="Text",
        summary="At most `count` bytes of UTF-8, cut between characters.",
        parameters=(TEXT_VALUE, _COUNT),
        result=TEXT,
        run=truncate_bytes,
        examples=(Example('"aéé" | truncate_bytes(4)', "aé"),),
    ),
    Function(
        name="length",
        group="Text",
        summary="How many characters, items or keys.",
        parameters=(Parameter(name="value", kinds=TEXT | CONTAINER),),
        result=INTEGER,
        inline="len({0})",
        examples=(Example('"abc" | length', 3), Example("[] | length", 0)),
    ),
    Function(
        name="starts_with",
        group="Text",
        summary="Whether the text begins with `part`.",
        parameters=(TEXT_VALUE, _PART),
        result=BOOLEAN,
        inline="{0}.startswith({1})",
        examples=(Example('"Order Completed" | starts_with("Order ")', True),),
    ),
    Function(
        name="ends_with",
        group="Text",
        summary="Whether the text ends with `part`.",
        parameters=(TEXT_VALUE, _PART),
        result=BOOLEAN,
        inline="{0}.endswith({1})",
        examples=(Example('"a@example.com" | ends_with("@example.com")', True),),
    ),
    Function(
        name="contains",
        group="Text",
        summary="Whether a text has `part` in it, or a list has it as an item.",
        parameters=(_TEXT_OR_LIST, Parameter(name="part", kinds=SOMETHING)),
        result=BOOLEAN,
        wrong="looking in a text for anything but text refuses the event",
        run=contains,
        examples=(Example('"abc" | contains("b")', True), Example("[1, 2] | contains(3)", False)),
    ),
    Function(
        name="like",
        group="Text",
        summary="Whether the text matches the pattern, in which * stands for any characters.",
        parameters=(TEXT_VALUE, Parameter(name="pattern", kinds=TEXT)),
        result=BOOLEAN,
        run=like,
        examples=(Example('"Order Completed" | like("Order *")', True),),
    ),
    Function(
        name="keep_letters",
        group="Text",
        summary="Only its letters, of any alphabet.",
        parameters=(TEXT_VALUE,),
        result=TEXT,
        run=keep_letters,
        examples=(Example('"St. Gallen 9" | keep_letters', "StGallen"),),
    ),
    Function(
        name="keep_digits",
        group="Text",
        summary="Only its digits 0 to 9.",
        parameters=(TEXT_VALUE,),
        result=TEXT,
        run=keep_digits,
        examples=(Example('"+1 (415) 555-0123" | keep_digits', "14155550123"),),
    ),
    Function(
        name="keep_alphanumeric",
        group="Text",
        summary="Only its letters and digits.",
        parameters=(TEXT_VALUE,),
        result=TEXT,
        run=keep_alphanumeric,
        examples=(Example('"SW1A 2AA" | keep_alphanumeric', "SW1A2AA"),),
    ),
    Function(
        name="remove_prefix",
        group="Text",
        summary="Without the prefix, where it begins with it.",
        parameters=(TEXT_VALUE, Parameter(name="prefix", kinds=TEXT)),
        result=TEXT,
        run=remove_prefix,
        examples=(Example('"user_42" | remove_prefix("user_")', "42"),),
    ),
    Function(
        name="remove_suffix",
        group="Text",
        summary="Without the suffix, where it ends with it.",
        parameters=(TEXT_VALUE, Parameter(name="suffix", kinds=TEXT)),
        result=TEXT,
        run=remove_suffix,
        examples=(Example('"photo.jpg" | remove_suffix(".jpg")', "photo"),),
    ),
    Function(
        name="remove_accents",
        group="Text",
        summary="Letters without their accents and other marks.",
        parameters=(TEXT_VALUE,),
        result=TEXT,
        run=remove_accents,
        examples=(Example('"Zürich, Málaga" | remove_accents', "Zurich, Malaga"),),
    ),
    Function(
        name="pad_start",
        group="Text",
        summary="The value as text, filled up from the left (with 0 unless given) to `length` characters.",
        parameters=(
            SCALAR_VALUE,
            _LENGTH,
            Parameter(name="fill", kinds=TEXT, is_optional=True, is_literal=True, problem=_fill_problem),
        ),
        result=TEXT,
        run=pad_start,
        examples=(Example("7 | pad_start(3)", "007"), Example('"a" | pad_start(3, ".")', "..a")),
    ),
    Function(
        name="base64",
        group="Text",
        summary="The text's UTF-8 bytes in Base64.",
        parameters=(TEXT_VALUE,),
        result=TEXT,
        run=to_base64,
        examples=(Example('"Ada" | base64', "QWRh"),),
    ),
    Function(
        name="from_base64",
        group="Text",
        summary="The text whose UTF-8 bytes are in Base64, of the ordinary or the URL alphabet.",
        parameters=(TEXT_VALUE,),
        result=TEXT,
        wrong="text that is not Base64, or whose bytes are not UTF-8, refuses the event",
        run=from_base64,
        examples=(Example('"QWRh" | from_base64', "Ada"), Example('"Ada!" | from_base64', Refused("wrong_type"))),
    ),
    Function(
        name="json",
        group="Text",
        summary="The value as JSON text, numbers as `string` writes them.",
        parameters=(ANY_VALUE,),
        result=TEXT,
        run=to_json,
        examples=(Example("$.properties | json", '{"a":1}', {"properties": {"a": 1.0}}),),
    ),
    Function(
        name="from_json",
        group="Text",
        summary="The value that a JSON text stands for.",
        parameters=(TEXT_VALUE,),
        result=SOMETHING,
        may_miss=True,
        wrong="text that is not JSON refuses the event",
        run=from_json,
        examples=(Example("'[1, 2]' | from_json", [1, 2]), Example("'[1,' | from_json", Refused("wrong_type"))),
    ),
)
