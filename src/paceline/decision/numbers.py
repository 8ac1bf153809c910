"""Numbers as a report holds them."""

from __future__ import annotations

from typing import TypeVar, cast

import msgspec
import numpy as np

from paceline.decision.formulas import Array
from paceline.decision.report import Spread

DIGITS = 8
"""Significant digits in a report: fewer than machines differ by, more than anybody needs."""
_T = TypeVar("_T")


def spread_of(samples: Array, rule: str) -> Spread:
    """The mean and the 10th, 50th and 90th percentile of samples."""
    flat = samples.ravel()
    ordered = np.sort(flat)  # four times as fast as finding three places by np.partition
    p10, p50, p90 = (float(ordered[int(len(flat) * share)]) for share in (0.1, 0.5, 0.9))
    return Spread(mean=float(flat.mean()), p10=p10, p50=p50, p90=p90, rule=rule)


def tidied(value: _T) -> _T:
    """The same value with every float rounded to DIGITS significant digits: bytes must not depend on the machine."""
    return cast(_T, _tidied(value))


def _tidied(value: object) -> object:
    match value:
        case float():
            return float(f"{value:.{DIGITS}g}") + 0.0
        case str() | int() | None:
            return value
        case msgspec.Struct():
            names = value.__struct_fields__
            return type(value)(**dict(zip(names, map(_tidied, msgspec.structs.astuple(value)), strict=True)))
        case tuple():
            return tuple(map(_tidied, value))
        case dict():
            return dict(zip(value, map(_tidied, value.values()), strict=True))
        case _:
            return value
