"""Log lines: one JSON object a fact, whatever is in it."""

from __future__ import annotations

import io

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.observe.facts import Fact, LanePaused
from paceline.observe.telemetry import Telemetry


def lines_of(fact: Fact) -> list[str]:
    stream = io.StringIO()
    Telemetry(stream).record(fact)
    return stream.getvalue().splitlines()


def test_fact_is_one_line_with_its_name_level_and_fields():
    [line] = lines_of(LanePaused(lane="crm", reason="throttle", pause_secs=2.0, status=429))
    logged = msgspec.json.decode(line)
    assert logged.pop("timestamp").endswith("Z")
    assert logged == {
        "event": "lane.paused",
        "level": "warning",
        "lane": "crm",
        "reason": "throttle",
        "pause_secs": 2.0,
        "status": 429,
        "message": "",
    }


@given(st.text())
def test_no_value_can_forge_a_line(value: str):
    [line] = lines_of(LanePaused(lane=value, reason="x", pause_secs=0))
    assert msgspec.json.decode(line)["lane"] == value


@pytest.mark.parametrize("fact", Fact.__subclasses__())
def test_every_fact_has_a_dotted_name_and_a_known_level(fact: type[Fact]):
    assert fact.fact_name.count(".") == 1
    assert fact.level in {"info", "warning", "error"}
