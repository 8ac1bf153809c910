"""Pictures as specifications."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import altair
import pytest
from decision_requests import changed, known_case

from paceline.decision.charts import charts
from paceline.decision.decide import decide
from paceline.decision.intake import read_request
from paceline.decision.report import Report
from paceline.model.request import Request

NAMES = ["matrix", "metrics", "months", "tornado"]


def report_on(row: dict[str, Any]) -> Report:
    request = read_request(row)
    assert isinstance(request, Request), request
    return decide(request)


@pytest.fixture(scope="module")
def known() -> Report:
    return report_on(known_case())


def keys_in(value: object) -> Iterator[tuple[str, object]]:
    if isinstance(value, dict):
        for key, part in value.items():
            yield key, part
            yield from keys_in(part)
    elif isinstance(value, list):
        for part in value:
            yield from keys_in(part)


@pytest.mark.parametrize("name", NAMES)
def test_specification_is_valid_vega_lite(known: Report, name: str) -> None:
    assert list(charts(known)) == NAMES
    altair.Chart.from_dict(json.loads(json.dumps(charts(known)[name])))


@pytest.mark.parametrize("name", NAMES)
def test_specification_has_its_data_and_asks_no_other_host(known: Report, name: str) -> None:
    spec = charts(known)[name]
    assert spec["data"]["values"]  # type: ignore[index]
    assert not [part for key, part in keys_in(spec) if key == "url"]
    addresses = [part for _, part in keys_in(spec) if isinstance(part, str) and "://" in part]
    assert addresses == [spec["$schema"]]


def test_months_hold_every_month_of_every_option(known: Report) -> None:
    values = charts(known)["months"]["data"]["values"]  # type: ignore[index]
    assert len(values) == 3 * 37


def test_matrix_marks_what_a_gate_closes() -> None:
    closed = report_on(changed(known_case(), lambda row: row.update(residency="eu")))
    states = {row["option"]: row["state"] for row in charts(closed)["matrix"]["data"]["values"]}  # type: ignore[index]
    assert states == {"sprint": "closed by a gate", "hybrid": "open", "marathon": "open"}


def test_blocked_request_has_charts_too() -> None:
    blocked = changed(known_case(), lambda row: (row.update(deadline="2026-12-01"), row["risk"].update(privacy=5)))
    for spec in charts(report_on(blocked)).values():
        altair.Chart.from_dict(json.loads(json.dumps(spec)))
