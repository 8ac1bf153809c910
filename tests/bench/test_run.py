"""The benchmark as a whole, too short to measure anything: it runs, counts and saves."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

SHORT = ("--secs", "0.5", "--warm-up-secs", "0.2")


@pytest.mark.slow
@pytest.mark.parametrize("scenario", ["gateway-batches", "gateway-singles", "end-to-end"])
def test_a_run_counts_no_lost_and_no_doubled_event_and_saves_its_report(scenario: str, tmp_path: Path) -> None:
    argv = [sys.executable, "-m", "paceline.testing.bench", "--scenario", scenario, *SHORT, "--out", str(tmp_path)]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    [saved] = tmp_path.iterdir()
    report: dict[str, Any] = json.loads(done.stdout)
    assert json.loads(saved.read_text()) == report
    [result] = report["results"]
    assert [(loss["lost"], loss["doubled"]) for loss in result["losses"]] == [(0, 0)]
    assert all(step["measurement"]["to_acknowledgement"]["samples"] for step in result["steps"])


def test_an_output_folder_that_cannot_be_made_is_one_clear_message(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    argv = [sys.executable, "-m", "paceline", "bench", "--out", str(tmp_path / "taken/results")]
    done = subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 3
    assert done.stderr.startswith("error: ")
    assert done.stderr.strip().endswith("name another folder with --out")
