"""Where in an event the value of a vendor's field is probably found: by name, and by what the Segment spec calls it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from paceline.mapping import kinds as k
from paceline.mapping.expression import PLAIN_NAME, show_constant
from paceline.mapping.schemas import Schema, field_names, field_of, items_of, schema_kinds

MAX_DEPTH = 6

# What vendors call the fields of the Segment spec, by the words of the name.
# https://segment.com/docs/connections/spec/common/ and /ecommerce/v2/, read 2026-11-23.
_SYNONYMS: Mapping[str, Sequence[str]] = {
    "user id": ("$.userId", "$.anonymousId"),
    "external id": ("$.userId",),
    "customer id": ("$.userId",),
    "distinct id": ("$.userId", "$.anonymousId"),
    "anonymous id": ("$.anonymousId",),
    "client id": ("$.anonymousId", "$.userId"),
    "device id": ("$.anonymousId", "$.context.device.id"),
    "message id": ("$.messageId",),
    "event id": ("$.messageId",),
    "insert id": ("$.messageId",),
    "unique id": ("$.messageId",),
    "timestamp": ("$.timestamp",),
    "timestamp micros": ("$.timestamp",),
    "timestamp ms": ("$.timestamp",),
    "time": ("$.timestamp",),
    "event time": ("$.timestamp",),
    "occurred at": ("$.timestamp",),
    "happened at": ("$.timestamp",),
    "event": ("$.event",),
    "event name": ("$.event",),
    "event type": ("$.event",),
    "group id": ("$.groupId",),
    "previous id": ("$.previousId",),
    "email": ("$.traits.email", "$.properties.email", "$.context.traits.email"),
    "email address": ("$.traits.email", "$.properties.email", "$.context.traits.email"),
    "phone number": ("$.traits.phone", "$.properties.phone"),
    "first name": ("$.traits.firstName", "$.traits.first_name", "$.properties.first_name"),
    "last name": ("$.traits.lastName", "$.traits.last_name", "$.properties.last_name"),
    "value": ("$.properties.value", "$.properties.revenue", "$.properties.total", "$.properties.price"),
    "amount": ("$.properties.total", "$.properties.revenue", "$.properties.value"),
    "price": ("$.properties.price", "$.properties.total"),
    "revenue": ("$.properties.revenue", "$.properties.total"),
    "transaction id": ("$.properties.order_id",),
    "order id": ("$.properties.order_id",),
    "items": ("$.properties.products",),
    "products": ("$.properties.products",),
    "contents": ("$.properties.products",),
    "ip": ("$.context.ip",),
    "ip address": ("$.context.ip",),
    "user agent": ("$.context.userAgent",),
    "language": ("$.context.locale",),
    "url": ("$.properties.url", "$.context.page.url"),
    "page location": ("$.properties.url", "$.context.page.url"),
    "page title": ("$.properties.title", "$.context.page.title"),
    "page referrer": ("$.properties.referrer", "$.context.page.referrer"),
    "item id": ("$.product_id", "$.sku"),
    "item name": ("$.name",),
    "item category": ("$.category",),
    "item price": ("$.price",),
    "product id": ("$.product_id", "$.sku"),
    "id": ("$.product_id", "$.sku"),
}
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
_HOMES = ("$.properties.", "$.traits.", "$.", "$.context.traits.", "$.context.")


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
    """The sources that could be a target's, the likeliest first. `target` are the keys that lead to it.

    A name of the Segment spec wins, then the same name: in the event's properties, in its traits, elsewhere.
    """
    by_path = {source.path: source for source in sources}
    own = words(target[-1])
    known = [by_path[path] for path in _SYNONYMS.get(" ".join(own), ()) if path in by_path]
    if own == ["name"] and len(target) == 1 and "$.event" in by_path:
        known.insert(0, by_path["$.event"])
    if own == ["id"] and len(target) > 1 and "$.userId" in by_path:
        known.insert(0, by_path["$.userId"])  # `identifiers.id` and the like name the person
    # What lies at the top of an event (`name`, `category`) is about the event, not about a part of the payload.
    is_top = len(target) == 1
    same = [one for one in sources if words(one.name) == own and (is_top or one.path.count(".") > 1 or one.is_inner)]
    same.sort(key=lambda source: _home(source.path))
    return list({source.path: source for source in (*known, *same)}.values())


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


def _home(path: str) -> int:
    """Where a path lies: in the event's properties first."""
    return next((number for number, home in enumerate(_HOMES) if path.startswith(home)), len(_HOMES))
