"""Random mappings in Segment's directives, as its destinations write them, and random events with odd values in them.

Every directive of the public documentation of mapping-kit is there. Left out is what docs/coming-from-segment.md names
as different: steps through null or empty text, the length of empty text, and half a directive.
"""

from __future__ import annotations

from random import Random
from typing import Any

Row = dict[str, Any]

_ODD = [
    "",
    " ",
    "Ada Lovelace",
    "ÄÖÜ ß",
    "12",
    "12.50",
    "true",
    "null",
    "2024-05-06",
    "a,b",
    "{}",
    0,
    1,
    -3,
    12.5,
    1e21,
]
_PLACES = [
    *("userId", "anonymousId", "event", "messageId", "timestamp", "name", "properties", "traits", "context"),
    *("properties.total", "properties.currency", "properties.coupon", "properties.products", "properties.is_gift"),
    *("properties.odd", "properties.json", "properties.list", "traits.email", "traits.address", "traits.address.city"),
    *("traits.address['zip code']", "traits.tags", "traits.plan", "context.ip", "context.page.url", "context.nope"),
    *("properties.products[0].name", "properties.products.1.price", "properties.products.length", "nope", "nope.deep"),
]
_IN_ITEM = ["product_id", "name", "price", "quantity", "nope", "variant.size"]
_NAMES = ["id", "email", "event_name", "custom data", "x.y", "amount", "items"]


class Mappings:
    """Draws rows of `{"mapping", "event"}`. The same seed gives the same rows."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)

    def row(self) -> Row:
        return {"mapping": {name: self._value(0) for name in self._names(1, 4)}, "event": self.event()}

    def event(self) -> Row:
        draw = self._random
        products = [self._product() for _ in range(draw.randint(0, 3))]
        event: Row = {
            "type": "track",
            "event": draw.choice(["Order Completed", "Signed Up", ""]),
            "userId": draw.choice(["u1", 7, None]),
            "anonymousId": "a-1",
            "messageId": "m-1",
            "timestamp": "2024-05-06T07:08:09.000Z",
            "name": "Home",
            "properties": {
                "total": draw.choice([12.5, "12.50", 0, None]),
                "currency": "EUR",
                "coupon": draw.choice(["SPRING", "", None]),
                "is_gift": draw.choice([True, False]),
                "products": draw.choice([products, products, {"product_id": "p9", "name": "One"}]),
                "odd": draw.choice(_ODD),
                "json": draw.choice(['{"a": [1, 2]}', '"text"', "no json", {"a": None}]),
                "list": draw.choice([[1, "2", 3.5], [], ["a", {"b": 1}]]),
            },
            "traits": {
                "email": "Ada@Example.com",
                "plan": draw.choice(["free", ""]),
                "tags": draw.choice([["a", "b"], []]),
                "address": {"city": "Oslo", "zip code": "0150", "geo": {"lat": 59.9, "lng": None}},
            },
            "context": {"ip": "8.8.8.8", "page": {"url": "https://example.com/?a=b"}},
        }
        for place in ("userId", "traits", "properties", "name", "context"):
            if draw.random() < 0.08:
                del event[place]
        return event

    def _product(self) -> Row:
        draw = self._random
        product: Row = {"product_id": draw.choice(["p1", 2]), "name": "Café", "price": draw.choice([1, 2.5, "3"])}
        return product | draw.choice([{}, {"quantity": 2}, {"variant": {"size": "L"}}])

    def _names(self, least: int, most: int) -> list[str]:
        return self._random.sample(_NAMES, self._random.randint(least, most))

    def _value(self, depth: int, *, in_item: bool = False) -> Any:
        chance = self._random.random()
        if depth > 2 or chance < 0.35:
            return self._path(in_item)
        if chance < 0.45:
            return self._random.choice([*_ODD, True, False, None])
        if chance < 0.55:
            return {name: self._value(depth + 1, in_item=in_item) for name in self._names(0, 3)}
        return self._directive(depth, in_item)

    def _path(self, in_item: bool) -> Row:
        place = self._random.choice(_IN_ITEM if in_item else _PLACES)
        return {"@path": self._random.choice([f"$.{place}", place])}

    def _directive(self, depth: int, in_item: bool) -> Row:
        draw = self._random
        name = draw.choice(
            [
                *("if", "if", "template", "case", "replace", "arrayPath", "arrayPath", "merge", "flatten", "json"),
                *("excludeWhenNull", "literal", "transform"),
            ]
        )

        def inner() -> Any:
            return self._value(depth + 1, in_item=in_item)

        match name:
            case "if":
                return {
                    "@if": {draw.choice(["exists", "blank"]): self._path(in_item), "then": inner(), "else": inner()}
                }
            case "template":
                places = ["userId", "properties.total", "traits.address.city", "nope", "properties.list", "name"]
                return {"@template": f"{draw.choice(['', 'Hi '])}{{{{{draw.choice(places)}}}}}-{{{{ event }}}}"}
            case "case":
                return {"@case": {"operator": draw.choice(["lower", "upper"]), "value": self._path(in_item)}}
            case "replace":
                pattern = {"pattern": draw.choice(["a", "-", ".", "O"]), "replacement": draw.choice(["", "_", "$$"])}
                more = draw.choice(
                    [{}, {"ignorecase": True}, {"global": False}, {"pattern2": "e", "replacement2": "3"}]
                )
                return {"@replace": {**pattern, **more, "value": self._path(in_item)}}
            case "arrayPath":
                source = draw.choice(["$.properties.products", "$.properties.list", "$.traits.address", "$.nope"])
                shape = {key: self._value(depth + 1, in_item=True) for key in self._names(1, 3)}
                return {"@arrayPath": [source, shape]}
            case "merge":
                objects = [self._path(in_item), {key: inner() for key in self._names(0, 2)}]
                return {"@merge": {"direction": draw.choice(["left", "right"]), "objects": objects}}
            case "flatten":
                more = draw.choice([{}, {"omitArrays": True}])
                return {"@flatten": {"value": self._path(in_item), "separator": draw.choice([".", "_"]), **more}}
            case "json":
                return {"@json": {"mode": draw.choice(["encode", "decode"]), "value": self._path(in_item)}}
            case "transform":
                apply = {key: inner() for key in ("name", "price")}
                return {"@transform": {"apply": apply, "mapping": {"id": self._path(True)}}}
            case _:
                return {f"@{name}": inner()}
