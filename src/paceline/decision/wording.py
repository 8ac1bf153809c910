"""How numbers and options are written for people."""

from __future__ import annotations

from collections.abc import Sequence

from paceline.decision.catalog import Unit

_UNIT_WORDS = {
    Unit.MONEY_PER_HOUR: "{currency} an hour",
    Unit.MONEY_PER_WEEK: "{currency} a week",
    Unit.MONEY_PER_MONTH: "{currency} a month",
    Unit.MONEY: "{currency}",
    Unit.HOURS: "hours",
    Unit.HOURS_PER_WEEK: "hours a week",
    Unit.HOURS_PER_MONTH: "hours a month",
    Unit.DAYS: "days",
    Unit.WEEKS: "weeks",
    Unit.TEAMS: "teams",
    Unit.FACTOR: "times",
    Unit.PER_YEAR: "a year",
}


def number_words(number: float) -> str:
    """A number with as many digits as mean something.

    >>> [number_words(number) for number in (0.0, 0.0315, 3.47, 59.8, 1234.5, 57931.0, 2_400_000.0)]
    ['0', '0.032', '3.5', '60', '1.2 k', '58 k', '2.4 M']
    """
    size = abs(number)
    for limit, scale, suffix in ((1e12, 1e12, " T"), (1e9, 1e9, " G"), (1e6, 1e6, " M"), (1000.0, 1e3, " k")):
        if size >= limit * 0.9995:
            return _two_digits(number / scale) + suffix
    return _two_digits(number)


def _two_digits(number: float) -> str:
    if number == 0.0:
        return "0"
    if abs(number) >= 99.5:
        return f"{number:.0f}"
    return f"{float(f'{number:.2g}'):g}"


def quantity(number: float, unit: Unit, currency: str) -> str:
    """A number with its unit.

    >>> quantity(1530.0, Unit.MONEY_PER_WEEK, "EUR")
    '1.5 k EUR a week'
    >>> quantity(0.415, Unit.SHARE, "EUR")
    '42 %'
    """
    return _with_unit([number], unit, currency)


def estimate_words(low: float, likely: float, high: float, unit: Unit, currency: str) -> str:
    """A range with its unit.

    >>> estimate_words(500.0, 2000.0, 6000.0, Unit.MONEY_PER_WEEK, "EUR")
    '500 - 2 k - 6 k EUR a week'
    >>> estimate_words(0.3, 0.6, 0.85, Unit.SHARE, "EUR")
    '30 - 60 - 85 %'
    """
    return _with_unit([low] if low == high else [low, likely, high], unit, currency)


def _with_unit(numbers: Sequence[float], unit: Unit, currency: str) -> str:
    scale, words = (100.0, "%") if unit is Unit.SHARE else (1.0, _UNIT_WORDS[unit].format(currency=currency))
    return f"{' - '.join(number_words(number * scale) for number in numbers)} {words}"


def span(low: float, high: float) -> str:
    """Two ends of a range, with the suffix once where both have the same.

    >>> span(45_100.0, 74_000.0)
    '45-74 k'
    """
    first, second = number_words(low), number_words(high)
    number, _, suffix = first.partition(" ")
    if first == second:
        return first
    return f"{number}-{second}" if suffix == second.partition(" ")[2] else f"{first}-{second}"


def percent(share: float) -> str:
    """A share in percent, never rounded to certainty.

    >>> percent(0.592), percent(0.9999), percent(1.0)
    ('59 %', '>99 %', '100 %')
    """
    if 0.995 <= share < 1.0:
        return ">99 %"
    if 0.0 < share < 0.005:
        return "<1 %"
    return f"{share * 100:.0f} %"


def duration_words(secs: float) -> str:
    """A time in the largest unit that gives a round number.

    >>> [duration_words(secs) for secs in (60, 90, 300, 3600, 86_400, 172_800, 0.5)]
    ['60 seconds', '90 seconds', '5 minutes', '60 minutes', '24 hours', '2 days', '0.5 seconds']
    """
    for size, least, words in ((86_400, 2, "days"), (3600, 2, "hours"), (60, 2, "minutes")):
        if secs >= size * least and secs % size == 0:
            return f"{secs / size:g} {words}"
    return f"{secs:g} seconds"
