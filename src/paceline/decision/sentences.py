"""What a report says in sentences: each is made from the report's own numbers."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.decision.gates import CheckState
from paceline.decision.report import OptionReport, Report, Verdict
from paceline.decision.sensitivity import Flip
from paceline.decision.wording import number_words, percent, quantity, span
from paceline.model.integration import Stage

MOST_FLIPS = 3
"""How many break-even values one sentence can hold."""
MOST_SHOWN_FLIPS = 8


def explain(report: Report) -> tuple[str, ...]:
    """Why the verdict is what it is, the strongest reason first."""
    return tuple(_reasons(report))


def tell_counterfactual(report: Report) -> str:
    """What would make another option the right one, in one sentence."""
    if report.unlock is not None:
        return f"{report.unlock.option.value.capitalize()} if you {' and '.join(report.unlock.do)}."
    flips = nearest_flips(report)[:MOST_FLIPS]
    if flips:
        parts = [_flip_words(report, flip) for flip in flips]
        return _first_upper("; ".join(parts)) + "."
    closed = [gate for gate in report.gates if gate.state is CheckState.FAILED and gate.blocks]
    if closed:
        gate = min(closed, key=lambda candidate: candidate.effort_hours)
        options = " or ".join(option.value for option in gate.blocks)
        return f"{options.capitalize()} could win only if you {gate.unlock} ({gate.id})."
    return "Nothing within eight times the stated ranges, changed alone, would turn the verdict around."


def nearest_flips(report: Report) -> tuple[Flip, ...]:
    """The break-even values to show, those inside the stated ranges and close to their means first, one an input.

    The cost of delay is always among them where it has one: it matters most and is known least.
    """

    def distance(flip: Flip) -> float:
        given = report.inputs[flip.input]
        width = max(given.high - given.low, 0.05 * max(abs(given.high), 1e-9))
        return abs(flip.at - given.mean) / width

    nearest: dict[str, Flip] = {}
    for flip in sorted(report.flips, key=lambda flip: (not flip.is_inside, distance(flip))):
        nearest.setdefault(flip.input, flip)
    shown = list(nearest.values())[:MOST_SHOWN_FLIPS]
    delay = nearest.get("cost_of_delay")
    return tuple(shown if delay is None or delay in shown else [*shown, delay])


def _reasons(report: Report) -> Iterator[str]:
    options = {option.option: option for option in report.options}
    if report.verdict is Verdict.NOT_READY:
        gate = next(gate for gate in report.gates if gate.id == "G0")
        yield f"Not ready: {gate.because}."
    if report.leaning is None:
        blocked = (f"{option.option.value} by {', '.join(option.blocked_by)}" for option in report.options)
        yield f"The gates leave no option: {'; '.join(blocked)}."
        return
    yield _money_reason(report, options[report.leaning])
    yield from _time_reasons(report, options)
    for gate in report.gates:
        if gate.state is CheckState.FAILED and gate.blocks:
            yield f"No {' and no '.join(option.value for option in gate.blocks)} ({gate.id}): {gate.because}."
    if report.is_provisional:
        yield "Provisional (G7): no team is named that would own the platform piece."
    for vote in report.votes:
        yield f"A rule of thumb speaks for {vote.option.value} ({vote.id}, {vote.rule}): {vote.because}."


def _money_reason(report: Report, winner: OptionReport) -> str:
    months = str(report.horizon_months)
    cost = winner.total[months]
    expected = f"{number_words(cost.mean)} {report.currency} ({span(cost.p10, cost.p90)})"
    name = winner.option.value.capitalize()
    rivals = [option for option in report.options if option.is_open and option is not winner]
    if not rivals:
        cost_words = f"it costs {expected} over {months} months, waiting included"
        return f"{name} is the only option that the gates leave; {cost_words}."
    second = min(rivals, key=lambda option: option.total[months].mean)
    against = f"{number_words(second.total[months].mean)} {report.currency} for {second.option.value}"
    if second.total[months].mean < cost.mean:
        return (
            f"{name} costs {expected} over {months} months, waiting included, against {against}: closer than what "
            "finding out would cost, so the rules of thumb settle it."
        )
    share = percent(winner.probability_best[months])
    return (
        f"{name} has the lowest expected cost over {months} months, waiting included: {expected}, against {against}; "
        f"it is the cheapest in {share} of cases."
    )


def _time_reasons(report: Report, options: dict[Stage, OptionReport]) -> Iterator[str]:
    winner, leaning = options[report.leaning or Stage.SPRINT], report.leaning
    days = number_words(winner.time_to_value_days.mean)
    if leaning is Stage.MARATHON:
        sprint = number_words(options[Stage.SPRINT].time_to_value_days.mean)
        yield f"It works after {days} days (a sprint after {sprint}), which waiting does not make too expensive."
    else:
        marathon = number_words(options[Stage.MARATHON].time_to_value_days.mean)
        yield f"It works after {days} days (a marathon after {marathon})."
    if leaning is not None and report.cheapest is not leaning and not options[report.cheapest].is_open:
        by = ", ".join(options[report.cheapest].blocked_by)
        yield f"Money alone would choose {report.cheapest.value}, which {by} rules out."


def _flip_words(report: Report, flip: Flip) -> str:
    given = report.inputs[flip.input]
    at = quantity(flip.at, given.unit, report.currency)
    where = "" if flip.is_inside else ", outside the stated range" if given.low != given.high else ""
    return f"{flip.becomes.value} if {given.title} is {flip.direction} {at}{where}"


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]
