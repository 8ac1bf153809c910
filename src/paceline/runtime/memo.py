"""Events that a lane has decoded a moment ago, for the other lanes of the same process."""

from __future__ import annotations

from paceline.model.event import Event, read_event
from paceline.model.record import Position, Record

GENERATION_EVENTS = 1024
"""The memo keeps one to two generations of so many events, about 10 MB when an event has 1.2 KB."""


class EventMemo:
    """Remembers the last decoded events of one topic; a lane that lags behind decodes for itself.

    Decoding is a fifth of what a lane costs, and every lane needs the same events within milliseconds. Nobody may
    change an event's payload, so lanes can share it. Events go a generation at a time: taking the oldest key out of a
    dict one by one costs more than decoding, because each look for it passes everything that was taken out before.
    """

    def __init__(self) -> None:
        self._young: dict[Position, Event] = {}
        self._old: dict[Position, Event] = {}

    def read(self, record: Record, position: Position) -> Event:
        """The event in a record. Raises msgspec.DecodeError as `read_event` does."""
        event = self._young.get(position) or self._old.get(position)
        if event is None or event.id != record.id:
            event = read_event(record)
            self._young[position] = event
            if len(self._young) >= GENERATION_EVENTS:
                self._old, self._young = self._young, {}
        return event
