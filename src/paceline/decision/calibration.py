"""What a team's past says about its estimates, and when it says enough to correct new ones. Pure.

A case is one estimate with what it came to. The correction is one factor by kind of estimate: the median of actual
against likely, drawn towards the factor of all kinds, and that towards 1, by n / (n + 8). It is used only where it
would have made past estimates better: each case is corrected by what the *others* say (leave-one-out), and the loss
must fall clearly. Ranges are moved, not widened: how often they held the truth is reported, and is for people to mend.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, median, stdev

import msgspec

from paceline.decision.outside_view import PERCENTILE, outside_factor
from paceline.model.actuals import CalibrationFile, CorrectionFile

LEAST_CASES = 8
"""With fewer cases of an input nothing is corrected; a kind of n cases counts n / (n + 8)."""
LEAST_GAIN = 0.05
"""By this share the loss must fall at least."""
LEAST_CERTAINTY = 2.0
"""So many standard errors the gain must lie above nothing: chance alone reaches it in about one case of forty."""
MORE_CERTAINTY = 0.25
"""So many more for a second and a third input that is judged at the same time: luck has as many chances."""
SHARED_CERTAINTY = 2.5
"""Or so many over the cases of all inputs, since a team that is too hopeful mostly is so in everything."""
_SURE = 1e6
_LEVELS = (0.1, 0.5, 0.9)
"""What low, likely and high of a range mean."""


class PastCase(msgspec.Struct, frozen=True, kw_only=True):
    """One estimate and its actual. `input` is the name of the decision's input, such as `sprint_days`.

    The first part of the name is the option; all numbers are above 0.
    """

    name: str
    input: str
    low: float
    likely: float
    high: float
    actual: float

    @property
    def ratio(self) -> float:
        """Actual against likely: above 1 when it took more."""
        return self.actual / self.likely

    @property
    def is_hit(self) -> bool:
        """Whether the range held the truth."""
        return self.low <= self.actual <= self.high


class Correction(msgspec.Struct, frozen=True, kw_only=True):
    """What the estimates of one input are multiplied with, and whether they are.

    `late` is what a likely value is multiplied with to be kept in 85 of 100 cases, for end dates; 0 where the team's
    past says too little about that.
    """

    input: str
    factor: float
    cases: int
    is_used: bool
    because: str
    late: float = 0.0


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """The corrections that a decision applies to guesses. Made by `calibrate`, or read from calibration.yaml.

    What was measured or quoted needs none, so only estimates with the source `guess` are corrected.
    """

    corrections: tuple[Correction, ...] = ()
    cases: int = 0

    def correction(self, name: str) -> Correction | None:
        """The correction of guesses of an input; None where nothing is known, or it did not prove itself.

        >>> NO_CALIBRATION.correction("sprint_days")
        """
        return next((one for one in self.corrections if one.input == name and one.is_used), None)

    def lateness(self, name: str) -> Correction | None:
        """What the past says about end dates of an input; None where it says too little."""
        return next((one for one in self.corrections if one.input == name and one.late > 0.0), None)


NO_CALIBRATION = Calibration()
"""Nothing is known of the past: every estimate stays as it is."""


class InputRecord(msgspec.Struct, frozen=True, kw_only=True):
    """How estimates of one input did. Losses are pinball losses in shares of the likely value; smaller is better.

    `hit_rate` should be 0.8 to 0.9. `spread` is the 10th to the 90th percentile of the ratios. `corrected_loss` is
    the loss when each case is corrected by what the others say; `gain` the share by which it fell, `certainty` in
    standard errors. Both are None with too few cases.
    """

    input: str
    cases: int
    hit_rate: float
    median_ratio: float
    spread: tuple[float, float]
    loss: float
    corrected_loss: float | None
    gain: float | None
    certainty: float | None
    correction: Correction


class CalibrationReport(msgspec.Struct, frozen=True, kw_only=True):
    """What the past says: over everything, and by input."""

    cases: int
    hit_rate: float
    median_ratio: float
    loss: float
    inputs: tuple[InputRecord, ...]
    bias_by_option: Mapping[str, float]
    """The median ratio of each option's estimates."""

    @property
    def calibration(self) -> Calibration:
        """What decisions use."""
        return Calibration(corrections=tuple(one.correction for one in self.inputs), cases=self.cases)


class _Proof(msgspec.Struct, frozen=True, kw_only=True):
    """How sure a gain must be for one input alone, and how sure it is over the cases of all inputs."""

    needed: float
    shared: float


def calibrate(cases: Sequence[PastCase]) -> CalibrationReport:
    """What these cases say. Works with any number of them; with none, everything is 0 and nothing is corrected."""
    by_input = _grouped(cases)
    gains = {name: _gains(name, group, cases) for name, group in by_input.items()}
    proof = _Proof(
        needed=LEAST_CERTAINTY + MORE_CERTAINTY * min(max(sum(map(bool, gains.values())) - 1, 0), 2),
        shared=_certainty([gain for one in gains.values() for gain in one]),
    )
    return CalibrationReport(
        cases=len(cases),
        hit_rate=fmean(case.is_hit for case in cases) if cases else 0.0,
        median_ratio=median(case.ratio for case in cases) if cases else 0.0,
        loss=fmean(pinball_loss(case, 1.0) for case in cases) if cases else 0.0,
        inputs=tuple(_record(name, group, cases, gains[name], proof) for name, group in sorted(by_input.items())),
        bias_by_option={
            option: median(case.ratio for case in cases if _option(case) == option)
            for option in sorted({_option(case) for case in cases})
        },
    )


def pinball_loss(case: PastCase, factor: float) -> float:
    """How far a range, multiplied by `factor`, was from the truth: the mean pinball loss of its three numbers.

    In shares of the likely value. The truth beyond a number costs by how sure the number said it would not be there.

    >>> case = PastCase(name="a", input="sprint_days", low=2, likely=4, high=8, actual=4)
    >>> round(pinball_loss(case, 1.0), 4)
    0.05
    """
    losses = []
    for level, number in zip(_LEVELS, (case.low, case.likely, case.high), strict=True):
        miss = (case.actual - number * factor) / case.likely
        losses.append(max(level * miss, (level - 1.0) * miss))
    return fmean(losses)


def shrunk_factor(name: str, cases: Sequence[PastCase]) -> float:
    """The factor for one input: its own median, drawn to that of all inputs, and that to 1, each by n / (n + 8)."""
    everything = _shrunk([math.log(case.ratio) for case in cases], 0.0)
    return math.exp(_shrunk([math.log(case.ratio) for case in cases if case.input == name], everything))


def late_factor(cases: Sequence[PastCase]) -> float:
    """What a likely value is multiplied with to be kept in 85 of 100 cases: their ratios', drawn to the outside view.

    >>> late_factor([]) == outside_factor()
    True
    """
    if not cases:
        return outside_factor()
    own = _quantile(sorted(math.log(case.ratio) for case in cases), PERCENTILE)
    return math.exp(_drawn(own, math.log(outside_factor()), count=len(cases)))


def _shrunk(logarithms: Sequence[float], prior: float) -> float:
    return _drawn(median(logarithms), prior, count=len(logarithms)) if logarithms else prior


def _drawn(own: float, prior: float, *, count: int) -> float:
    """What `count` cases say, drawn towards what is thought without them."""
    weight = count / (count + LEAST_CASES)
    return weight * own + (1.0 - weight) * prior


def _late(group: Sequence[PastCase], *, is_used: bool) -> float:
    """The factor for end dates, where it would have set them better than the outside view (leave-one-out); else 0.

    Where the median is corrected, the past is trusted for end dates too: the outside view would lie below it.
    """
    if len(group) < LEAST_CASES:
        return 0.0
    gains = []
    for case in group:
        others = [other for other in group if other is not case]
        gains.append(_miss(case, PERCENTILE, outside_factor()) - _miss(case, PERCENTILE, late_factor(others)))
    return late_factor(group) if is_used or fmean(gains) > 0.0 else 0.0


def _miss(case: PastCase, level: float, ratio: float) -> float:
    """The pinball loss of saying that actual against likely stays below `ratio` in `level` of all cases."""
    return max(level * (case.ratio - ratio), (level - 1.0) * (case.ratio - ratio))


def _gains(name: str, group: Sequence[PastCase], cases: Sequence[PastCase]) -> list[float]:
    """By how much the loss of each case falls when it is corrected by what the others say; none with too few cases."""
    if len(group) < LEAST_CASES:
        return []
    others = [[other for other in cases if other is not case] for case in group]
    return [
        pinball_loss(case, 1.0) - pinball_loss(case, shrunk_factor(name, rest))
        for case, rest in zip(group, others, strict=True)
    ]


def _certainty(gains: Sequence[float]) -> float:
    """How many standard errors the mean gain lies above nothing."""
    if len(gains) < LEAST_CASES:
        return 0.0
    error = stdev(gains) / math.sqrt(len(gains))
    # Cases that are all alike leave no doubt, but infinity is no number for a report.
    return min(fmean(gains) / error, _SURE) if error else math.copysign(_SURE, fmean(gains))


def _record(
    name: str, group: Sequence[PastCase], cases: Sequence[PastCase], gains: Sequence[float], proof: _Proof
) -> InputRecord:
    loss = fmean(pinball_loss(case, 1.0) for case in group)
    ratios = sorted(case.ratio for case in group)
    gain = certainty = None
    if gains:
        gain, certainty = (fmean(gains) / loss if loss else 0.0), _certainty(gains)
    is_used, because = _judge(len(group), gain, certainty, proof)
    correction = Correction(
        input=name,
        factor=shrunk_factor(name, cases),
        cases=len(group),
        is_used=is_used,
        because=because,
        late=_late(group, is_used=is_used),
    )
    return InputRecord(
        input=name,
        cases=len(group),
        hit_rate=fmean(case.is_hit for case in group),
        median_ratio=median(ratios),
        spread=(_quantile(ratios, 0.1), _quantile(ratios, 0.9)),
        loss=loss,
        corrected_loss=loss - fmean(gains) if gains else None,
        gain=gain,
        certainty=certainty,
        correction=correction,
    )


def _judge(cases: int, gain: float | None, certainty: float | None, proof: _Proof) -> tuple[bool, str]:
    if gain is None or certainty is None:
        return False, f"{cases} of {LEAST_CASES} cases that are needed"
    if gain <= 0:
        return False, f"corrected estimates would have been worse by {-gain:.0%}"
    if gain < LEAST_GAIN:
        return False, f"corrected estimates would have been better by {gain:.1%} only; {LEAST_GAIN:.0%} are needed"
    if certainty < proof.needed and proof.shared < SHARED_CERTAINTY:
        return (
            False,
            f"better by {gain:.0%}, but that may be chance ({certainty:.1f} standard errors of {proof.needed:g})",
        )
    return True, f"corrected estimates would have been better by {gain:.0%}"


def _grouped(cases: Sequence[PastCase]) -> Mapping[str, list[PastCase]]:
    groups: dict[str, list[PastCase]] = {}
    for case in cases:
        groups.setdefault(case.input, []).append(case)
    return groups


def _option(case: PastCase) -> str:
    return case.input.partition("_")[0]


def _quantile(numbers: Sequence[float], share: float) -> float:
    at = share * (len(numbers) - 1)
    low = math.floor(at)
    high = min(low + 1, len(numbers) - 1)
    return numbers[low] + (at - low) * (numbers[high] - numbers[low])


def to_file(report: CalibrationReport, *, made: str, debt_hours: Mapping[str, float]) -> CalibrationFile:
    """What `paceline calibrate` writes."""
    corrections = [
        CorrectionFile(
            input=one.input,
            factor=round(one.factor, 4),
            cases=one.cases,
            is_used=one.is_used,
            because=one.because,
            late=round(one.late, 4),
        )
        for one in report.calibration.corrections
    ]
    hours = {kind: round(number, 2) for kind, number in sorted(debt_hours.items())}
    return CalibrationFile(made=made, cases=report.cases, corrections=corrections, debt_hours=hours)


def from_file(file: CalibrationFile | None) -> Calibration:
    """What decisions use, from calibration.yaml; no corrections without the file."""
    if file is None:
        return NO_CALIBRATION
    return Calibration(
        corrections=tuple(
            Correction(
                input=one.input,
                factor=one.factor,
                cases=one.cases,
                is_used=one.is_used,
                because=one.because,
                late=one.late,
            )
            for one in file.corrections
        ),
        cases=file.cases,
    )
