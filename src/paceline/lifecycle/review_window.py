"""How long a review lasts: long enough for every required reviewer to have had a working day of their own in it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import msgspec

from paceline.lifecycle.working_hours import WorkingWeek, moment_after_work

LEAST = dt.timedelta(hours=48)
LONG = dt.timedelta(hours=72)
WORK = dt.timedelta(hours=8)
HORIZON = dt.timedelta(days=60)
"""Somebody who does not work 8 hours in so long is not available as a reviewer."""


class ReviewWindow(msgspec.Struct, frozen=True, kw_only=True):
    """A review from `opened` to `closes`, in UTC; `closes` is None while a reviewer is not available,
    or while there is none: the silence of nobody is no agreement.

    `ready` says for every reviewer when they have had 8 working hours since it opened; None when they never have.
    """

    opened: dt.datetime
    closes: dt.datetime | None
    ready: Mapping[str, dt.datetime | None]

    @property
    def is_long(self) -> bool:
        """Whether it is longer than 72 hours, so that somebody should know why."""
        return self.closes is None or self.closes - self.opened > LONG

    @property
    def waits_for(self) -> tuple[str, ...]:
        """Who makes it longer than 48 hours: those who have had their hours last, or are not available."""
        if self.closes is None:
            return tuple(name for name, ready in self.ready.items() if ready is None)
        if self.closes <= self.opened + LEAST:
            return ()
        return tuple(name for name, ready in self.ready.items() if ready == self.closes)


def review_window(opened: dt.datetime, weeks: Mapping[str, WorkingWeek]) -> ReviewWindow:
    """The window of a review by reviewer: 48 hours, or longer until every one of them has had 8 working hours.

    `opened` has a zone.

    >>> friday = dt.datetime(2026, 11, 27, 15, tzinfo=dt.UTC)
    >>> review_window(friday, {"Maria": WorkingWeek(zone="Asia/Manila")}).closes.isoformat()
    '2026-11-30T09:00:00+00:00'
    """
    opened = opened.astimezone(dt.UTC)
    ready = {name: moment_after_work(week, opened, WORK, until=opened + HORIZON) for name, week in weeks.items()}
    moments = [moment for moment in ready.values() if moment is not None]
    closes = max([opened + LEAST, *moments]) if moments and len(moments) == len(ready) else None
    return ReviewWindow(opened=opened, closes=closes, ready=ready)
