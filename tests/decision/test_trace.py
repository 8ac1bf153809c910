"""Every number of a report leads to an input, a default with its source, or the id of a rule."""

from __future__ import annotations

import random
import re
from typing import Any

import msgspec
import pytest
from decision_requests import changed, known_case, random_request

from paceline.decision.decide import decide
from paceline.decision.intake import read_request
from paceline.decision.knowledge import Fact
from paceline.decision.trace import numbers_in, origin
from paceline.decision.triage import triage
from paceline.model.request import Request

Plain = dict[str, Any]


def read(row: Plain) -> Request:
    request = read_request(row)
    assert isinstance(request, Request), request
    return request


ROWS = [known_case(), *(random_request(random.Random(seed)) for seed in range(12))]
FACT = Fact(path="reverse.consumers", value=3, says="three read it", evidence=("mappings/a.b.yaml:4",))


def check(report: Plain) -> None:
    rules = {rule["id"] for rule in report["rules"]}
    gates = {gate["id"] for gate in report["gates"]}
    for path in numbers_in(report):
        found = origin(path, report["trace"])
        assert found is not None, f"nothing says where {'.'.join(map(str, path))} comes from"
        assert found == "constant" or found.startswith(("F", "inputs", "gate", "known", "request.")), found
        if found.startswith("F"):
            assert set(found.split()) <= rules
        if found == "gate":
            assert gates
    for rule in report["rules"]:
        known = {*rules, *report["inputs"], "loss_*"}
        optional = {name for name in rule["uses"] if not name.startswith("F")}
        assert all(name in known or re.fullmatch(r"[a-z_]+", name) for name in optional)
        assert {name for name in rule["uses"] if name.startswith("F")} <= rules


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["request"])
def test_every_number_of_a_report_has_an_origin(row: Plain) -> None:
    check(msgspec.to_builtins(decide(read(row), [FACT])))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["request"])
def test_every_input_has_a_source_and_every_default_says_where_it_is_from(row: Plain) -> None:
    for given in decide(read(row)).inputs.values():
        assert given.source in ("guess", "history", "measured", "quote", "default", "derived")
        assert given.path
        if given.source in ("default", "derived"):
            assert re.fullmatch(r"[DF]\d\d", given.rule)
            assert given.because


def test_every_number_of_a_triage_has_an_origin() -> None:
    rows = [changed(row, lambda row, index=index: row.update(request=f"R-{index}")) for index, row in enumerate(ROWS)]
    plain = msgspec.to_builtins(triage([(read(row), ()) for row in rows]))
    for report in plain.pop("reports").values():
        check(report)
    for path in numbers_in(plain):
        assert origin(path, plain["trace"]) is not None, path


def test_number_without_an_origin_is_noticed() -> None:
    report = msgspec.to_builtins(decide(read(known_case())))
    report["surprise"] = 1.0
    with pytest.raises(AssertionError, match="surprise"):
        check(report)
