"""Heuristics as votes: rules of thumb with their evidence, to settle what money cannot and to contradict it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from paceline.decision.calendar import days_between
from paceline.decision.formulas import OPTIONS, Costs, Values
from paceline.decision.gates import SHARED_TEAMS, SIMILAR_ADAPTERS, is_regulated, is_shared
from paceline.decision.inputs import Input
from paceline.decision.wording import number_words, percent
from paceline.model.integration import Stage
from paceline.model.request import Request, RequestKind

LOW_COST_HOURS = 160.0
"""A sprint whose cost over the horizon is below so many hours of the hourly rate is cheap: one person for a month."""
URGENT_SHARE = 0.5
"""A request is urgent when waiting for its marathon costs more than this share of building it."""
RULES = 6
"""How many rules of thumb there are."""


class Vote(msgspec.Struct, frozen=True, kw_only=True):
    """One rule of thumb that applies, the option that it speaks for, and why it applies."""

    id: str
    option: Stage
    rule: str
    because: str


def cast_votes(request: Request, inputs: Mapping[str, Input], likely: Values, costs: Costs) -> tuple[Vote, ...]:
    """The votes of the rules of thumb that apply.

    `likely` are the likely values of the inputs and `costs` what comes of them over the horizon that decides: a rule of
    thumb looks at what people expect, and must not change its mind when a range becomes wider.
    """
    return tuple(_votes(request, inputs, likely, costs))


def _votes(request: Request, inputs: Mapping[str, Input], likely: Values, costs: Costs) -> Iterator[Vote]:
    if is_shared(request, inputs):
        now = f"{request.teams.now} team{'' if request.teams.now == 1 else 's'} now"
        teams = f"{now}, {inputs['teams_later'].likely:g} likely in 24 months"
        yield Vote(
            id="H1", option=Stage.MARATHON, rule=f"what {SHARED_TEAMS} or more teams share is a marathon", because=teams
        )
    if is_regulated(request):
        regimes = ", ".join([*([request.residency] if request.residency else []), *sorted(request.compliance)])
        yield Vote(id="H2", option=Stage.MARATHON, rule="residency and compliance ask for a marathon", because=regimes)
    similar = request.existing.similar_adapters or 0
    if similar >= SIMILAR_ADAPTERS:
        rule = "repeated adapters become a marathon"
        yield Vote(id="H3", option=Stage.MARATHON, rule=rule, because=f"{similar} similar adapters exist")
    urgency = _urgency(request, likely, costs)
    if urgency:
        yield Vote(id="H4", option=Stage.SPRINT, rule="what is urgent starts as a sprint", because=urgency)
    hours = float((costs.ownership[Stage.SPRINT] / likely["hourly_rate"]).item())
    if request.kind is RequestKind.TACTICAL and not is_shared(request, inputs) and hours <= LOW_COST_HOURS:
        because = f"the sprint likely takes about {hours:.0f} hours in all"
        yield Vote(id="H5", option=Stage.SPRINT, rule="one cheap campaign is a sprint with a sunset", because=because)
    if urgency and request.kind is RequestKind.STRATEGIC:
        rule = "an immediate need that becomes a platform is a hybrid"
        yield Vote(id="H6", option=Stage.HYBRID, rule=rule, because=urgency)


def _urgency(request: Request, likely: Values, costs: Costs) -> str:
    """Why a request cannot wait for a marathon; empty when it can."""
    if request.deadline is not None:
        within = days_between(request.asked, request.deadline)
        days = float(costs.days[Stage.MARATHON].item())
        if days > within:
            return f"the marathon likely takes {days:.0f} days, and the deadline is in {within}"
    waiting = float((costs.delay[Stage.MARATHON] - costs.delay[Stage.SPRINT]).item())
    building = float((likely["hourly_rate"] * likely["marathon_build"]).item())
    if waiting > URGENT_SHARE * building:
        currency = request.currency or "EUR"
        return (
            f"waiting for the marathon likely costs {number_words(waiting)} {currency}, "
            f"{percent(waiting / building)} of what building it costs"
        )
    return ""


def count_votes(votes: Sequence[Vote]) -> Mapping[Stage, int]:
    """How many votes each option has."""
    return {option: sum(vote.option is option for vote in votes) for option in OPTIONS}


def votes_agree(votes: Sequence[Vote], option: Stage) -> bool:
    """Whether no other option has more votes; true when nothing was cast."""
    counted = count_votes(votes)
    return counted[option] == max(counted.values())
