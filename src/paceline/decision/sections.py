"""A report as sections of sentences and tables: what every readable rendering shows, in the same order."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from paceline.decision.gates import CheckState
from paceline.decision.inputs import Input
from paceline.decision.report import OptionReport, Report, Spread, Verdict
from paceline.decision.sentences import nearest_flips
from paceline.decision.wording import estimate_words, number_words, percent, quantity, span
from paceline.model.integration import Stage

MOST_BARS = 6


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """Rows under a head; the first column is text, the others are numbers or words."""

    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


class Section(msgspec.Struct, frozen=True, kw_only=True):
    """One part of a report: sentences, then points, then a table, then a remark; any of them may be missing.

    The points of a checklist are things to be done.
    """

    title: str
    sentences: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    is_checklist: bool = False
    table: Table | None = None
    remark: str = ""


def headline(report: Report) -> str:
    """The verdict in one line.

    It names the request, the verdict or why there is none, and how sure it is.
    """
    match report.verdict:
        case Verdict.NOT_READY:
            leaning = f", leaning to {report.leaning.value}" if report.leaning else ""
            return f"{report.request}: not ready{leaning}"
        case Verdict.BLOCKED:
            return f"{report.request}: blocked, no option is open"
        case verdict:
            assert report.confidence is not None
            provisional = ", provisional" if report.is_provisional else ""
            return f"{report.request}: {verdict.value}{provisional} (confidence {report.confidence.value})"


def brief_sections(report: Report) -> tuple[Section, ...]:
    """What a person needs in order to agree or to object, the most important first."""
    return tuple(_brief(report))


def full_sections(report: Report) -> tuple[Section, ...]:
    """The brief sections, and after them everything that the numbers were made from."""
    return (*brief_sections(report), *_evidence(report))


def _brief(report: Report) -> Iterator[Section]:
    yield Section(title="Options", table=_options_table(report), remark=_options_remark(report))
    yield Section(title="Why", points=report.why)
    yield Section(title="What would change it", sentences=(report.counterfactual,), table=_flips_table(report))
    if report.doubts:
        yield Section(title="Doubts", points=report.doubts)
    spike = _spike_sentence(report)
    if spike:
        yield Section(title="Find out first", sentences=(spike,))
    if report.expiry is not None:
        yield Section(title="Expiry", points=_expiry_points(report))
    corrected = _corrected_table(report)
    if corrected is not None:
        yield Section(title="Corrected by the past", table=corrected, remark="See paceline calibrate (F28).")
    yield Section(title="Next", points=_next_points(report))
    yield Section(title="Six questions before any code", table=_checks_table(report))


def _evidence(report: Report) -> Iterator[Section]:
    yield Section(title="Metrics in month 24", table=_metrics_table(report))
    if report.tornado:
        yield Section(title="What moves it most", table=_tornado_table(report), remark=_tornado_remark(report))
    yield Section(title="Gates", table=_gates_table(report))
    if report.known:
        yield Section(title="Known from the workspace", table=_known_table(report))
    yield Section(title="Inputs", table=_inputs_table(report), remark="Ids with D are defaults, with F formulas.")
    yield Section(title="Formulas", table=_rules_table(report))


def _options_table(report: Report) -> Table:
    head = ("option", "works after", *(f"cost over {months} months" for months in ("12", "24", "36")), "cheapest in")
    return Table(head=head, rows=tuple(_option_row(report, option) for option in report.options))


def _option_row(report: Report, option: OptionReport) -> tuple[str, ...]:
    chosen = option.option is report.leaning
    name = f"{option.option.value} *" if chosen else option.option.value
    days = _spread(option.time_to_value_days, "days")
    costs = (_spread(option.total[months], "") for months in ("12", "24", "36"))
    if not option.is_open:
        return (name, days, *costs, f"closed by {', '.join(option.blocked_by)}")
    return (name, days, *costs, percent(option.probability_best[str(report.horizon_months)]))


def _options_remark(report: Report) -> str:
    return (
        f"Means in {report.currency}, ownership and waiting together; in brackets the range of 80 in 100 cases. "
        f"The winner (*) is looked for over {report.horizon_months} months."
    )


def _flips_table(report: Report) -> Table | None:
    flips = nearest_flips(report)
    if not flips:
        return None
    rows = []
    for flip in flips:
        given = report.inputs[flip.input]
        rows.append(
            (
                given.title,
                _range(given, report.currency),
                f"{flip.direction} {quantity(flip.at, given.unit, report.currency)}",
                flip.becomes.value,
                "yes" if flip.is_inside else "no",
            )
        )
    return Table(head=("input", "stated", "turns", "becomes", "in range"), rows=tuple(rows))


def _spike_sentence(report: Report) -> str:
    knowledge = report.knowledge
    if not knowledge.is_worth_a_spike:
        return ""
    name, worth = next(iter(knowledge.inputs.items()))
    price = f"{number_words(knowledge.price)} {report.currency}"
    return (
        f"Find out the {report.inputs[name].title} before you decide: that costs about {price} (one day) and is worth "
        f"about {number_words(worth)} {report.currency}. Knowing everything would be worth "
        f"{number_words(knowledge.perfect)} {report.currency}."
    )


def _expiry_points(report: Report) -> tuple[str, ...]:
    expiry = report.expiry
    assert expiry is not None
    given = (
        f"{expiry.cases} actuals of your own"
        if expiry.cases
        else "experience elsewhere, until eight actuals of your own"
    )
    likely = number_words(expiry.likely_days)
    points = [
        f"Ends after {expiry.weeks} weeks, on {expiry.date}: {likely} days likely, x {expiry.factor:.3g} by {given}.",
        f"Milestones on {expiry.milestone_dates[0]} and {expiry.milestone_dates[1]}, review on {expiry.review_date}.",
        f"An extension needs a new RFC and raises the debt's interest by half; at most {expiry.most_extensions}.",
    ]
    if expiry.inside_view_weeks > expiry.weeks:
        points.append(
            f"That is tight: by the request's own ranges 15 of 100 such migrations take longer than "
            f"{expiry.inside_view_weeks:.1f} weeks."
        )
    return tuple(points)


def _next_points(report: Report) -> tuple[str, ...]:
    match report.verdict:
        case Verdict.NOT_READY:
            return tuple(f"{gate.id}: {gate.unlock}." for gate in report.gates if gate.id == "G0")
        case Verdict.BLOCKED:
            assert report.unlock is not None
            return tuple(f"{do[:1].upper()}{do[1:]}." for do in report.unlock.do)
        case Verdict.SPRINT:
            return ("A mapping file with contract tests, an alert set, and a sunset date on the ticket.",)
        case Verdict.HYBRID:
            return (
                "An adapter behind the gateway, a route toggle, weekly migration milestones, and the expiry above.",
                "At the checkpoint in week 2 to 4, commit to the platform piece or drop it.",
            )
        case Verdict.MARATHON:
            return (
                "A contract and its registry entry, a bus route and the identity step.",
                "A deprecation path for what it replaces, and an RFC for the council.",
            )


def _checks_table(report: Report) -> Table:
    rows = tuple((check.id, check.question, check.state.value, check.because) for check in report.checks)
    return Table(head=("", "question", "answer", "because"), rows=rows)


def _metrics_table(report: Report) -> Table:
    head = ("metric", *(option.option.value for option in report.options))
    names = {
        "time_to_value_days": "time to value, days",
        "rework_factor": "rework factor",
        "debt_hours": "debt, hours",
        "ops_hours_per_week": "operational load, hours a week",
        "risk_multiplier": "risk multiplier, 1 to 5",
    }
    rows = tuple(
        (words, *(number_words(getattr(option.metrics, name)) for option in report.options))
        for name, words in names.items()
    )
    return Table(head=head, rows=rows)


def _tornado_table(report: Report) -> Table:
    bars = report.tornado[:MOST_BARS]
    rows = []
    for bar in bars:
        given = report.inputs[bar.input]
        low, high = (quantity(number, given.unit, report.currency) for number in (bar.low, bar.high))
        leads = (_signed(bar.lead_at_low), _signed(bar.lead_at_high))
        rows.append((given.title, f"{leads[0]} at {low}", f"{leads[1]} at {high}", percent(bar.share)))
    return Table(head=("input", "cheaper by, when low", "when high", "share of the doubt"), rows=tuple(rows))


def _tornado_remark(report: Report) -> str:
    name = _name(report.leaning)
    return f"How much cheaper {name} is than the next option, in {report.currency}; below 0 the other one wins."


def _gates_table(report: Report) -> Table:
    rows = []
    for gate in report.gates:
        unlock = gate.unlock if gate.state is CheckState.FAILED else ""
        rows.append((gate.id, gate.state.value, gate.because, unlock))
    return Table(head=("", "state", "because", "opens when you"), rows=tuple(rows))


def _known_table(report: Report) -> Table:
    rows = tuple(
        (
            fact.path,
            fact.says,
            "filled in" if fact.is_used else "contradicts" if fact.is_contrary else "known",
            ", ".join(fact.evidence),
        )
        for fact in report.known
    )
    return Table(head=("about", "fact", "", "where"), rows=rows)


def _inputs_table(report: Report) -> Table:
    rows = []
    for given in report.inputs.values():
        source = f"{given.source} {given.rule}".strip()
        rows.append((given.path, _range(given, report.currency), source, given.because))
    return Table(head=("input", "low - likely - high", "source", "because"), rows=tuple(rows))


def _corrected_table(report: Report) -> Table | None:
    """The guesses that actuals of the team corrected."""
    rows = []
    for given in report.inputs.values():
        if given.stated is not None and given.correction is not None:
            said = estimate_words(*given.stated, given.unit, report.currency)
            rows.append((given.title, said, f"x {given.correction:.3g}", _range(given, report.currency)))
    return Table(head=("input", "was said", "past", "counts as"), rows=tuple(rows)) if rows else None


def _rules_table(report: Report) -> Table:
    rows = tuple((rule.id, rule.title, rule.formula) for rule in report.rules)
    return Table(head=("", "what", "how"), rows=rows)


def _range(given: Input, currency: str) -> str:
    return estimate_words(given.low, given.likely, given.high, given.unit, currency)


def _spread(spread: Spread, unit: str) -> str:
    mean = f"{number_words(spread.mean)} {unit}".strip()
    return f"{mean} ({span(spread.p10, spread.p90)})"


def _signed(amount: float) -> str:
    return f"-{number_words(-amount)}" if amount < 0 else f"+{number_words(amount)}"


def _name(option: Stage | None) -> str:
    return option.value if option is not None else "nothing"
