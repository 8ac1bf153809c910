"""Counts what is at each place of many JSON values, in one pass and bounded memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from paceline.exchange.inference.formats import format_of, is_numeric_text
from paceline.exchange.inference.personal import kind_by_form

MOST_DISTINCT = 200
"""How many different values of one place are remembered; more of them are only counted."""
MOST_FIELDS = 2_000
"""How many different names one object may have before further ones are only counted."""
MOST_DEPTH = 32


@dataclass(slots=True)
class Profile:
    """What was seen at one place. `total` counts values, `types` by JSON type (`integer` and `number` apart).

    `formats` counts texts by format (None for none), `personal_forms` by the kind of personal data that they have the
    form of, `distinct` short texts and integers by value until there are more
    than `MOST_DISTINCT` of them (then `is_open` is true and it stays as it was).
    """

    total: int = 0
    types: Counter[str] = field(default_factory=Counter)
    formats: Counter[str | None] = field(default_factory=Counter)
    personal_forms: Counter[str] = field(default_factory=Counter)
    numeric_texts: int = 0
    longest: int = 0
    distinct: Counter[str | int] = field(default_factory=Counter)
    is_open: bool = False
    fields: dict[str, Profile] = field(default_factory=dict)
    uncounted_fields: int = 0
    items: Profile | None = None

    @property
    def objects(self) -> int:
        """How many of the values were objects."""
        return self.types["object"]

    @property
    def texts(self) -> int:
        """How many of the values were texts."""
        return self.types["string"]


def profile_of(values: Iterable[object]) -> Profile:
    """The profile of decoded JSON values."""
    profile = Profile()
    for value in values:
        observe(profile, value)
    return profile


def observe(profile: Profile, value: object, *, depth: int = 0) -> None:
    """Add one value. What lies deeper than `MOST_DEPTH` is not looked at."""
    profile.total += 1
    match value:
        case None:
            profile.types["null"] += 1
        case bool():
            profile.types["boolean"] += 1
        case str():
            profile.types["string"] += 1
            _observe_text(profile, value)
        case int():
            profile.types["integer"] += 1
            _observe_distinct(profile, value)
        case float():
            profile.types["integer" if value.is_integer() else "number"] += 1
            profile.is_open = True
        case list():
            profile.types["array"] += 1
            profile.longest = max(profile.longest, len(value))
            if depth < MOST_DEPTH:
                profile.items = profile.items or Profile()
                for item in value:
                    observe(profile.items, item, depth=depth + 1)
        case dict():
            profile.types["object"] += 1
            if depth < MOST_DEPTH:
                _observe_fields(profile, value, depth)


def _observe_text(profile: Profile, text: str) -> None:
    format_name = format_of(text)
    profile.formats[format_name] += 1
    if kind := kind_by_form(text, format_name):
        profile.personal_forms[kind] += 1
    profile.numeric_texts += is_numeric_text(text)
    profile.longest = max(profile.longest, len(text))
    if len(text) <= 64:
        _observe_distinct(profile, text)
    else:
        profile.is_open = True


def _observe_distinct(profile: Profile, value: str | int) -> None:
    if value in profile.distinct or len(profile.distinct) < MOST_DISTINCT:
        profile.distinct[value] += 1
    else:
        profile.is_open = True


def _observe_fields(profile: Profile, value: dict[str, object], depth: int) -> None:
    for name, child in value.items():
        inner = profile.fields.get(name)
        if inner is None:
            if len(profile.fields) >= MOST_FIELDS:
                profile.uncounted_fields += 1
                continue
            inner = profile.fields[name] = Profile()
        observe(inner, child, depth=depth + 1)
