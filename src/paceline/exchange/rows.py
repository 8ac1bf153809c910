"""Rows of tables as events: columns are named by where their values belong. Pure.

    messageId  userId  timestamp             email            properties.total  context.locale
    o-1        u-7     2026-11-23T08:12:45Z  ada@example.com  12.5              de-DE

A column that is no field of an event by its name (`email`) belongs to the event's `properties`, or to the `traits` of
an identify or a group call.
"""

from __future__ import annotations

import datetime as dt
import decimal
import math
from collections.abc import Mapping

import msgspec

from paceline.model.event import EventType

_FIELDS = frozenset(
    (
        *("type", "event", "messageId", "userId", "anonymousId", "previousId", "groupId", "name", "category"),
        *("timestamp", "originalTimestamp", "sentAt", "receivedAt", "context", "properties", "traits", "integrations"),
    )
)
_HOLDERS = {EventType.IDENTIFY: "traits", EventType.GROUP: "traits"}
_TRUE, _FALSE = frozenset({"true", "t", "yes", "1"}), frozenset({"false", "f", "no", "0"})


class RowShape(msgspec.Struct, frozen=True, kw_only=True):
    """What a row is, where its columns do not say: its call, and of a track call the event.

    `types` are the JSON types that contracts declare, by event (`Order Completed`, `identify`) and then by the place of
    the value (`properties.total`): text from a CSV file becomes what its contract wants.
    """

    call: EventType = EventType.TRACK
    event: str = ""
    types: Mapping[str, Mapping[str, str]] = {}


def event_of(row: Mapping[str, object], shape: RowShape) -> dict[str, object]:
    """One row as an event. Empty cells are left out.

    >>> shape = RowShape(event="Paid", types={"Paid": {"properties.total": "number"}})
    >>> event_of({"userId": "u1", "total": "12.5"}, shape)
    {'type': 'track', 'event': 'Paid', 'userId': 'u1', 'properties': {'total': 12.5}}
    """
    written = row.get("type")
    call = EventType(written) if isinstance(written, str) and written in _CALLS else shape.call
    name = str(row.get("event") or shape.event)
    event: dict[str, object] = {"type": str(call)}
    if call is EventType.TRACK and name:
        event["event"] = name
    types = shape.types.get(name if call is EventType.TRACK else str(call), {})
    for column, value in row.items():
        if value is None or value == "" or column in {"type", "event"} or not column:
            continue
        steps = column.split(".")
        if steps[0] not in _FIELDS:
            steps = [_HOLDERS.get(call, "properties"), *steps]
        _put(event, steps, _typed(_plain(value), types.get(".".join(steps), "")))
    return event


def declared_types(schema: Mapping[str, object]) -> dict[str, str]:
    """The JSON type of every field that a contract's schema declares with a single one, by its place.

    >>> declared_types({"properties": {"properties": {"properties": {"total": {"type": "number"}}}}})
    {'properties.total': 'number'}
    """
    found: dict[str, str] = {}
    _gather(schema, (), found)
    return found


def _gather(schema: object, steps: tuple[str, ...], found: dict[str, str]) -> None:
    if not isinstance(schema, dict):
        return
    kind = schema.get("type")
    if isinstance(kind, list):
        kinds = [one for one in kind if one != "null"]
        kind = kinds[0] if len(kinds) == 1 else None
    if steps and isinstance(kind, str) and kind != "object":
        found[".".join(steps)] = kind
    properties = schema.get("properties")
    for name, inner in properties.items() if isinstance(properties, dict) else ():
        _gather(inner, (*steps, name), found)


def _put(event: dict[str, object], steps: list[str], value: object) -> None:
    holder = event
    for step in steps[:-1]:
        inner = holder.get(step)
        if not isinstance(inner, dict):
            inner = holder[step] = {}
        holder = inner
    holder[steps[-1]] = value


def _plain(value: object) -> object:
    """A database's value as a JSON value: times in ISO 8601 (UTC where they have no zone), decimals as numbers."""
    match value:
        case dt.datetime():
            moment = value if value.tzinfo else value.replace(tzinfo=dt.UTC)
            return moment.astimezone(dt.UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        case dt.date() | dt.time():
            return value.isoformat()
        case decimal.Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case float() if not math.isfinite(value):
            return None
        case dict():
            return {str(key): _plain(inner) for key, inner in value.items()}
        case list() | tuple():
            return [_plain(inner) for inner in value]
        case str() | int() | float() | bool() | None:
            return value
        case _:
            return str(value)


def _typed(value: object, kind: str) -> object:
    """Text as the type that the contract declares; as it is where it cannot be that, so that the contract says so."""
    if not isinstance(value, str) or kind in {"", "string"}:
        return value
    text = value.strip()
    try:
        match kind:
            case "integer":
                return int(text)
            case "number":
                number = float(text)
                return value if not math.isfinite(number) else int(text) if text.lstrip("+-").isdigit() else number
            case "boolean":
                lowered = text.lower()
                return True if lowered in _TRUE else False if lowered in _FALSE else value
            case "array" | "object":
                return msgspec.json.decode(text)
    except (ValueError, msgspec.DecodeError):
        return value
    return value


_CALLS = frozenset(EventType)
