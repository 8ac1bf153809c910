"""What would change a decision: break-even values, effects of one input at a time, and shares of the uncertainty."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from paceline.decision.catalog import DIMENSIONS, Unit, dimension, spec_of
from paceline.decision.comparison import Contest
from paceline.decision.formulas import OPTIONS, Array, Values, count_months, recount_months, total_cost
from paceline.decision.inputs import Input
from paceline.decision.pert import unit_quantiles
from paceline.decision.sampling import CORRELATED, correlate_ranks, draw, follow, mode, spread
from paceline.decision.sobol import sobol_ranks
from paceline.model.integration import Stage

SAMPLES = 128
"""Samples behind each point of a search; enough, because only differences against the full sample are used."""
INDEX_SAMPLES = 256
REACH = 8.0
"""How far beyond its range a break-even is looked for: down to low / 8 (or 0) and up to high * 8."""

_HALVINGS = 20
_EIGHTHS = np.linspace(0.0, 1.0, 9)

Allowed = Callable[[Mapping[str, Input]], Sequence[Stage]]


class Flip(msgspec.Struct, frozen=True, kw_only=True):
    """Where one input alone would change the winner: `becomes` wins below or above `at`.

    `is_inside` says whether that lies between the input's low and high.
    """

    input: str
    at: float
    direction: str
    becomes: Stage
    is_inside: bool


class Bar(msgspec.Struct, frozen=True, kw_only=True):
    """The lead of the winner over the runner-up when one input is at its tenth and at its ninetieth percentile.

    A negative lead means that the runner-up wins. `share` is the input's total effect on the variance of the lead
    (a Sobol index): with others it may add up to more than 1.
    """

    input: str
    low: float
    high: float
    lead_at_low: float
    lead_at_high: float
    share: float


class _Read(Mapping[str, Array]):
    """Values that remember which of them were read."""

    def __init__(self, values: Values) -> None:
        self._values = values
        self.names: set[str] = set()

    def __getitem__(self, name: str) -> Array:
        self.names.add(name)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)


class Search:
    """Varies one input at a time around a decision that was made.

    `scores` are those of the full sample at the horizon that decides; searches use fewer samples and are shifted to
    agree with them at the base. `allowed` says which options the gates leave for other inputs.
    """

    def __init__(
        self, contest: Contest, inputs: Mapping[str, Input], *, scores: Array, horizon_months: int, allowed: Allowed
    ) -> None:
        self._contest = contest
        self._inputs = inputs
        self._horizons = (horizon_months,)
        self._allowed = allowed
        # The inputs that gates look at; the last three only where there is a deadline.
        self._gated = ["teams_later", *(["marathon_days", "review", "access"] if contest.known.deadline_days else [])]
        self._values = draw(inputs, SAMPLES)
        self._months = count_months(self._values, contest.known, self._horizons)
        read = {option: _Read(self._values) for option in OPTIONS}
        self._totals = {option: total_cost(option, read[option], contest.known, self._months) for option in OPTIONS}
        self._reads = {option: read[option].names for option in OPTIONS}
        self._shift = scores.reshape(-1, 1) - contest.scores(self._values, self._totals)[0]
        self._winner = int(contest.winners(scores.reshape(-1, 1))[0])
        open_scores = {OPTIONS.index(option): float(scores[OPTIONS.index(option)]) for option in contest.allowed}
        others = [index for index in open_scores if index != self._winner]
        self._second = min(others, key=lambda index: open_scores[index]) if others else None

    def vary(self, name: str) -> tuple[tuple[Flip, ...], Bar | None]:
        """The nearest break-even of an input in each direction, and the effect of its range on the lead."""
        given = self._inputs[name]
        ends = _tenths(given)
        grid = _grid(given, ends)
        winners, scores = self._try(name, grid)
        keeps = winners == self._winner
        changes = np.flatnonzero(keeps[1:] != keeps[:-1])
        middle = int(np.searchsorted(grid, given.mean))
        flips = []
        for direction, side in (("below", 1), ("above", 0)):
            candidates = [int(index) for index in changes if keeps[index + side]]
            if candidates:
                index = min(candidates, key=lambda change: abs(change - middle))
                other = int(winners[index + 1 - side])
                lead = scores[other] - scores[self._winner]
                at = self._break_even(name, grid[index : index + 2], lead[index : index + 2])
                flips.append(
                    Flip(
                        input=name,
                        at=at,
                        direction=direction,
                        becomes=OPTIONS[other],
                        is_inside=not given.is_exact and given.low <= at <= given.high,
                    )
                )
        if given.is_exact or self._second is None:
            return tuple(flips), None
        lead = scores[self._second] - scores[self._winner]
        low, high = (float(lead[np.searchsorted(grid, end)]) for end in ends)
        bar = Bar(input=name, low=float(ends[0]), high=float(ends[1]), lead_at_low=low, lead_at_high=high, share=0.0)
        return tuple(flips), bar

    def total_effects(self) -> Mapping[str, float]:
        """Each input's share of the variance of the lead, alone and together with others (Sobol total index)."""
        varied = [name for name, given in self._inputs.items() if not given.is_exact]
        if not varied or self._second is None:
            return {}
        values = _crossed(self._inputs, tuple(varied), INDEX_SAMPLES)
        months = count_months(values, self._contest.known, self._horizons)
        shape = (1, 1, INDEX_SAMPLES * (len(varied) + 2))
        first, second = (
            np.broadcast_to(total_cost(OPTIONS[index], values, self._contest.known, months), shape)
            for index in (self._winner, self._second)
        )
        output = (second - first).reshape(len(varied) + 2, INDEX_SAMPLES)
        return dict(zip(varied, map(float, sobol_indices(output)[1]), strict=True))

    def _scores(self, moved: Values) -> Array:
        """The scores where some inputs have other values; what does not depend on them is not computed anew."""
        values: Values = {**self._values, **moved}
        known, totals = self._contest.known, self._totals
        months = recount_months(self._months, values, known, self._horizons, moved)
        if months is not self._months:
            totals = {option: total_cost(option, values, known, months) for option in OPTIONS}
        else:
            totals = {
                option: totals[option] if names.isdisjoint(moved) else total_cost(option, values, known, months)
                for option, names in self._reads.items()
            }
        scores: Array = self._contest.scores(values, totals)[0]
        return scores

    def _try(self, name: str, grid: Array) -> tuple[NDArray[np.intp], Array]:
        """The winner and the scores for each value of an input; what the gates close cannot win."""
        moved = follow(self._inputs, name, grid, SAMPLES)
        scores = np.broadcast_to(self._scores(moved), (len(OPTIONS), len(grid))) + self._shift
        open_at = self._allowed_at(name, grid)
        closed = np.array([[0.0 if option in allowed else np.inf for allowed in open_at] for option in OPTIONS])
        return np.argmin(scores + closed, axis=0), scores

    def _allowed_at(self, name: str, grid: Array) -> Sequence[Sequence[Stage]]:
        """What the gates leave at each value of an input; one answer for all of them where no gate looks at it."""
        if name not in self._gated:
            return [self._contest.allowed]
        given = self._inputs[name]
        settings = (msgspec.structs.replace(given, low=float(at), likely=float(at), high=float(at)) for at in grid)
        return [self._allowed({**self._inputs, name: setting}) or self._contest.allowed for setting in settings]

    def _break_even(self, name: str, ends: Array, leads: Array) -> float:
        """Where between two values the other option takes over: where the lead is used up, or where a gate closes."""
        if leads[0] * leads[1] < 0.0:
            return float(ends[0] + (ends[1] - ends[0]) * leads[0] / (leads[0] - leads[1]))
        low, high = map(float, ends)
        at_low = self._allowed_at(name, ends[:1])[0]
        for _ in range(_HALVINGS):
            middle = (low + high) / 2.0
            if self._allowed_at(name, np.array([middle]))[0] == at_low:
                low = middle
            else:
                high = middle
        return high


def sobol_indices(output: Array) -> tuple[Array, Array]:
    """First-order and total Sobol indices of every input.

    `output` has the model's results for the sample matrices A, B and then, for each input, A with that input's column
    from B; one matrix a row. Estimators: Saltelli et al. 2010 (first order) and Jansen 1999 (total), on the centered
    and scaled output, https://doi.org/10.1016/j.cpc.2009.09.018. An output without variance has indices of 0.
    """
    deviation = output.std()
    if deviation <= 1e-12 * max(abs(float(output.mean())), 1.0):
        none = np.zeros(len(output) - 2)
        return none, none
    scaled = (output - output.mean()) / deviation
    first, second, crossed = scaled[0], scaled[1], scaled[2:]
    variance = np.var(scaled[:2])
    return (
        (second * (crossed - first)).mean(axis=1) / variance,
        0.5 * ((first - crossed) ** 2).mean(axis=1) / variance,
    )


def _tenths(given: Input) -> Array:
    """The 10th and the 90th percentile of an input; nothing when it is exact."""
    if given.is_exact:
        return np.empty(0)
    quantiles = unit_quantiles(mode(given), SAMPLES)
    return spread(given, quantiles[[SAMPLES // 10, SAMPLES - 1 - SAMPLES // 10]])


def _grid(given: Input, within: Array) -> Array:
    """Values of an input to try, ascending: `within` its range, evenly over it, and beyond it as far as makes sense."""
    spec = spec_of(given.name)
    is_part = given.unit is Unit.SHARE and spec.most == 1.0
    top = 1.0 if is_part else min(spec.most, given.high * REACH)
    bottom = spec.least if is_part else max(spec.least, given.low / REACH)
    beyond = given.high * (top / given.high) ** _EIGHTHS if 0.0 < given.high < top else np.array([given.high])
    below = bottom + (given.low - bottom) * _EIGHTHS
    inside = given.low + (given.high - given.low) * _EIGHTHS
    ordered = np.sort(np.concatenate([[spec.least], below, inside, within, beyond]))
    distinct: Array = ordered[np.concatenate([[True], ordered[1:] != ordered[:-1]])]
    return distinct


def _crossed(inputs: Mapping[str, Input], varied: tuple[str, ...], count: int) -> Values:
    """Samples of A, B and every A with one column from B, one after the other, as arrays of shape (1, all)."""
    values: dict[str, Array] = {name: np.full((1, 1), given.low) for name, given in inputs.items()}
    ranks = sobol_ranks(count, 2 * DIMENSIONS)
    for row, name in enumerate(varied, start=2):
        given = inputs[name]
        quantiles = spread(given, unit_quantiles(mode(given), count))
        if CORRELATED.get(name) in varied:
            values[name] = quantiles[_crossed_ranks(name, varied, count)].reshape(1, -1)
            continue
        place = dimension(name)
        crossed = np.empty((len(varied) + 2, count))
        crossed[:] = quantiles[ranks[place]]
        crossed[[1, row]] = quantiles[ranks[place + DIMENSIONS]]
        values[name] = crossed.reshape(1, -1)
    return values


@functools.lru_cache(maxsize=256)
def _crossed_ranks(name: str, varied: tuple[str, ...], count: int) -> NDArray[np.intp]:
    """Ranks of a correlated input in A, in B and in every A with one column from B, one after the other.

    What it has beyond its partner is its own column.
    """
    ranks = sobol_ranks(count, 2 * DIMENSIONS)
    places = (dimension(CORRELATED[name]), dimension(name))

    @functools.cache
    def block(partner_changes: bool, changes: bool) -> NDArray[np.intp]:
        partner, own = (
            ranks[place + DIMENSIONS * is_changed]
            for place, is_changed in zip(places, (partner_changes, changes), strict=True)
        )
        return correlate_ranks(partner, own)

    alone = [block(other == CORRELATED[name], other == name) for other in varied]
    return np.concatenate([block(False, False), block(True, True), *alone])
