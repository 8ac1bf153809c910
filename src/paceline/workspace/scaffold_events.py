"""Sample events that a contract accepts and that look like events of a shop, the same each time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from random import Random
from typing import Any

from paceline.contracts.generation import Generator
from paceline.contracts.validation import Validator, compile_schema
from paceline.model.contract import ContractFile
from paceline.model.event import EventType
from paceline.workspace.scaffold_sources import words

SEED = 20_26
MANY_TRIES = 60
SAMPLE_TIME = "2026-11-23T09:30:00.000Z"

# By the words of a field's name, what real events have there; the first that the contract accepts is taken.
_VALUES: Mapping[str, tuple[object, ...]] = {
    "user id": ("customer-1001", 1001),
    "anonymous id": ("browser-1001",),
    "timestamp": (SAMPLE_TIME,),
    "original timestamp": (SAMPLE_TIME,),
    "sent at": (SAMPLE_TIME,),
    "created at": ("2026-11-23T08:12:45.000Z", 1795421565),
    "email": ("alma.berg@example.com",),
    "first name": ("Alma",),
    "last name": ("Berg",),
    "full name": ("Alma Berg",),
    "phone": ("+4915112345678",),
    "city": ("Berlin",),
    "country": ("DE", "Germany"),
    "company": ("Berg & Söhne",),
    "plan": ("free", "basic"),
    "order id": ("A-20417", 20417),
    "checkout id": ("CO-88341", 88341),
    "cart id": ("C-88341", 88341),
    "product id": ("P-77", 77),
    "sku": ("P-77-M-GRN",),
    "category": ("Jackets",),
    "brand": ("Nordwind",),
    "variant": ("green",),
    "price": (289.95, 290),
    "quantity": (2,),
    "value": (612.4, 612),
    "total": (612.4, 612),
    "revenue": (509.41, 509),
    "subtotal": (514.41, 514),
    "tax": (97.99, 98),
    "shipping": (5, 5.0),
    "discount": (25, 25.0),
    "coupon": ("AUTUMN25",),
    "currency": ("EUR",),
    "locale": ("de-DE",),
    "ip": ("203.0.113.7",),
    "user agent": ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",),
    "url": ("https://shop.example/jackets/rain-jacket",),
    "path": ("/jackets/rain-jacket",),
    "title": ("Rain jacket",),
    "referrer": ("https://search.example/results",),
    "search": ("?ref=mail",),
    "query": ("rain jacket",),
    "method": ("email",),
    "source": ("newsletter",),
    "campaign": ("autumn",),
    "name": ("Rain jacket", "Alma"),
}
_SECOND: Mapping[str, tuple[object, ...]] = {
    "product id": ("P-12", 12),
    "sku": ("P-12-42",),
    "name": ("Wool socks",),
    "category": ("Socks",),
    "price": (27.5, 28),
    "quantity": (1,),
}


def full_event(contract: ContractFile) -> dict[str, Any] | None:
    """An event with everything that the contract declares, lists with two items; None where none can be made."""
    validator = compile_schema(contract.schema)
    random = Random(SEED)  # noqa: S311 - the same sample each time is what is wanted
    made = [one for one in Generator(validator).valid(random, MANY_TRIES) if isinstance(one, dict)]
    if not made:
        return None
    richest = max(made, key=lambda event: len(list(_leaves(event))))
    for other in made:
        _merge(richest, other, richest, validator)
    _drop_undeclared(richest, contract.schema)
    return _polished(richest, contract, validator)


def least_event(contract: ContractFile) -> dict[str, Any] | None:
    """An event with only what the contract requires, and what every SDK sends; None where none can be made."""
    event = full_event(contract)
    if event is None:
        return None
    validator = compile_schema(contract.schema)
    for container, key in list(_places(event)):
        if key in container and key not in {"type", "event", "messageId", "timestamp", "anonymousId", "userId"}:
            kept = container.pop(key)
            if not validator.is_valid(event):
                container[key] = kept
    event["messageId"] = f"sample-{contract.contract.replace('_', '-')}-least"
    return event if validator.is_valid(event) else None


def smaller_events(contract: ContractFile, event: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The event without one of its fields at a time, with the field's path, as far as the contract accepts that."""
    validator = compile_schema(contract.schema)
    paths = [path for path in _paths(event) if path not in {("type",), ("event",)}]
    for path in paths:
        smaller = deepcopy(dict(event))
        container: Any = smaller
        for step in path[:-1]:
            container = container[step]
        del container[path[-1]]
        if validator.is_valid(smaller):
            yield ".".join(map(str, path)), smaller


def changed_events(
    contract: ContractFile, event: Mapping[str, Any], limits: Mapping[str, int]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """The event with texts beyond `limits` (by field name), then with null in one place at a time; each with its name.

    Only what the contract accepts.
    """
    validator = compile_schema(contract.schema)
    longer = deepcopy(dict(event))
    is_longer = False
    for container, key in list(_places(longer)):
        before = container[key]
        if isinstance(before, str) and len(before) <= limits.get(key, 0):
            container[key] = f"{before} {'x' * (limits[key] - len(before))}"
            is_longer |= validator.is_valid(longer)
            container[key] = container[key] if validator.is_valid(longer) else before
    if is_longer:
        yield "with long texts", longer
    for path in _paths(event):
        changed = deepcopy(dict(event))
        container = changed
        for step in path[:-1]:
            container = container[step]  # type: ignore[index]  # the steps come from this very event
        container[path[-1]] = None  # type: ignore[index]
        if validator.is_valid(changed):
            yield f"with null as {'.'.join(map(str, path))}", changed


def _polished(event: dict[str, Any], contract: ContractFile, validator: Validator) -> dict[str, Any]:
    """The event with believable values, in the order in which people read events."""
    base: dict[str, Any] = {"type": contract.type.value}
    if contract.type is EventType.TRACK:
        base["event"] = contract.event
    base |= {"messageId": f"sample-{contract.contract.replace('_', '-')}", "timestamp": SAMPLE_TIME}
    whole = {**base, **{name: value for name, value in event.items() if name not in base}}
    event = whole if validator.is_valid(whole) else event
    for container, key in list(_places(event)):
        if key in base and container is event:
            continue
        _believe(container, key, _VALUES, event, validator)
    for items in [value for container, key in _places(event) if isinstance(value := container[key], list)]:
        _two_items(items, event, validator)
    return event


def _two_items(items: list[Any], event: dict[str, Any], validator: Validator) -> None:
    if not items or not isinstance(items[0], dict):
        return
    before = list(items)
    items[:] = [items[0], deepcopy(items[0])]
    for key in items[1]:
        _believe(items[1], key, _SECOND, event, validator)
    if not validator.is_valid(event):
        items[:] = before


def _believe(
    container: dict[str, Any],
    key: str,
    values: Mapping[str, tuple[object, ...]],
    event: dict[str, Any],
    validator: Validator,
) -> None:
    """Put what real events have under this name, if the contract accepts it there."""
    if isinstance(container[key], dict | list):
        return
    before = container[key]
    for value in values.get(" ".join(words(key)), ()):
        container[key] = value
        if validator.is_valid(event):
            return
    container[key] = before


def _merge(into: dict[str, Any], other: Mapping[str, Any], event: dict[str, Any], validator: Validator) -> None:
    """Add what another event has besides, as far as the whole stays valid; null gives way to something."""
    for key, value in other.items():
        if isinstance(into.get(key), dict) and isinstance(value, dict):
            _merge(into[key], value, event, validator)
        elif isinstance(into.get(key), list) and isinstance(value, list) and into[key] and value:
            if isinstance(into[key][0], dict) and isinstance(value[0], dict):
                _merge(into[key][0], value[0], event, validator)
        elif (into.get(key) is None and value is not None) or (not into.get(key, True) and isinstance(value, list)):
            before = deepcopy(into.get(key))
            is_new = key not in into
            into[key] = deepcopy(value)
            if not validator.is_valid(event):
                if is_new:
                    del into[key]
                else:
                    into[key] = before


def _drop_undeclared(event: dict[str, Any], schema: object) -> None:
    """Remove fields that the contract only allows: invented names look odd in a sample."""
    declared = schema.get("properties") if isinstance(schema, dict) else None
    if not isinstance(declared, dict):
        return
    for key in [key for key in event if key not in declared and key not in {"type", "event"}]:
        del event[key]
    for key, value in event.items():
        inner = declared.get(key)
        if isinstance(value, dict):
            _drop_undeclared(value, inner)
        elif isinstance(value, list) and isinstance(inner, dict):
            for item in value:
                if isinstance(item, dict):
                    _drop_undeclared(item, inner.get("items"))


def _places(value: object) -> Iterator[tuple[dict[str, Any], str]]:
    """Every key of every object, deepest first."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _places(inner)
            yield value, key
    elif isinstance(value, list):
        for item in value:
            yield from _places(item)


def _paths(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield (*path, key)
            yield from _paths(inner, (*path, key))
    elif isinstance(value, list):
        for position, item in enumerate(value):
            yield from _paths(item, (*path, position))


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _leaves(inner)
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item)
    elif value is not None:
        yield value
