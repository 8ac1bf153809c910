"""Events that admission or a lane has decoded a moment ago, for the other lanes of the same process."""

from __future__ import annotations

from paceline.model.event import Event, read_event
from paceline.model.record import Position, Record

MAX_EVENTS = 2048


class EventMemo:
    """Remembers the last decoded events of one topic; a lane that lags behind decodes for itself.

    Decoding is a fifth of what a lane costs, and every lane needs the same events within milliseconds. Nobody may
    change an event's payload, so lanes can share it.
    """

    def __init__(self) -> None:
        self._events: dict[Position, Event] = {}

    def read(self, record: Record, position: Position) -> Event:
        """The event in a record. Raises msgspec.DecodeError as `read_event` does."""
        event = self._events.get(position)
        if event is None or event.id != record.id:
            event = read_event(record)
            self._events[position] = event
            if len(self._events) > MAX_EVENTS:
                del self._events[next(iter(self._events))]
        return event
