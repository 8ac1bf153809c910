"""Makes events that fit a schema and events that do not, for samples, fake data, refuting and mapping checks.

Pure: the caller brings the randomness, so the same seed gives the same events. Whatever is called valid has been proven
so by the validator, and whatever is called invalid too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from copy import deepcopy
from random import Random
from typing import cast

from paceline.contracts.fakes import fake_number, fake_text
from paceline.contracts.flattening import Flat, Flattener
from paceline.contracts.inclusion.answers import Budget, Found
from paceline.contracts.inclusion.evaluation import fits
from paceline.contracts.inclusion.reading import Reading
from paceline.contracts.inclusion.search import Search
from paceline.contracts.inclusion.terms import Terms, identity
from paceline.contracts.references import Document
from paceline.contracts.validation import Validator

tries_per_event = 12
"""How often one event is attempted before it is given up."""
deepest_value = 12
"""Below this depth of a recursive schema, only what is required is made."""
most_values = 2_000
"""How many values one event may get before it is given up."""
values_per_event = 200
"""How many values may be made on average for each event that is asked for, failed attempts included."""


class _GivenUpError(Exception):
    """This attempt leads nowhere."""


class Generator:
    """Makes events for one compiled schema.

    >>> from paceline.contracts.validation import compile_schema
    >>> next(Generator(compile_schema({"const": 7})).valid(Random(1), 1))
    7
    """

    def __init__(self, validator: Validator) -> None:
        self._validator = validator
        self._document = Document(validator.schema, validator.draft)
        self._flattener = Flattener(self._document)
        self._terms = Terms()
        self._reading = Reading(self._terms, self._document)
        self._left = 0
        self._purse = 0

    def valid(self, random: Random, count: int) -> Iterator[object]:
        """Up to `count` valid events; fewer where the schema is too hard for guessing, none where nothing fits."""
        made = 0
        self._purse = 10 * values_per_event + count * values_per_event
        for attempt in range(count * tries_per_event):
            event = self._attempt(random)
            if event is not None and self._validator.is_valid(event[0]):
                yield event[0]
                made += 1
            if made == count or self._purse <= 0 or (made == 0 and attempt > tries_per_event):
                break
        if made == 0:
            yield from self._searched()

    def invalid(self, random: Random, count: int) -> Iterator[object]:
        """Up to `count` events that break the schema in one place: valid events with one thing spoiled."""
        made = 0
        for event in self.valid(random, count * 2):
            for _ in range(tries_per_event):
                spoiled = spoil(random, deepcopy(event))
                if not self._validator.is_valid(spoiled):
                    yield spoiled
                    made += 1
                    break
            if made == count:
                return

    def _searched(self) -> Iterator[object]:
        """The one event that a search finds, where guessing finds none."""
        search = Search(self._terms, Budget(20_000))
        answer = search.answer([self._reading.literal(self._document.root)])
        if isinstance(answer, Found) and self._validator.is_valid(answer.value):
            yield answer.value

    def _attempt(self, random: Random) -> tuple[object] | None:
        allowed = self._left = min(most_values, self._purse)
        try:
            return (self._value(random, self._document.root, 0),)
        except _GivenUpError:
            return None
        finally:
            self._purse -= allowed - self._left

    def _value(self, random: Random, schema: object, depth: int) -> object:
        """A value for a schema, tried again a few times where alternatives may have been chosen badly."""
        for _ in range(tries_per_event // 2):
            self._left -= 1
            if self._left < 0 or depth > deepest_value * 2:
                raise _GivenUpError
            flat = self._flattener.flat(random, schema)
            value = self._flat_value(random, flat, depth)
            if not flat.is_tricky or fits(value, self._reading.literal(schema)):
                return value
        raise _GivenUpError

    def _flat_value(self, random: Random, flat: Flat, depth: int) -> object:
        if flat.examples and random.random() < 0.3:
            return deepcopy(random.choice(flat.examples))
        if flat.values is not None:
            if not flat.values:
                raise _GivenUpError
            return deepcopy(random.choice(flat.values))
        if not flat.types:
            raise _GivenUpError
        match random.choice(sorted(flat.types)):
            case "null":
                return None
            case "boolean":
                return random.random() < 0.5
            case "string":
                return fake_text(
                    random,
                    least=flat.least("Length"),
                    most=flat.most("Length"),
                    patterns=flat.patterns,
                    wanted=flat.format,
                )
            case "array":
                return self._list(random, flat, depth)
            case "object":
                return self._object(random, flat, depth)
            case name:
                is_whole = name == "integer"
                return fake_number(random, low=flat.low, high=flat.high, step=flat.step, is_whole=is_whole)

    def _list(self, random: Random, flat: Flat, depth: int) -> list[object]:
        least = max(flat.least("Items"), len(flat.contains))
        most = flat.most("Items")
        usual = least if depth >= deepest_value else least + random.choice((0, 1, 2, 3))
        if flat.items_end is not None:
            usual = max(least, min(usual, flat.items_end))
        length = usual if most is None else min(usual, most)
        items = [self._value(random, flat.item(index), depth + 1) for index in range(length)]
        for schema in flat.contains:
            if items:
                at = random.randrange(len(items))
                items[at] = self._value(random, {"allOf": [flat.item(at), schema]}, depth + 1)
        return _distinct(items, least) if flat.is_unique else items

    def _object(self, random: Random, flat: Flat, depth: int) -> dict[str, object]:
        names = [name for name in flat.fields if name in flat.required or self._wants(random, depth)]
        names += [name for name in sorted(flat.required) if name not in flat.fields]
        for name, needed in flat.dependencies:
            if name in names:
                names += [one for one in needed if one not in names]
        most = flat.most("Properties")
        if most is not None and len(names) > most:
            optional = [name for name in names if name not in flat.required]
            for name in random.sample(optional, min(len(optional), len(names) - most)):
                names.remove(name)
        value = {name: self._value(random, flat.field(name), depth + 1) for name in names}
        self._fill(random, flat, value, depth)
        return value

    def _wants(self, random: Random, depth: int) -> bool:
        return depth < deepest_value and random.random() < (0.7 if depth < 3 else 0.3)

    def _fill(self, random: Random, flat: Flat, value: dict[str, object], depth: int) -> None:
        """Add fields that the schema only allows: some now and then, and as many as it asks for."""
        least = flat.least("Properties")
        most = flat.most("Properties")
        extra = random.choice((0, 0, 0, 1)) if depth < deepest_value and flat.is_open else 0
        for _ in range(20):
            if len(value) >= least and extra <= 0:
                return
            if most is not None and len(value) >= most:
                return
            name = self._new_name(random, flat)
            if name not in value:
                value[name] = self._value(random, flat.field(name), depth + 1)
                extra -= 1

    def _new_name(self, random: Random, flat: Flat) -> str:
        missing = [name for name in flat.fields if random.random() < 0.5]
        if missing:
            return random.choice(missing)
        if flat.name_patterns and random.random() < 0.7:
            return fake_text(random, patterns=[random.choice(flat.name_patterns)])
        if flat.names:
            name = self._value(random, {"allOf": [{"type": "string"}, *flat.names]}, deepest_value)
            return cast(str, name)
        return fake_text(random)


def spoil(random: Random, event: object) -> object:
    """Change one thing somewhere in an event: drop, add, retype or exaggerate."""
    places = list(_places(event))
    container, key = random.choice(places) if places else (None, None)
    if container is None or random.random() < 0.05:
        return random.choice((None, True, 0, "", [], {}))
    if isinstance(container, dict) and random.random() < 0.3:
        if random.random() < 0.6:
            del container[cast(str, key)]
        else:
            container["undeclared_field"] = 1
        return event
    old = container[key]  # type: ignore[index]  # the key comes from this very container
    container[key] = random.choice(_spoiled(old))  # type: ignore[index]
    return event


def _spoiled(value: object) -> list[object]:
    others: list[object] = [None, "wrong", 12.5, [], {}, [value, value], False]
    match value:
        case bool():
            return [*others, "true"]
        case int() | float():
            return [*others, -value - 1, value + 0.5, value * 1_000_000, str(value)]
        case str():
            return [*others, "", value * 50 or "x", value + "\n", "\u0663"]
        case list():
            return [*others, value * 30, value[:1]]
        case _:
            return [*others, [value]]


def _places(value: object) -> Iterator[tuple[dict[str, object] | list[object], str | int]]:
    match value:
        case dict():
            for name, child in value.items():
                yield value, name
                yield from _places(child)
        case list():
            for index, child in enumerate(value):
                yield value, index
                yield from _places(child)


def _distinct(items: Iterable[object], least: int) -> list[object]:
    kept = list({identity(item): item for item in items}.values())
    if len(kept) < least:
        raise _GivenUpError
    return kept
