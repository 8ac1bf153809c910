"""All integrations on one time line: from when to when, milestones, ends that were put off, and how near the end is."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Sequence

import msgspec

from paceline.lifecycle.expiry import is_expired, notice_days
from paceline.model.integration import Stage


class Standing(enum.StrEnum):
    """How an integration stands on a day."""

    ENDLESS = "endless"
    """A marathon, or one whose end nobody has written down."""
    RUNNING = "running"
    ENDS_SOON = "ends soon"
    """Within 30 days."""
    EXPIRED = "expired"
    RETIRED = "retired"


class Milestone(msgspec.Struct, frozen=True, kw_only=True):
    """A day on which somebody looks how far a migration is."""

    day: dt.date
    is_past: bool


class Span(msgspec.Struct, frozen=True, kw_only=True):
    """One integration on the line.

    `first` is when its stage began, None where nobody knows. `days_left` is None without an end and negative after it.
    `notice` is 30, 14 or 7 when such a notice is due. `extensions` counts how often the end was put off.
    """

    name: str
    stage: Stage
    owner: str
    first: dt.date | None
    last: dt.date | None
    standing: Standing
    days_left: int | None
    notice: int | None
    milestones: tuple[Milestone, ...] = ()
    extensions: int = 0
    to: str = ""
    plan: str = ""
    after_expiry: str = ""
    replaced_by: str = ""

    @property
    def next_milestone(self) -> dt.date | None:
        """The first milestone that is still ahead."""
        return next((one.day for one in self.milestones if not one.is_past), None)


class Dated(msgspec.Struct, frozen=True, kw_only=True):
    """What a span is made of."""

    name: str
    stage: Stage
    owner: str
    first: dt.date | None
    last: dt.date | None
    milestones: Sequence[dt.date] = ()
    extensions: int = 0
    to: str = ""
    plan: str = ""
    after_expiry: str = ""
    is_retired: bool = False
    replaced_by: str = ""


def span_of(dated: Dated, today: dt.date) -> Span:
    """Where an integration stands on a day."""
    last = dated.last if dated.stage is not Stage.MARATHON or dated.is_retired else None
    notice = None if dated.is_retired else notice_days(last, today)
    if dated.is_retired:
        standing = Standing.RETIRED
    elif last is None:
        standing = Standing.ENDLESS
    elif is_expired(last, today):
        standing = Standing.EXPIRED
    else:
        standing = Standing.ENDS_SOON if notice is not None else Standing.RUNNING
    return Span(
        name=dated.name,
        stage=dated.stage,
        owner=dated.owner,
        first=dated.first,
        last=last,
        standing=standing,
        days_left=(last - today).days if last is not None and not dated.is_retired else None,
        notice=notice,
        milestones=tuple(Milestone(day=day, is_past=day < today) for day in dated.milestones),
        extensions=dated.extensions,
        to=dated.to,
        plan=dated.plan,
        after_expiry=dated.after_expiry,
        replaced_by=dated.replaced_by,
    )


def in_order(spans: Sequence[Span]) -> list[Span]:
    """What needs somebody first: expired, then by the end; those without one, then the retired."""
    rank = {Standing.ENDLESS: 1, Standing.RETIRED: 2}
    return sorted(spans, key=lambda one: (rank.get(one.standing, 0), one.last or dt.date.max, one.name))
