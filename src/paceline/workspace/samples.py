"""Samples: events as senders send them, one a file below samples/."""

from __future__ import annotations

from collections.abc import Mapping

from paceline.model.event import EventType
from paceline.workspace.workspace import EventKey


def sample_event(sample: Mapping[str, object]) -> EventKey | None:
    """The event that a sample shows; None when it shows none.

    >>> sample_event({"type": "page"})
    (<EventType.PAGE: 'page'>, '')
    """
    call, event = sample.get("type"), sample.get("event")
    if not isinstance(call, str) or call not in tuple(EventType):
        return None
    if call == EventType.TRACK:
        return (EventType.TRACK, event) if isinstance(event, str) and event else None
    return EventType(call), ""
