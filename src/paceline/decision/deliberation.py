"""The decision itself: gates, then money over thousands of samples, then how sure that is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
import numpy as np

from paceline.decision.calendar import days_between
from paceline.decision.calibration import NO_CALIBRATION, Calibration
from paceline.decision.comparison import Contest, horizon_index, probability_best, totals
from paceline.decision.confidence import (
    CLEAR_ROBUSTNESS,
    Confidence,
    Robustness,
    judge_confidence,
    measure_robustness,
)
from paceline.decision.defaults import DISCOUNT_RATE, FINDING_OUT_HOURS
from paceline.decision.formulas import (
    HORIZONS,
    OPTIONS,
    Array,
    Circumstances,
    Costs,
    Values,
    count_months,
    evaluate,
)
from paceline.decision.gates import Gate, allowed_options, pass_gates
from paceline.decision.inputs import Input, resolve_inputs
from paceline.decision.sampling import draw, points
from paceline.decision.votes import Vote, cast_votes, count_votes, votes_agree
from paceline.model.integration import Stage
from paceline.model.request import DelayProfile, Request

MOST_NAMED = 4
"""How many guesses a doubt names; the report has all of them."""
UNSCORED_RISK = 3
"""The risk multiplier of a request that scores no risks. It is not ready anyway; this only serves what it leans to."""


class Deliberation(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a decision is made from, and the decision.

    `horizon` is the index in HORIZONS of the one that decides. `scores` are those of the contest, as (horizon, option).
    `leaning` is the winner among the open options; it, `robustness` and `confidence` are None when none is open.
    `winners` are the leanings over each horizon, `cheapest` is the cheapest option when gates and votes are ignored.
    """

    request: Request
    calibration: Calibration
    inputs: Mapping[str, Input]
    known: Circumstances
    horizon: int
    values: Values
    costs: Costs
    gates: tuple[Gate, ...]
    votes: tuple[Vote, ...]
    contest: Contest
    scores: Array
    probabilities: tuple[Mapping[Stage, float], ...]
    leaning: Stage | None
    cheapest: Stage
    winners: tuple[Stage | None, ...]
    robustness: Robustness | None
    doubts: tuple[str, ...]
    confidence: Confidence | None


def deliberate(request: Request, calibration: Calibration = NO_CALIBRATION) -> Deliberation:
    """The decision about a request without faults, without what would change it. Takes about a quarter of `decide`."""
    inputs = resolve_inputs(request, calibration)
    known = circumstances(request)
    horizon = horizon_index(request.horizon_months)
    values = draw(inputs)
    costs = evaluate(values, known, count_months(values, known))
    gates = pass_gates(request, inputs)
    likely = points(inputs)
    likely_costs = evaluate(likely, known, count_months(likely, known, [request.horizon_months]))
    votes = cast_votes(request, inputs, likely, likely_costs)
    contest = Contest(
        known=known,
        allowed=allowed_options(gates),
        votes=count_votes(votes),
        spike_hours=request.shared.finding_out_hours or FINDING_OUT_HOURS,
    )
    scores = contest.scores(values, costs.total)[..., 0]
    by_horizon = [totals(costs, index) for index in range(len(HORIZONS))]
    winners = tuple(_winner(contest, row) for row in scores)
    leaning = winners[horizon]
    probabilities = tuple(probability_best(samples, contest.allowed) for samples in by_horizon)
    robustness = measure_robustness(contest, inputs, leaning, horizon=horizon) if leaning else None
    doubts: tuple[str, ...] = ()
    confidence = None
    if leaning is not None and robustness is not None:
        guesses = [inputs[name].title for name in robustness.decisive if inputs[name].is_guessed]
        doubts = tuple(_doubts(leaning, robustness, winners, guesses, votes))
        confidence = judge_confidence(
            probability=probabilities[horizon][leaning], robustness=robustness, horizon=horizon, doubts=doubts
        )
        confidence = Confidence.LOW if guesses else confidence
    return Deliberation(
        request=request,
        calibration=calibration,
        inputs=inputs,
        known=known,
        horizon=horizon,
        values=values,
        costs=costs,
        gates=gates,
        votes=votes,
        contest=contest,
        scores=scores,
        probabilities=probabilities,
        leaning=leaning,
        cheapest=OPTIONS[int(np.argmin(by_horizon[horizon].mean(axis=1)))],
        winners=winners,
        robustness=robustness,
        doubts=doubts,
        confidence=confidence,
    )


def circumstances(request: Request) -> Circumstances:
    """What a request says that is not an estimate."""
    delay, risk = request.cost_of_delay, request.risk
    rate = request.shared.discount_rate
    return Circumstances(
        teams_now=request.teams.now,
        profile=delay.profile if delay is not None else DelayProfile.LINEAR,
        deadline_days=days_between(request.asked, request.deadline) if request.deadline is not None else None,
        risk_multiplier=max(risk.privacy, risk.lock_in) if risk is not None else UNSCORED_RISK,
        reverse=request.reverse,
        losses=len(request.losses),
        discount_rate=rate if rate is not None else DISCOUNT_RATE,
    )


def _winner(contest: Contest, scores: Array) -> Stage | None:
    if not contest.allowed:
        return None
    return OPTIONS[int(contest.winners(scores.reshape(-1, 1))[0])]


def _doubts(
    leaning: Stage,
    robustness: Robustness,
    winners: Sequence[Stage | None],
    guesses: Sequence[str],
    votes: Sequence[Vote],
) -> Iterator[str]:
    """Why a verdict is not beyond doubt, in sentences. None of them goes away when a range is widened."""
    if guesses:
        more = f" and {len(guesses) - MOST_NAMED} more" if len(guesses) > MOST_NAMED else ""
        named = ", ".join(f"the {title}" for title in guesses[:MOST_NAMED])
        yield f"The verdict changes within the range of what is only a guess: {named}{more}."
    unclear = [
        f"no clear winner over {months} months" if winner is leaning else f"{winner} over {months} months"
        for months, winner, ratio in zip(HORIZONS, winners, robustness.ratio, strict=True)
        if ratio < CLEAR_ROBUSTNESS
    ]
    if unclear:
        yield f"Looked at over another time, it is different: {'; '.join(unclear)}."
    if not votes_agree(votes, leaning):
        yield "More rules of thumb speak for another option."
