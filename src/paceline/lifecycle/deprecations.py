"""The deprecation register: what has an announced end, since when, until when, and who still uses it."""

from __future__ import annotations

import datetime as dt
import enum

import msgspec


class EndState(enum.StrEnum):
    """How near an announced end is."""

    ANNOUNCED = "announced"
    """The deprecation itself begins later."""
    RUNNING_OUT = "running out"
    DUE_SOON = "due soon"
    """Its last day is within 30 days."""
    OVERDUE = "overdue"
    """Its last day has passed, and it is still there."""


NOTICE_DAYS = (30, 14, 7)
"""How many days before an end people are told."""


class Ending(msgspec.Struct, frozen=True, kw_only=True):
    """One thing with an announced end. `consumers` are the integrations that depend on it; `place` is file and line.

    `last_day` is the last day on which it may be there. `replacement` is what to use instead, or the plan for that.
    """

    name: str
    kind: str
    owner: str
    since: dt.date | None
    last_day: dt.date
    replacement: str
    consumers: tuple[str, ...]
    place: str


def end_state(ending: Ending, today: dt.date) -> EndState:
    """How near the end is on a day."""
    if ending.last_day < today:
        return EndState.OVERDUE
    if (ending.last_day - today).days <= NOTICE_DAYS[0]:
        return EndState.DUE_SOON
    if ending.since is not None and ending.since > today:
        return EndState.ANNOUNCED
    return EndState.RUNNING_OUT


def days_left(ending: Ending, today: dt.date) -> int:
    """Days until the last day; negative when it has passed."""
    return (ending.last_day - today).days


def in_order(endings: list[Ending]) -> list[Ending]:
    """By the last day, then by name."""
    return sorted(endings, key=lambda one: (one.last_day, one.kind, one.name))
