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


def tell_verdict(report: Report) -> str:
    """The verdict in a sentence or two, with the number that matters most."""
    options = {option.option: option for option in report.options}
    if report.verdict is Verdict.BLOCKED:
        assert report.unlock is not None
        unlock = report.unlock
        hours = number_words(unlock.effort_hours)
        return (
            f"The gates leave no option. The cheapest way out is to {' and '.join(unlock.do)}: "
            f"about {hours} hours of work, and then it can be a {unlock.option.value}."
        )
    if report.verdict is Verdict.NOT_READY:
        gate = next(gate for gate in report.gates if gate.id == "G0")
        leaning = f" The numbers lean to a {report.leaning.value}." if report.leaning is not None else ""
        return f"Not ready: first {gate.unlock}.{leaning}"
    assert report.leaning is not None
    assert report.confidence is not None
    chosen = options[report.leaning]
    days = number_words(chosen.time_to_value_days.mean)
    match report.leaning:
        case Stage.SPRINT:
            action = f"Build a sprint: it works after about {days} days."
        case Stage.HYBRID:
            assert report.expiry is not None
            action = (
                f"Start as a hybrid: a small adapter works after about {days} days, and the platform replaces it by "
                f"{report.expiry.date} ({report.expiry.weeks} weeks)."
            )
        case _:
            action = f"Build the platform piece first, a marathon: it works after about {days} days."
    return f"{action} {_cost_sentence(report, chosen)}"


def _cost_sentence(report: Report, chosen: OptionReport) -> str:
    months = str(report.horizon_months)
    cost = f"{number_words(chosen.total[months].mean)} {report.currency} over {months} months"
    assert report.confidence is not None
    rivals = [option for option in report.options if option.is_open and option is not chosen]
    if not rivals:
        return f"It likely costs {cost}; the gates leave nothing else. Confidence is {report.confidence.value}."
    share = percent(chosen.probability_best[months])
    return f"It likely costs {cost} and is the cheapest in {share} of cases. Confidence is {report.confidence.value}."


def explain(report: Report) -> tuple[str, ...]:
    """Why the verdict is what it is, the strongest reason first."""
    return tuple(_reasons(report))


def tell_counterfactual(report: Report) -> str:
    """What would make another option the right one, in one sentence."""
    if report.unlock is not None:
        return f"A {report.unlock.option.value}, if you {' and '.join(report.unlock.do)}."
    flips = nearest_flips(report)[:MOST_FLIPS]
    if flips:
        by_option: dict[Stage, list[str]] = {}
        for flip in flips:
            by_option.setdefault(flip.becomes, []).append(_flip_words(report, flip))
        parts = [f"a {option.value} if {', or '.join(conditions)}" for option, conditions in by_option.items()]
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
    yield from _vote_reasons(report)


def _vote_reasons(report: Report) -> Iterator[str]:
    """Rules of thumb, those with the same evidence in one sentence."""
    by_evidence: dict[str, list[str]] = {}
    for vote in report.votes:
        by_evidence.setdefault(vote.because, []).append(f"{vote.rule} ({vote.id})")
    for because, rules in by_evidence.items():
        many = "Rules" if len(rules) > 1 else "Rule"
        yield f"{many} of thumb: {', and '.join(rules)}; {because}."


def _money_reason(report: Report, winner: OptionReport) -> str:
    months = str(report.horizon_months)
    cost = winner.total[months]
    expected = f"{number_words(cost.mean)} {report.currency} ({span(cost.p10, cost.p90)})"
    name = winner.option.value.capitalize()
    rivals = [option for option in report.options if option.is_open and option is not winner]
    if not rivals:
        cost_words = f"it likely costs {expected} over {months} months, waiting included"
        return f"{name} is the only option that the gates leave; {cost_words}."
    second = min(rivals, key=lambda option: option.total[months].mean)
    against = f"{number_words(second.total[months].mean)} {report.currency} for {second.option.value}"
    if second.total[months].mean < cost.mean:
        return (
            f"{name} costs {expected} over {months} months, waiting included, against {against}: closer than what "
            "finding out would cost, so the rules of thumb settle it."
        )
    return f"{name} has the lowest expected cost over {months} months, waiting included: {expected}, against {against}."


def _time_reasons(report: Report, options: dict[Stage, OptionReport]) -> Iterator[str]:
    winner, leaning = options[report.leaning or Stage.SPRINT], report.leaning
    days = number_words(winner.time_to_value_days.mean)
    if leaning is Stage.MARATHON:
        sprint = number_words(options[Stage.SPRINT].time_to_value_days.mean)
        waiting = number_words(winner.delay_cost.mean - options[Stage.SPRINT].delay_cost.mean)
        cost = f"waiting that much longer likely costs {waiting} {report.currency}"
        yield f"It works after {days} days, a sprint after {sprint}; {cost}."
    else:
        marathon = number_words(options[Stage.MARATHON].time_to_value_days.mean)
        yield f"It works after {days} days, a marathon after {marathon}."
    if leaning is not None and report.cheapest is not leaning and not options[report.cheapest].is_open:
        by = ", ".join(options[report.cheapest].blocked_by)
        yield f"Money alone would choose {report.cheapest.value}, which {by} rules out."


def _flip_words(report: Report, flip: Flip) -> str:
    given = report.inputs[flip.input]
    at = quantity(flip.at, given.unit, report.currency)
    where = "" if flip.is_inside else ", outside the stated range" if given.low != given.high else ""
    return f"the {given.title} is {flip.direction} {at}{where}"


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]
