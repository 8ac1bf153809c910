"""Quarters of a year, as people write them: 2026Q4."""

from __future__ import annotations

import datetime as dt
import re

import msgspec

_QUARTER = re.compile(r"(?P<year>20[0-9]{2})-?[Qq](?P<number>[1-4])", re.ASCII)


class Quarter(msgspec.Struct, frozen=True, order=True):
    """A quarter: the year, and 1 to 4.

    >>> str(Quarter.parse("2026Q4")), Quarter.parse("2026Q4").last_day.isoformat()
    ('2026Q4', '2026-12-31')
    """

    year: int
    number: int

    @classmethod
    def parse(cls, text: str) -> Quarter:
        """A quarter written as 2026Q4 or 2026-Q4. Raises ValueError for anything else."""
        match = _QUARTER.fullmatch(text.strip())
        if match is None:
            raise ValueError(f"{text!r} is no quarter")
        return cls(int(match["year"]), int(match["number"]))

    @classmethod
    def of(cls, day: dt.date) -> Quarter:
        """The quarter that a day lies in."""
        return cls(day.year, (day.month + 2) // 3)

    @property
    def first_day(self) -> dt.date:
        """Its first day."""
        return dt.date(self.year, 3 * self.number - 2, 1)

    @property
    def last_day(self) -> dt.date:
        """Its last day."""
        return self.next.first_day - dt.timedelta(days=1)

    @property
    def next(self) -> Quarter:
        """The one after it."""
        return Quarter(self.year + self.number // 4, self.number % 4 + 1)

    def has(self, day: dt.date) -> bool:
        """Whether a day lies in it."""
        return self.first_day <= day <= self.last_day

    def __str__(self) -> str:
        return f"{self.year}Q{self.number}"
