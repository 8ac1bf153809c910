"""Random texts and numbers for the keywords of a schema. Pure: randomness comes in as an argument."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from random import Random
from typing import assert_never

from paceline.contracts.formats import samples
from paceline.contracts.inclusion.evaluation import matches
from paceline.contracts.patterns.automata import TooLargeError, automaton, shortest_text
from paceline.contracts.patterns.charsets import CharSet
from paceline.contracts.patterns.expressions import (
    Chars,
    Choice,
    End,
    Expression,
    IrregularError,
    Repeat,
    Start,
    parse,
)
from paceline.contracts.patterns.expressions import Sequence as Then

_words = (
    *("amber", "basket", "cedar", "delta", "ember", "forest", "garden", "harbor", "island", "jasmine", "kettle"),
    *("lantern", "meadow", "north", "olive", "pepper", "quartz", "river", "saffron", "timber", "umbra", "velvet"),
)
_READABLE = ((0x61, 0x7A), (0x30, 0x39), (0x41, 0x5A), (0x20, 0x7E))


def fake_text(
    random: Random, *, least: int = 0, most: int | None = None, patterns: Sequence[str] = (), wanted: str | None = None
) -> str:
    """A text of `least` to `most` characters that matches all patterns, or that is valid for the format `wanted`.

    Tries; whoever calls checks. Texts of a format keep their own length.
    """
    if wanted is not None and not patterns:
        return fake_format(random, wanted)
    if not patterns:
        return _plain_text(random, least, most)
    for _ in range(8):
        text = _text_for(random, random.choice(patterns))
        if text is not None and all(matches(pattern, text) for pattern in patterns) and _is_within(text, least, most):
            return text
    found = _shortest(tuple(patterns), least, most)
    return found if found is not None else _plain_text(random, least, most)


def fake_format(random: Random, wanted: str) -> str:
    """A text of a format: random where that is easy, else one of the samples."""
    day = f"{random.randint(1990, 2035)}-{random.randint(1, 12):02}-{random.randint(1, 28):02}"
    time = f"{random.randrange(24):02}:{random.randrange(60):02}:{random.randrange(60):02}Z"
    match wanted:
        case "date":
            return day
        case "time":
            return time
        case "date-time":
            return f"{day}T{time}"
        case "uuid":
            digits = f"{random.getrandbits(128):032x}"
            return f"{digits[:8]}-{digits[8:12]}-4{digits[13:16]}-a{digits[17:20]}-{digits[20:]}"
        case "email" | "idn-email":
            return f"{random.choice(_words)}.{random.randrange(1000)}@{random.choice(_words)}.example"
        case "hostname" | "idn-hostname":
            return f"{random.choice(_words)}-{random.randrange(100)}.example"
        case "uri" | "iri" | "uri-reference" | "iri-reference":
            return f"https://{random.choice(_words)}.example/{random.choice(_words)}?page={random.randrange(100)}"
        case "ipv4":
            return ".".join(str(random.randrange(256)) for _ in range(4))
        case _:
            return random.choice(samples.get(wanted, _words))


def fake_number(random: Random, *, low: float | None, high: float | None, step: float | None, is_whole: bool) -> float:
    """A number between the limits (None: no limit): a multiple of `step`, or a whole one, where asked for."""
    bottom = low if low is not None else (high - 1000 if high is not None else -100)
    top = high if high is not None else bottom + 1000
    if step is None and is_whole:
        step = 1
    if step is not None:
        factor = random.randint(math.ceil(bottom / step), max(math.ceil(bottom / step), math.floor(top / step)))
        value = factor * step
        return int(value) if float(value).is_integer() else round(value, 10)
    if random.random() < 0.4 and math.ceil(bottom) <= math.floor(top):
        return random.randint(math.ceil(bottom), math.floor(top))
    return round(random.uniform(bottom, top), 2) if top - bottom > 0.1 else (bottom + top) / 2


@lru_cache(maxsize=512)
def _shortest(patterns: tuple[str, ...], least: int, most: int | None) -> str | None:
    """The shortest text for all patterns; None where there is none or where it takes too long to find."""
    try:
        return shortest_text([(automaton(pattern), True) for pattern in patterns], least=least, most=most)
    except (IrregularError, TooLargeError):
        return None


def _plain_text(random: Random, least: int, most: int | None) -> str:
    text = random.choice(_words)
    while len(text) < least:
        text += " " + random.choice(_words)
    return text if most is None else text[: max(most, 0)]


def _is_within(text: str, least: int, most: int | None) -> bool:
    return least <= len(text) and (most is None or len(text) <= most)


def _text_for(random: Random, pattern: str) -> str | None:
    try:
        return _walk(random, parse(pattern))
    except IrregularError:
        return None


def _walk(random: Random, expression: Expression) -> str:
    match expression:
        case Chars(chars):
            return _character(random, chars)
        case Then(parts):
            return "".join(_walk(random, part) for part in parts)
        case Choice(parts):
            return _walk(random, random.choice(parts))
        case Repeat():
            most = expression.least + 4 if expression.most is None else min(expression.most, expression.least + 8)
            return "".join(_walk(random, expression.part) for _ in range(random.randint(expression.least, most)))
        case Start() | End():
            return ""
        case _:
            assert_never(expression)


def _character(random: Random, chars: CharSet) -> str:
    """A character of a set, a readable one where there is any."""
    for low, high in _READABLE:
        codes = [code for first, last in chars for code in range(max(first, low), min(last, high) + 1)]
        if codes:
            return chr(random.choice(codes))
    return chr(random.choice(chars)[0]) if chars else ""
