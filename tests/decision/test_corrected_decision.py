"""Decisions whose guesses are corrected by what the team's past says."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from decision_requests import changed, known_case

from paceline.decision.calibration import NO_CALIBRATION, Calibration, Correction
from paceline.decision.decide import decide
from paceline.decision.inputs import resolve_inputs
from paceline.decision.intake import read_request
from paceline.decision.knowledge import Fact
from paceline.decision.rendering import render_text
from paceline.decision.sections import brief_sections
from paceline.decision.trace import numbers_in, origin
from paceline.decision.triage import triage
from paceline.model.request import Request

Row = dict[str, Any]
DAYS = Correction(input="marathon_days", factor=1.5, cases=9, is_used=True, because="better by 20%", late=2.0)
CALIBRATION = Calibration(corrections=(DAYS,), cases=9)


def read(row: Row) -> Request:
    request = read_request(row)
    assert isinstance(request, Request), request
    return request


def quoted() -> Row:
    return changed(known_case(), lambda row: row["estimates"]["marathon"]["days"].update(source="quote"))


def test_guess_is_multiplied_and_says_what_it_was() -> None:
    given = decide(read(known_case()), calibration=CALIBRATION).inputs["marathon_days"]
    raw = decide(read(known_case())).inputs["marathon_days"]
    assert given.stated == (raw.low, raw.likely, raw.high)
    assert (given.low, given.likely, given.high) == pytest.approx((raw.low * 1.5, raw.likely * 1.5, raw.high * 1.5))
    assert (given.correction, given.rule, given.source) == (1.5, "F28", "guess")
    assert "9 actuals" in given.because


def test_correction_moves_the_numbers_that_follow_from_it() -> None:
    raw, corrected = (decide(read(known_case()), calibration=one) for one in (NO_CALIBRATION, CALIBRATION))
    days = [report.options[2].time_to_value_days.mean for report in (raw, corrected)]
    assert days[1] > days[0] + 20
    assert corrected.inputs["marathon_build"].likely == pytest.approx(1.5 * raw.inputs["marathon_build"].likely)


def test_what_was_quoted_is_not_corrected() -> None:
    assert decide(read(quoted()), calibration=CALIBRATION) == decide(read(quoted()))


def test_nothing_is_corrected_without_a_calibration_or_where_it_did_not_prove_itself() -> None:
    unproven = msgspec.structs.replace(DAYS, is_used=False, late=0.0)
    plain = msgspec.json.encode(decide(read(known_case())))
    assert b"correction" not in msgspec.json.encode(decide(read(known_case())).inputs)
    for calibration in (NO_CALIBRATION, Calibration(corrections=(unproven,), cases=9)):
        assert msgspec.json.encode(decide(read(known_case()), calibration=calibration)) == plain


def test_corrected_range_stays_within_what_an_input_can_be() -> None:
    absurd = msgspec.structs.replace(DAYS, factor=100.0)
    given = resolve_inputs(read(known_case()), Calibration(corrections=(absurd,), cases=9))["marathon_days"]
    assert given.high == 3650.0


def test_end_date_is_from_the_team_s_own_past_and_counts_the_correction_once() -> None:
    stays = msgspec.structs.replace(DAYS, factor=1.01)  # still a hybrid
    expiry = decide(read(known_case()), calibration=Calibration(corrections=(stays,), cases=9)).expiry
    assert expiry is not None
    assert (expiry.likely_days, expiry.factor, expiry.cases, expiry.weeks) == (56.0, 2.0, 9, 16)


def test_corrections_are_shown_and_every_number_has_an_origin() -> None:
    report = decide(read(known_case()), [Fact(path="x", value=1, says="x", evidence=())], CALIBRATION)
    text = render_text(report, brief_sections(report))
    assert "Corrected by the past" in text
    assert "x 1.5" in text
    plain = msgspec.to_builtins(report)
    assert all(origin(path, plain["trace"]) is not None for path in numbers_in(plain))
    assert origin(("inputs", "marathon_days", "correction"), plain["trace"]) == "F28"


def test_triage_corrects_every_request() -> None:
    request = read(known_case())
    (report,) = triage([(request, ())], calibration=CALIBRATION).reports.values()
    assert report == decide(request, calibration=CALIBRATION)
