"""How sure a decision is. Wider ranges never make it surer."""

from __future__ import annotations

import enum
from collections.abc import Mapping, Sequence

import msgspec
import numpy as np

from paceline.decision.comparison import Contest
from paceline.decision.formulas import HORIZONS, OPTIONS, Array, Values, count_months, evaluate
from paceline.decision.inputs import Input
from paceline.model.integration import Stage

HIGH_PROBABILITY = 0.8
MEDIUM_PROBABILITY = 0.6
HIGH_ROBUSTNESS = 0.5
MEDIUM_ROBUSTNESS = 0.2
CLEAR_ROBUSTNESS = 0.1
"""Below this at another horizon, the verdict does not hold there."""


class Confidence(enum.StrEnum):
    """How surely the verdict is the right one, given what is known."""

    HIGH = "high"
    MEDIUM = "medium"
    LOW = "low"


class Robustness(msgspec.Struct, frozen=True, kw_only=True):
    """How the verdict stands when everything is as likely stated, and inputs are moved to their ends one at a time.

    `ratio` is the winner's lead over the closest other option, divided by the root of the summed squares of the worst
    that each input can take from it; one horizon each. Below 0 the verdict is not even the winner at the likely values;
    `decisive` are the inputs that alone can turn it around.

    Every one of these can only fall when a range is widened around its likely value, because a wider range offers a
    worse end. Probabilities do not have that property: widening a range to one side moves the mean, and may make
    a toss-up look decided.
    """

    ratio: tuple[float, ...]
    decisive: tuple[str, ...]


def measure_robustness(contest: Contest, inputs: Mapping[str, Input], verdict: Stage, *, horizon: int) -> Robustness:
    """The robustness of a verdict. `horizon` is the index of the horizon that decides."""
    rivals = [OPTIONS.index(option) for option in contest.allowed if option is not verdict]
    if not rivals:
        return Robustness(ratio=(float("inf"),) * len(HORIZONS), decisive=())
    names = [name for name, given in inputs.items() if not given.is_exact]
    values = _one_at_a_time(inputs, names)
    costs = evaluate(values, contest.known, count_months(values, contest.known))
    scores = contest.scores(values, costs.total)
    leads = scores[:, rivals] - scores[:, [OPTIONS.index(verdict)]]
    base, moved = leads[..., :1], leads[..., 1:].reshape(*leads.shape[:2], len(names), 2)
    worst = moved.min(axis=-1)
    taken = np.maximum(base - worst, 0.0)
    doubt = np.sqrt((taken**2).sum(axis=-1))
    lead = base[..., 0]
    # Without doubt a lead is certain, and so is its absence; a ratio of 1e6 says the same and can be written down.
    ratio = np.where(doubt > 0.0, lead / np.where(doubt > 0.0, doubt, 1.0), np.sign(lead) * 1e6).min(axis=1)
    turned = (worst[horizon] < 0.0).any(axis=0)
    return Robustness(
        ratio=tuple(map(float, ratio)), decisive=tuple(name for name, turns in zip(names, turned, strict=True) if turns)
    )


def judge_confidence(*, probability: float, robustness: Robustness, horizon: int, doubts: Sequence[str]) -> Confidence:
    """The confidence in a verdict. `doubts` are what keeps it from being high whatever the numbers say."""
    ratio = robustness.ratio[horizon]
    if probability < MEDIUM_PROBABILITY or ratio < MEDIUM_ROBUSTNESS:
        return Confidence.LOW
    if probability < HIGH_PROBABILITY or ratio < HIGH_ROBUSTNESS or doubts:
        return Confidence.MEDIUM
    return Confidence.HIGH


def _one_at_a_time(inputs: Mapping[str, Input], names: Sequence[str]) -> Values:
    """The likely values, and then each named input at its low and at its high end; arrays of shape (settings, 1)."""
    settings: dict[str, Array] = {
        name: np.full((1 + 2 * len(names), 1), given.likely) for name, given in inputs.items()
    }
    followers: dict[str, list[tuple[str, float]]] = {}
    for other, given in inputs.items():
        if given.ratios is not None:
            followers.setdefault(given.follows, []).append((other, given.ratios[1]))
    for index, name in enumerate(names):
        for row, end in ((1 + 2 * index, inputs[name].low), (2 + 2 * index, inputs[name].high)):
            settings[name][row] = end
            for other, ratio in followers.get(name, ()):
                settings[other][row] = end * ratio
    return settings
