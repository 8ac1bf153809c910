"""The ends of what is accepted: every number of a report stays a number."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from decision_requests import changed, exact, known_case

from paceline.decision.catalog import SPECS, InputSpec
from paceline.decision.decide import decide
from paceline.decision.intake import read_request
from paceline.decision.rendering import render_text
from paceline.decision.sections import full_sections
from paceline.model.request import Request

Row = dict[str, Any]


def numbers_in(value: object) -> Iterator[float]:
    if isinstance(value, float):
        yield value
    elif isinstance(value, dict):
        yield from itertools.chain.from_iterable(map(numbers_in, value.values()))
    elif isinstance(value, list):
        yield from itertools.chain.from_iterable(map(numbers_in, value))


def put(row: Row, path: str, value: Row) -> None:
    node = row
    *steps, last = path.split(".")
    for step in steps:
        node = node.setdefault(step, {})
    node[last] = value


@pytest.mark.parametrize("end", ["least", "most"])
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.name)
def test_report_stays_finite_at_the_ends_of_each_input(spec: InputSpec, end: str) -> None:
    row = known_case()
    row["reverse"] = {"consumers": 1, "backfill_days": 3, "creates_identity_keys": True, "contract_breaks": 1}
    read = read_request(changed(row, lambda other: put(other, spec.path, exact(getattr(spec, end)))))
    if not isinstance(read, Request):
        assert spec.name in ("sprint_days", "marathon_days", "sprint_build", "marathon_build")
        return
    report = decide(read)
    assert all(math.isfinite(number) for number in numbers_in(msgspec.to_builtins(report)))
    assert "nan" not in render_text(report, full_sections(report)).split()


def test_report_stays_finite_with_everything_at_its_end_at_once() -> None:
    for end in ("least", "most"):
        row = known_case()
        row["teams"] = {"now": 1}
        for spec in SPECS:
            if not spec.name.endswith(("_days", "_build")):
                put(row, spec.path, exact(getattr(spec, end)))
        read = read_request(row)
        assert isinstance(read, Request)
        assert all(math.isfinite(number) for number in numbers_in(msgspec.to_builtins(decide(read))))


def test_largest_numbers_of_teams_and_copies_are_taken() -> None:
    row = known_case()
    row["teams"] = {"now": 1000}
    row["reverse"] = {"consumers": 10_000, "backfill_days": 10_000, "contract_breaks": 10_000}
    read = read_request(row)
    assert isinstance(read, Request)
    assert all(math.isfinite(number) for number in numbers_in(msgspec.to_builtins(decide(read))))
