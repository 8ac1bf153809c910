"""The file kinds of what really happened: `actuals/<request>.yaml`, `calibration.yaml`, and lines of `worklog.log`."""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec
from msgspec import Meta

from paceline.model.contract import Day
from paceline.model.integration import Stage
from paceline.model.request import Estimate, RequestName

Amount = Annotated[float, Meta(ge=0, le=1_000_000)]


class Measure(enum.StrEnum):
    """What is estimated when a request is decided and known when it is done."""

    DAYS = "days"
    """Calendar days from the start of work to the first delivery that meets the acceptance test."""
    TIME_TO_VALUE_DAYS = "time_to_value_days"
    """Calendar days from the request to that delivery: the days of work, and every wait."""
    BUILD_HOURS = "build_hours"
    OPS_HOURS_PER_WEEK = "ops_hours_per_week"
    REWORK_SHARE = "rework_share"


class ActualsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a request was estimated at when it was decided, and what it took.

    `paceline actuals INTEGRATION --close` writes it; a team may write it by hand for work of the past.
    """

    request: RequestName
    option: Annotated[Stage, Meta(description="The stage that was built.")]
    integration: Annotated[str, Meta(description="The integration that it became; empty for work of the past.")] = ""
    asked: Annotated[Day | None, Meta(description="The day of the request.")] = None
    closed: Annotated[Day, Meta(description="The day on which this was written down.")]
    estimates: Annotated[dict[Measure, Estimate], Meta(description="The ranges as they stood at the decision.")]
    actual: Annotated[dict[Measure, Amount], Meta(description="What was measured.")]
    note: str = ""


class WorkKind(enum.StrEnum):
    """What the time of a work log's line went into."""

    OPS = "ops"
    """Running it: alerts, replays, questions."""
    BUILD = "build"
    """Making it, up to the first delivery that meets the acceptance test."""
    DEBT = "debt"
    """Putting one item of debt right; the line names the kind."""
    ACCEPTED = "accepted"
    """No work: somebody ran the acceptance test in production and it passed."""


class CorrectionFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What estimates of one kind are multiplied with: `input` is the name in docs/decision.md, such as sprint_days."""

    input: str
    factor: Annotated[float, Meta(gt=0, le=100)]
    cases: Annotated[int, Meta(ge=0)]
    is_used: Annotated[bool, Meta(description="Whether it beat the raw estimates, so that it is applied.")]
    because: str = ""
    late: Annotated[
        float,
        Meta(ge=0, le=100, description="What a likely value is multiplied with for an end date; 0: the outside view."),
    ] = 0.0


class CalibrationFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a team's own past says about its estimates; `paceline calibrate` writes it."""

    made: Annotated[Day, Meta(description="The newest day in the cases that it was made from.")]
    cases: Annotated[int, Meta(ge=0)]
    corrections: list[CorrectionFile]
    debt_hours: Annotated[
        dict[str, Amount], Meta(description="Hours to put an item right, by kind of debt, learned from eight or more.")
    ] = {}
