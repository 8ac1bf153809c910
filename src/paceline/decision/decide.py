"""Decides one request and reports on it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np

from paceline.decision.calendar import days_between
from paceline.decision.calibration import NO_CALIBRATION, Calibration
from paceline.decision.checks import check_request
from paceline.decision.comparison import regret, totals, worth_of_everything, worth_of_one
from paceline.decision.criteria import closeness, weighted_sum
from paceline.decision.deliberation import UNSCORED_RISK, Deliberation, deliberate
from paceline.decision.expiry import Expiry, set_expiry
from paceline.decision.formulas import (
    DAYS_PER_WEEK,
    HORIZONS,
    LAST_MONTH,
    OPTIONS,
    Array,
    count_months,
    evaluate,
    migration_days,
    reverse_hours,
)
from paceline.decision.gates import CheckState, Gate, allowed_options, cheapest_unlock, pass_gates
from paceline.decision.inputs import fixed_inputs
from paceline.decision.intake import request_faults
from paceline.decision.knowledge import Fact
from paceline.decision.metrics import option_metrics
from paceline.decision.numbers import spread_of, tidied
from paceline.decision.report import (
    FORMAT,
    CriteriaView,
    Knowledge,
    Metrics,
    OptionReport,
    Report,
    Unlock,
    Verdict,
)
from paceline.decision.rules import RULES
from paceline.decision.sampling import SAMPLES, draw
from paceline.decision.sensitivity import Bar, Flip, Search
from paceline.decision.sentences import explain, tell_counterfactual, tell_verdict
from paceline.decision.trace import TRACE
from paceline.decision.votes import votes_agree
from paceline.decision.wording import number_words
from paceline.errors import UsageError
from paceline.model.integration import Stage
from paceline.model.request import Request, RequestKind, SchemaChoice, Source

CURVE_SAMPLES = 128
"""Samples behind the curves of cost by month."""
MOST_WORTH = 12
"""For how many inputs it is worked out what knowing them is worth."""
NOISE = 1e-12
"""Effects below this share are rounding."""
_COST_RULES = {Stage.SPRINT: "F11", Stage.HYBRID: "F12", Stage.MARATHON: "F13"}


def decide(request: Request, known: Sequence[Fact] = (), calibration: Calibration = NO_CALIBRATION) -> Report:
    """The report on one request; the same request always gives the same bytes.

    `known` are the facts that `paceline.decision.knowledge` found and filled in; the report shows them. `calibration`
    corrects guesses by what the team's past says. Raises UsageError when the request has faults:
    `paceline.decision.intake` tells all of them.

    Example: `decide(read_request(row)).verdict`
    """
    faults = request_faults(request)
    if faults:
        raise UsageError(faults[0].message, where=faults[0].place, remedy=faults[0].remedy)
    report = tidied(_report(deliberate(request, calibration), tuple(known)))
    return msgspec.structs.replace(
        report, summary=tell_verdict(report), why=explain(report), counterfactual=tell_counterfactual(report)
    )


def _report(made: Deliberation, known: tuple[Fact, ...]) -> Report:
    request, leaning = made.request, made.leaning
    flips, tornado = _search(made)
    metrics = option_metrics(made.values, made.known, made.costs)
    by_horizon = zip(map(str, HORIZONS), made.winners, strict=True)
    return Report(
        format=FORMAT,
        request=request.request,
        outcome=request.outcome,
        summary="",
        currency=request.currency or "EUR",
        asked=request.asked,
        horizon_months=request.horizon_months,
        verdict=_verdict(made),
        leaning=leaning,
        cheapest=made.cheapest,
        is_provisional=leaning is Stage.MARATHON and _has_failed(made.gates, "G7"),
        confidence=made.confidence,
        winners={months: winner for months, winner in by_horizon if winner is not None},
        why=(),
        counterfactual="",
        doubts=(*made.doubts, *_further_doubts(made), *_contradictions(known)),
        options=tuple(_option(made, option, metrics[option]) for option in OPTIONS),
        expiry=_expiry(made) if leaning is Stage.HYBRID else None,
        reverse_cost_hours=spread_of(reverse_hours(made.values, made.known.reverse), "F04"),
        knowledge=_knowledge(made, tornado),
        flips=flips,
        tornado=tornado,
        robustness=dict(zip(map(str, HORIZONS), made.robustness.ratio, strict=True)) if made.robustness else {},
        gates=made.gates,
        unlock=_unlock(made.gates) if leaning is None else None,
        votes=made.votes,
        votes_agree=leaning is not None and votes_agree(made.votes, leaning),
        checks=check_request(request, leaning),
        criteria=_criteria(metrics),
        cumulative_cost=_cumulative_cost(made),
        known=known,
        inputs={**made.inputs, **fixed_inputs(request)},
        rules=RULES,
        samples=SAMPLES,
        trace=TRACE,
    )


def _verdict(made: Deliberation) -> Verdict:
    if _has_failed(made.gates, "G0"):
        return Verdict.NOT_READY
    return Verdict(made.leaning.value) if made.leaning else Verdict.BLOCKED


def _has_failed(gates: Sequence[Gate], identity: str) -> bool:
    return any(gate.id == identity and gate.state is CheckState.FAILED for gate in gates)


def _further_doubts(made: Deliberation) -> Iterator[str]:
    """What a reader should know besides; it says nothing about how sure the verdict is."""
    request = made.request
    if request.risk is None:
        yield f"The risks have no scores; a multiplier of {UNSCORED_RISK} is assumed."
    elif request.risk.privacy == 1 and request.data_classes:
        yield f"Privacy is scored 1 of 5, but personal data flows: {', '.join(sorted(request.data_classes))}."
    if request.kind is RequestKind.STRATEGIC and request.schema is SchemaChoice.ONE_OFF:
        yield "It is strategic, and its schema is one-off: others cannot build on what only one vendor understands."
    needed = made.inputs.get("needed")
    if needed is not None and made.leaning is not None:
        days = float(made.costs.days[made.leaning].mean())
        if days > needed.likely * DAYS_PER_WEEK:
            weeks = number_words(needed.likely)
            yield f"It likely works only after {number_words(days)} days, and is needed for {weeks} weeks."
    if request.deadline is not None and made.leaning is not None:
        within = days_between(request.asked, request.deadline)
        days = float(made.costs.days[made.leaning].mean())
        if days > within:
            takes = f"the {made.leaning.value} takes {number_words(days)} days"
            yield f"It likely comes too late: {takes}, and the deadline is in {within}."


def _contradictions(known: Sequence[Fact]) -> Iterator[str]:
    for fact in known:
        if fact.is_contrary:
            where = f" ({', '.join(fact.evidence)})" if fact.evidence else ""
            yield f"The workspace says otherwise about {fact.path}: {fact.says}{where}."


def _search(made: Deliberation) -> tuple[tuple[Flip, ...], tuple[Bar, ...]]:
    """What would change the verdict: break-even values, those inside their ranges first, and effects, largest first."""
    if made.leaning is None:
        return (), ()
    search = Search(
        made.contest,
        made.inputs,
        scores=made.scores[made.horizon],
        horizon_months=made.request.horizon_months,
        allowed=lambda inputs: allowed_options(pass_gates(made.request, inputs)),
    )
    shares = search.total_effects()
    flips: list[Flip] = []
    bars: list[Bar] = []
    for name in made.inputs:
        found, bar = search.vary(name)
        flips += found
        if bar is not None:
            share = shares.get(name, 0.0)
            bars.append(msgspec.structs.replace(bar, share=share if share > NOISE else 0.0))
    bars.sort(key=_effect, reverse=True)
    return tuple(sorted(flips, key=lambda flip: not flip.is_inside)), tuple(bars)


def _effect(bar: Bar) -> float:
    """How far an input moves the lead; what is only rounding, which machines differ in, is nothing."""
    effect = abs(bar.lead_at_high - bar.lead_at_low)
    return effect if effect > NOISE * (abs(bar.lead_at_low) + abs(bar.lead_at_high)) else 0.0


def _option(made: Deliberation, option: Stage, metrics: Metrics) -> OptionReport:
    rule = _COST_RULES[option]
    indexed = {str(months): index for index, months in enumerate(HORIZONS)}
    ownership = np.broadcast_to(made.costs.ownership[option], (len(HORIZONS), 1, SAMPLES))
    total = np.broadcast_to(made.costs.total[option], (len(HORIZONS), 1, SAMPLES))
    blocking = [gate.id for gate in made.gates if gate.state is CheckState.FAILED and option in gate.blocks]
    return OptionReport(
        option=option,
        is_open=option in made.contest.allowed,
        blocked_by=tuple(blocking),
        is_provisional=option is Stage.MARATHON and _has_failed(made.gates, "G7"),
        time_to_value_days=spread_of(made.costs.days[option], "F01"),
        delay_cost=spread_of(made.costs.delay[option], "F02"),
        ownership={months: spread_of(ownership[index], rule) for months, index in indexed.items()},
        total={months: spread_of(total[index], rule) for months, index in indexed.items()},
        lines=_lines(made, option),
        probability_best={months: made.probabilities[index][option] for months, index in indexed.items()},
        score=float(made.scores[made.horizon, OPTIONS.index(option)]),
        metrics=metrics,
    )


def _lines(made: Deliberation, option: Stage) -> Mapping[str, Mapping[str, float]]:
    """The means of the parts of an option's cost, by horizon."""
    parts = {line.value: amount.mean(axis=(-2, -1)) for line, amount in made.costs.lines[option].items()}
    parts["delay"] = made.costs.delay[option].mean(axis=(-2, -1))
    everywhere = {name: np.broadcast_to(means, len(HORIZONS)) for name, means in parts.items()}
    return {
        str(months): {name: float(means[index]) for name, means in everywhere.items()}
        for index, months in enumerate(HORIZONS)
    }


def _expiry(made: Deliberation) -> Expiry:
    given = made.inputs["marathon_days"]
    # The ratios of the past are against what was said, before it was corrected.
    likely_days = given.stated[1] if given.stated is not None else given.likely
    past = made.calibration.lateness("marathon_days") if given.source == Source.GUESS else None
    migration = migration_days(made.values)
    return set_expiry(asked=made.request.asked, likely_days=likely_days, migration_days=migration, past=past)


def _knowledge(made: Deliberation, tornado: Sequence[Bar]) -> Knowledge:
    """What knowing better is worth, looked at for the inputs that move the lead most."""
    price = float(made.contest.spike_price(made.values)[0])
    if made.leaning is None:
        return Knowledge(perfect=0.0, price=price, is_worth_a_spike=False, inputs={})
    saved = regret(totals(made.costs, made.horizon), made.contest.allowed, made.leaning)
    perfect = worth_of_everything(saved)
    worth = [(bar.input, worth_of_one(saved, bar.input)) for bar in tornado[:MOST_WORTH]]
    worth.sort(key=lambda item: -item[1])
    return Knowledge(
        perfect=perfect,
        price=price,
        is_worth_a_spike=perfect > price and any(amount > price for _, amount in worth),
        inputs={name: amount for name, amount in worth if amount > 0.01 * price},
    )


def _unlock(gates: Sequence[Gate]) -> Unlock | None:
    cheapest = cheapest_unlock(gates)
    if cheapest is None:
        return None
    option, closing = cheapest
    return Unlock(
        option=option,
        gates=tuple(gate.id for gate in closing),
        do=tuple(gate.unlock for gate in closing),
        effort_hours=sum(gate.effort_hours for gate in closing),
    )


def _criteria(metrics: Mapping[Stage, Metrics]) -> CriteriaView:
    matrix: Array = np.array([msgspec.structs.astuple(metrics[option]) for option in OPTIONS])
    weights = [1.0 / matrix.shape[1]] * matrix.shape[1]
    names = [option.value for option in OPTIONS]
    return CriteriaView(
        weighted_sum=dict(zip(names, map(float, weighted_sum(matrix, weights)), strict=True)),
        closeness=dict(zip(names, map(float, closeness(matrix, weights)), strict=True)),
    )


def _cumulative_cost(made: Deliberation) -> Mapping[str, tuple[float, ...]]:
    """Expected totals after each month, from few samples, made to agree with the full sample at the horizons."""
    values = draw(made.inputs, CURVE_SAMPLES)
    costs = evaluate(values, made.known, count_months(values, made.known, range(LAST_MONTH + 1)))
    series = {}
    for option in OPTIONS:
        rough = costs.total[option].mean(axis=(1, 2))
        exact = made.costs.total[option].mean(axis=(1, 2))
        ratios = [after / before if before else 1.0 for after, before in zip(exact, rough[list(HORIZONS)], strict=True)]
        smooth = rough * np.interp(np.arange(LAST_MONTH + 1), HORIZONS, ratios)
        series[option.value] = tuple(map(float, smooth))
    return series
