"""Compares the options of one request: who wins, by how much, and how surely."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from paceline.decision.formulas import HORIZONS, OPTIONS, Array, Circumstances, Costs, Values
from paceline.decision.sampling import cell_order
from paceline.decision.votes import RULES
from paceline.model.integration import Stage

BINS = 32
"""Into how many equally likely parts the range of an input is cut to find what knowing it would be worth."""


class Contest(msgspec.Struct, frozen=True, kw_only=True):
    """What stays the same while inputs are varied: the circumstances, which options are open, and their votes.

    `spike_hours` is what finding out costs. Votes count for at most that much: they settle what lies closer together
    than the price of knowing better, and nothing else.
    """

    known: Circumstances
    allowed: tuple[Stage, ...]
    votes: Mapping[Stage, int]
    spike_hours: float

    def scores(self, values: Values, totals: Mapping[Stage, Array]) -> Array:
        """Expected total less the worth of the votes (F16); axes are horizon, option (as in OPTIONS), scenario."""
        spike = self.spike_price(values)
        scores = [totals[option].mean(axis=-1) - spike * self.votes[option] / RULES for option in OPTIONS]
        horizons, scenarios = (max(one.shape[axis] for one in scores) for axis in (0, 1))
        together: Array = np.empty((horizons, len(OPTIONS), scenarios))  # np.stack costs three times as much here
        for index, one in enumerate(scores):
            together[:, index] = one
        return together

    def spike_price(self, values: Values) -> Array:
        """What finding out costs in money, by scenario."""
        price: Array = self.spike_hours * values["hourly_rate"].mean(axis=-1)
        return price

    def winners(self, scores: Array) -> Array:
        """The index in OPTIONS of the best open option; the option axis of the scores goes away."""
        closed = np.array([0.0 if option in self.allowed else np.inf for option in OPTIONS])
        best: Array = np.argmin(scores + closed[:, None], axis=-2)
        return best


def totals(costs: Costs, horizon: int) -> Array:
    """The total of every option in every sample at a horizon, as (option, sample)."""
    rows = [costs.total[option][horizon, 0] for option in OPTIONS]
    return np.stack(np.broadcast_arrays(*rows))


def probability_best(samples: Array, allowed: Sequence[Stage]) -> Mapping[Stage, float]:
    """How often each open option is the cheapest; 0 for the others. `samples` are those of `totals`."""
    rows = [OPTIONS.index(option) for option in allowed]
    if not rows:
        return dict.fromkeys(OPTIONS, 0.0)
    cheapest = np.argmin(samples[rows], axis=0)
    return {
        option: float((cheapest == allowed.index(option)).mean()) if option in allowed else 0.0 for option in OPTIONS
    }


def regret(samples: Array, allowed: Sequence[Stage], chosen: Stage) -> Array:
    """What each open option would have saved against the chosen one, as (option, sample)."""
    saved: Array = samples[OPTIONS.index(chosen)] - samples[[OPTIONS.index(option) for option in allowed]]
    return saved


def worth_of_everything(saved: Array) -> float:
    """The expected value of perfect information (F17): what choosing after the fact would save on average."""
    return float(saved.max(axis=0).mean())


def worth_of_one(saved: Array, name: str) -> float:
    """The expected value of knowing one input (F17): what choosing again by its 32nd part would save on average."""
    count = saved.shape[1]
    if count < BINS:
        return 0.0
    conditional = saved.take(cell_order(name, count), axis=1).reshape(len(saved), BINS, -1).mean(axis=2)
    return float(conditional.max(axis=0).mean() - max(float(saved.mean(axis=1).max()), 0.0))


def horizon_index(months: int) -> int:
    """Where a horizon stands in HORIZONS."""
    return HORIZONS.index(months)
