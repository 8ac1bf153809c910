"""What each picture of a report shows: a title that says it, a sentence for who cannot see it, and its numbers."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from paceline.decision.report import OptionReport, Report, Spread
from paceline.decision.sections import Table
from paceline.decision.triage import Triage
from paceline.decision.triage_sections import TAG_WORDS
from paceline.decision.wording import number_words, percent, quantity, span

MOST_BARS = 8
METRIC_WORDS = {
    "time_to_value_days": "time to value, days",
    "rework_factor": "rework factor",
    "debt_hours": "debt, hours",
    "ops_hours_per_week": "operational load, hours a week",
    "risk_multiplier": "risk multiplier, 1 to 5",
}
_SHOWN_MONTHS = (3, 6, 9, 12, 18, 24, 30, 36)


class PictureWords(msgspec.Struct, frozen=True, kw_only=True):
    """A picture in words: what it is about, what it shows, and the numbers behind it."""

    title: str
    sentence: str
    table: Table


def describe_pictures(report: Report) -> Mapping[str, PictureWords]:
    """The words for every chart of a report, by the names of `paceline.decision.charts`."""
    return {
        "matrix": _matrix(report),
        "metrics": _metrics(report),
        "months": _months(report),
        "tornado": _tornado(report),
    }


def describe_backlog(triage: Triage) -> PictureWords:
    """The words for the chart of a whole backlog."""
    rows = tuple(
        (
            ticket.request,
            TAG_WORDS[ticket.tag],
            _range(ticket.time_to_value_days),
            f"{_range(ticket.cost)} {ticket.currency}",
        )
        for ticket in triage.tickets
        if ticket.time_to_value_days is not None and ticket.cost is not None
    )
    return PictureWords(
        title="Time to value against total cost",
        sentence=(
            f"{len(rows)} requests by the days until the recommended option works and by its cost; lines reach from "
            "the 10th to the 90th percentile."
        ),
        table=Table(head=("request", "tag", "days", "cost"), rows=rows),
    )


def break_even_months(report: Report, first: OptionReport, second: OptionReport) -> int | None:
    """The month from which the second option is the cheaper one for good; None when it never is, or always was."""
    one, other = report.cumulative_cost[first.option.value], report.cumulative_cost[second.option.value]
    later = [month for month, (cost, rival) in enumerate(zip(one, other, strict=True)) if rival >= cost]
    if not later or later[-1] + 1 >= len(one):
        return None
    return later[-1] + 1


def _matrix(report: Report) -> PictureWords:
    months = str(report.horizon_months)
    rows = tuple(
        (
            option.option.value,
            "open" if option.is_open else f"closed by {', '.join(option.blocked_by)}",
            _range(option.time_to_value_days),
            _range(option.total[months]),
        )
        for option in report.options
    )
    parts = [
        f"{option.option.value} {number_words(option.time_to_value_days.mean)} days and "
        f"{number_words(option.total[months].mean)} {report.currency}"
        for option in report.options
    ]
    return PictureWords(
        title="How soon against how much",
        sentence=_first_upper(f"{'; '.join(parts)}. Lines reach from the 10th to the 90th percentile."),
        table=Table(head=("option", "", "days until it works", f"cost over {months} months"), rows=rows),
    )


def _metrics(report: Report) -> PictureWords:
    options = report.options
    rows = tuple(
        (words, *(number_words(getattr(option.metrics, name)) for option in options))
        for name, words in METRIC_WORDS.items()
    )
    best = [
        f"{words.partition(',')[0]}: {min(options, key=lambda option: getattr(option.metrics, name)).option.value}"
        for name, words in METRIC_WORDS.items()
    ]
    return PictureWords(
        title="Five metrics, less is better",
        sentence=f"The least of each: {', '.join(best)}.",
        table=Table(head=("metric", *(option.option.value for option in options)), rows=rows),
    )


def _months(report: Report) -> PictureWords:
    options = report.options
    crossings = [
        f"{second.option.value} is cheaper than {first.option.value} from month {month} on"
        for index, first in enumerate(options)
        for second in options[index + 1 :]
        if (month := break_even_months(report, first, second))
    ]
    sentence = _first_upper("; ".join(crossings)) if crossings else "No option becomes cheaper than a quicker one"
    rows = tuple(
        (str(month), *(number_words(report.cumulative_cost[option.option.value][month]) for option in options))
        for month in _SHOWN_MONTHS
    )
    return PictureWords(
        title="When it breaks even",
        sentence=f"{sentence}.",
        table=Table(head=("months of service", *(option.option.value for option in options)), rows=rows),
    )


def _tornado(report: Report) -> PictureWords:
    rows = []
    for bar in report.tornado[:MOST_BARS]:
        given = report.inputs[bar.input]
        low, high = (quantity(number, given.unit, report.currency) for number in (bar.low, bar.high))
        leads = number_words(bar.lead_at_low), number_words(bar.lead_at_high)
        rows.append((given.title, f"{leads[0]} at {low}", f"{leads[1]} at {high}", percent(bar.share)))
    turning = [report.inputs[bar.input].title for bar in report.tornado if min(bar.lead_at_low, bar.lead_at_high) < 0]
    name = report.leaning.value if report.leaning is not None else "the winner"
    sentence = (
        f"Left of zero {name} is no longer the cheapest: {', '.join(turning[:3])} can do that alone."
        if turning
        else f"No single input makes {name} lose between its 10th and its 90th percentile."
    )
    head = ("input", f"{name} cheaper by, when low", "when high", "share of the doubt")
    return PictureWords(title="What moves it most", sentence=sentence, table=Table(head=head, rows=tuple(rows)))


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]


def _range(spread: Spread | None) -> str:
    return f"{number_words(spread.mean)} ({span(spread.p10, spread.p90)})" if spread is not None else ""
