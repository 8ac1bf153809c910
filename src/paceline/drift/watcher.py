"""Watches events go by and says where they no longer are what their contract says, by source."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from paceline.contracts.declared_fields import PAYLOAD_FIELDS, Applying, DeclaredFields
from paceline.contracts.pointers import pointer
from paceline.model.contract import ContractFile

ANY_ITEM = "*"
"""Stands for every index in the pointer of a place inside a list."""
CHANCE_OF_ABSENCE = 0.001
"""A field has vanished when its absence since it was last seen would have a smaller chance than this by itself."""
_MOST_PLACES = 2_000
_MOST_VALUES = 20
_MOST_DEPTH = 32
_LONGEST_VALUE = 40


class DriftKind(enum.StrEnum):
    """What moved."""

    NEW_EVENT = "new_event"
    NEW_FIELD = "new_field"
    VANISHED_FIELD = "vanished_field"
    TYPE = "type"
    ENUM_VALUE = "enum_value"


class Drift(msgspec.Struct, frozen=True, kw_only=True):
    """One way in which a source's events differ from their contract.

    `pointer` is the place in the event (`/properties/products/*/sku`, empty for a new event). `events` of `of` events
    of this name and source show it, which is `rate`; for a vanished field they are the events since it was last seen.
    `first_ms` and `last_ms` are when it was first and last noticed, in Unix milliseconds; for a vanished field, when it
    was last there, and the newest event without it. `values` are new values of an enumeration, short ones only and
    never of a field with personal data.
    """

    kind: DriftKind
    event: str
    source: str
    contract: str = ""
    pointer: str = ""
    message: str
    events: int
    of: int
    rate: float
    first_ms: int
    last_ms: int
    sample_event_id: str
    values: tuple[str, ...] = ()


@dataclass(slots=True)
class _Sighting:
    """Where and when something was noticed."""

    events: int = 0
    first_ms: int = 0
    last_ms: int = 0
    sample_event_id: str = ""
    seen_as: Counter[str] = field(default_factory=Counter)
    last_event: int = 0

    def note(self, number: int, at_ms: int, event_id: str, seen_as: str = "") -> None:
        if self.last_event == number:
            return  # several items of one list are one event
        self.last_event = number
        self.events += 1
        self.first_ms = min(self.first_ms or at_ms, at_ms)
        self.last_ms = max(self.last_ms, at_ms)
        self.sample_event_id = self.sample_event_id or event_id
        if seen_as in self.seen_as or len(self.seen_as) < _MOST_VALUES:
            self.seen_as[seen_as] += 1


@dataclass(slots=True)
class _Stream:
    """The events of one name from one source."""

    contract: str
    declared: DeclaredFields | None
    events: int = 0
    first_ms: int = 0
    last_ms: int = 0
    sample_event_id: str = ""
    declared_places: dict[tuple[str, ...], _Sighting] = field(default_factory=dict)
    noticed: dict[tuple[DriftKind, tuple[str, ...]], _Sighting] = field(default_factory=dict)


class DriftWatcher:
    """Collects what is noticed in a stretch of events; memory is bounded by the number of different places.

    `contracts` are the newest versions by the name under which records lie on the bus (`track:Order Completed`).
    Give the events in the order of the log, then ask for `findings`.
    """

    def __init__(self, contracts: Mapping[str, ContractFile]) -> None:
        self._contracts = {
            name: (f"{contract.contract}/{contract.version}", DeclaredFields(contract.schema))
            for name, contract in contracts.items()
        }
        self._streams: dict[tuple[str, str], _Stream] = {}

    def observe(self, event: Mapping[str, object], *, name: str, source: str, event_id: str, at_ms: int) -> None:
        """Look at one event."""
        stream = self._streams.get((name, source))
        if stream is None:
            contract, declared = self._contracts.get(name, ("", None))
            stream = self._streams[name, source] = _Stream(contract=contract, declared=declared)
        stream.events += 1
        stream.first_ms = min(stream.first_ms or at_ms, at_ms)
        stream.last_ms = max(stream.last_ms, at_ms)
        stream.sample_event_id = stream.sample_event_id or event_id
        if stream.declared is None:
            return
        look = _Look(stream, stream.declared, at_ms, event_id)
        for part in PAYLOAD_FIELDS:
            if part in event:
                look.at(event[part], stream.declared.field(stream.declared.root, part) or (), (part,))

    def findings(self) -> list[Drift]:
        """What has drifted so far, sorted by event, source and place."""
        found: list[Drift] = []
        for (name, source), stream in sorted(self._streams.items()):
            event = name.removeprefix("track:")
            if stream.declared is None:
                found.append(_new_event(event, source, stream))
                continue
            for (kind, steps), sighting in sorted(stream.noticed.items()):
                found.append(_noticed(kind, event, source, stream, steps, sighting))
            for steps, sighting in sorted(stream.declared_places.items()):
                if _has_vanished(stream, sighting):
                    found.append(_vanished(event, source, stream, steps, sighting))
        return found


class _Look:
    """One event on its way through its contract."""

    def __init__(self, stream: _Stream, declared: DeclaredFields, at_ms: int, event_id: str) -> None:
        self._stream = stream
        self._declared = declared
        self._at_ms = at_ms
        self._event_id = event_id

    def at(self, value: object, applying: Applying, steps: tuple[str, ...]) -> None:
        if len(steps) > _MOST_DEPTH:
            return
        self._compare(value, applying, steps)
        if isinstance(value, list):
            for index, item in enumerate(value):
                if item_schemas := self._declared.item(applying, index):
                    self.at(item, item_schemas, (*steps, ANY_ITEM))
        elif isinstance(value, dict) and self._declared.names_fields(applying):
            for name, child in value.items():
                at = (*steps, name)
                inner = self._declared.field(applying, name)
                if inner is None:
                    self._notice(DriftKind.NEW_FIELD, at, _type_of(child))
                else:
                    self._seen(self._stream.declared_places, at)
                    self.at(child, inner, at)

    def _compare(self, value: object, applying: Applying, steps: tuple[str, ...]) -> None:
        types = {name for schema in applying for name in _declared_types(schema)}
        kind = _type_of(value)
        if types and kind not in types and not (kind == "integer" and "number" in types):
            self._notice(DriftKind.TYPE, steps, kind)
            return
        choices = [schema["enum"] for schema in applying if isinstance(schema.get("enum"), list)]
        is_plain = not any(keyword in schema for schema in applying for keyword in ("anyOf", "oneOf", "if"))
        if choices and is_plain and not any(value in choice for choice in choices if isinstance(choice, list)):
            is_personal = any("x-pii" in schema for schema in applying)
            self._notice(DriftKind.ENUM_VALUE, steps, "" if is_personal else _shown(value))

    def _notice(self, kind: DriftKind, steps: tuple[str, ...], seen_as: str) -> None:
        key = (kind, steps)
        if key in self._stream.noticed or len(self._stream.noticed) < _MOST_PLACES:
            sighting = self._stream.noticed.setdefault(key, _Sighting())
            sighting.note(self._stream.events, self._at_ms, self._event_id, seen_as)

    def _seen(self, places: dict[tuple[str, ...], _Sighting], steps: tuple[str, ...]) -> None:
        if steps in places or len(places) < _MOST_PLACES:
            places.setdefault(steps, _Sighting()).note(self._stream.events, self._at_ms, self._event_id)


def _has_vanished(stream: _Stream, sighting: _Sighting) -> bool:
    """Whether the field's absence since it was last seen can hardly be chance, going by how often it was there."""
    absent = stream.events - sighting.last_event
    share = sighting.events / sighting.last_event
    return absent > 0 and share > 0 and (1 - share) ** absent < CHANCE_OF_ABSENCE and sighting.events > 1


def _new_event(event: str, source: str, stream: _Stream) -> Drift:
    return Drift(
        kind=DriftKind.NEW_EVENT,
        event=event,
        source=source,
        message="no contract describes this event",
        events=stream.events,
        of=stream.events,
        rate=1.0,
        first_ms=stream.first_ms,
        last_ms=stream.last_ms,
        sample_event_id=stream.sample_event_id,
    )


def _noticed(
    kind: DriftKind, event: str, source: str, stream: _Stream, steps: tuple[str, ...], sighting: _Sighting
) -> Drift:
    seen = ", ".join(sorted(name for name in sighting.seen_as if name))
    match kind:
        case DriftKind.NEW_FIELD:
            message = f"the contract does not declare this field (seen as {seen})"
        case DriftKind.TYPE:
            message = f"the contract does not declare this type (seen as {seen})"
        case _:
            message = "the contract does not list this value"
    return Drift(
        kind=kind,
        event=event,
        source=source,
        contract=stream.contract,
        pointer=pointer(steps),
        message=message,
        events=sighting.events,
        of=stream.events,
        rate=round(sighting.events / stream.events, 6),
        first_ms=sighting.first_ms,
        last_ms=sighting.last_ms,
        sample_event_id=sighting.sample_event_id,
        values=tuple(sorted(name for name in sighting.seen_as if name)) if kind is DriftKind.ENUM_VALUE else (),
    )


def _vanished(event: str, source: str, stream: _Stream, steps: tuple[str, ...], sighting: _Sighting) -> Drift:
    absent = stream.events - sighting.last_event
    share = sighting.events / sighting.last_event
    return Drift(
        kind=DriftKind.VANISHED_FIELD,
        event=event,
        source=source,
        contract=stream.contract,
        pointer=pointer(steps),
        message=f"it was in {share:.0%} of the events before, and in none of the last {absent}",
        events=absent,
        of=stream.events,
        rate=round(absent / stream.events, 6),
        first_ms=sighting.last_ms,
        last_ms=stream.last_ms,
        sample_event_id=sighting.sample_event_id,
    )


def _declared_types(schema: dict[str, object]) -> list[str]:
    declared = schema.get("type")
    return [declared] if isinstance(declared, str) else declared if isinstance(declared, list) else []


def _type_of(value: object) -> str:
    """The JSON Schema type of a value; whole numbers are integers, however they are written."""
    match value:
        case None:
            return "null"
        case bool():
            return "boolean"
        case str():
            return "string"
        case int():
            return "integer"
        case float():
            return "integer" if value.is_integer() else "number"
        case list():
            return "array"
        case _:
            return "object"


def _shown(value: object) -> str:
    text = value if isinstance(value, str) else str(value)
    return text if isinstance(value, str | int | float | bool) and len(text) <= _LONGEST_VALUE else ""
