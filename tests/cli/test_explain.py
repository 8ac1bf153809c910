"""`paceline explain retry`, and what `paceline check` says about order."""

from __future__ import annotations

from pathlib import Path

import pytest
from buried import run
from workspaces import write_webhooks

LANE_FILE = "integrations/send_lane.yaml"


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    return write_webhooks(tmp_path / "shop", max_in_flight=10)


def test_schedule_is_told_in_wall_clock_time(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = run(capsys, "explain", "retry", "send_lane", str(workspace), "--from", "2026-11-23T22:00:00+01:00")
    assert told.status == 0
    assert "first failure at 2026-11-23T21:00:00Z" in told.out
    assert "between 2026-11-24T21:00:00Z and 2026-11-24T21:10:00Z" in told.out
    assert "0 to 600 s" in told.out


def test_json_has_every_retry_and_what_each_answer_does(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = run(capsys, "explain", "retry", "send_lane", str(workspace), "--from", "2026-01-01", "--json").json
    assert told["schedule"]["retries"][1]["latest_at"] == "2026-01-01T00:00:03Z"
    assert len(told["schedule"]["retries"]) > 100
    does = {one["signal"]: (one["outcome_class"], one["spends_try"]) for one in told["signals"]}
    assert does["429"] == ("throttle", False)
    assert does["503"] == ("transient", True)
    assert does["timeout"] == ("transient", True)
    assert does["401"] == ("auth", False)
    assert does["400"][0] == "permanent"


def test_own_window_counts(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = workspace / LANE_FILE
    file.write_text(file.read_text().replace("max_in_flight: 10", "max_in_flight: 10, retry_window_hours: 1"))
    told = run(capsys, "explain", "retry", "send_lane", str(workspace), "--from", "2026-01-01", "--json").json
    assert told["schedule"]["given_up_latest"] == "2026-01-01T01:10:00Z"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [(["send_lan"], "did you mean 'send_lane'?"), (["send_lane", "--from", "soon"], "is no time")],
)
def test_bad_input_is_status_2(
    workspace: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    told = run(capsys, "explain", "retry", arguments[0], str(workspace), *arguments[1:])
    assert (told.status, said in told.err) == (2, True)


def test_check_tells_what_an_order_costs(workspace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "ordering" not in run(capsys, "check", str(workspace)).err
    file = workspace / LANE_FILE
    file.write_text(file.read_text() + "ordering: strict\n")
    assert f"{LANE_FILE}: ordering strict: one event a request" in run(capsys, "check", str(workspace)).err
