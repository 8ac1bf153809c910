"""Where in an event the value of a vendor's field is probably found: by name, and by what the Segment spec calls it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

import msgspec

from paceline.mapping import kinds as k
from paceline.mapping.expression import PLAIN_NAME, show_constant
from paceline.mapping.schemas import Schema, field_names, field_of, items_of, schema_kinds
from paceline.mapping.suggestion.ranking import Target, rank

MAX_DEPTH = 6

CERTAIN = 0.9
"""The least score of a source that is written into a new mapping: its name or one of the spec's agrees."""
# What lies at the top of an event under these names is about the event, not about a part of the payload.
_ABOUT_THE_EVENT = frozenset({"$.name", "$.category", "$.type", "$.version", "$.channel"})
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A place of the event, or of an item of a list in it (`is_inner`): its path as an expression, name and schema."""

    path: str
    name: str
    schema: Schema
    is_inner: bool = False


def declared_sources(contract: Schema, *, path: str = "$", depth: int = 0) -> Iterator[Source]:
    """Every place that a contract declares, but not inside lists, each before what is in it."""
    for name in field_names(contract):
        schema = field_of(contract, name).schema
        here = f"{path}.{name}" if PLAIN_NAME.match(name) else f"{path}.{show_constant(name)}"
        yield Source(path=here, name=name, schema=schema)
        if depth < MAX_DEPTH and schema_kinds(schema) & k.OBJECT:
            yield from declared_sources(schema, path=here, depth=depth + 1)


def likely_sources(target: Sequence[str], sources: Sequence[Source]) -> list[Source]:
    """The sources that are probably a target's, the likeliest first. `target` are the keys that lead to it.

    The same ranking as for `paceline map suggest`, so there is one table of what vendors call the spec's fields.
    """
    is_part = len(target) > 1
    by_path = {one.path: one for one in sources if one.is_inner or not (is_part and one.path in _ABOUT_THE_EVENT)}
    ranked = rank(Target(field=".".join(target)), list(by_path))
    return [by_path[one.path] for one in ranked if one.score >= CERTAIN]


def item_sources(source: Source) -> list[Source]:
    """The places inside an item of a list of objects, as `each` sees them; none for other values."""
    items = items_of(source.schema) if schema_kinds(source.schema) & k.LIST else False
    if not schema_kinds(items) & k.OBJECT:
        return []
    return [msgspec.structs.replace(one, is_inner=True) for one in declared_sources(items)]


def words(name: str) -> list[str]:
    """The words of a name, however it is written.

    >>> words("timestampMicros"), words("order_id")
    (['timestamp', 'micros'], ['order', 'id'])
    """
    return [word.lower() for word in _WORD.findall(name)]
