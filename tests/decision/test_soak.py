"""The long form of the properties; it runs when it is asked for (make soak)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
REQUESTS = 10_000


@pytest.mark.soak
@pytest.mark.parametrize("file", ["test_properties.py", "test_triage_properties.py"])
def test_every_property_holds_for_ten_thousand_requests(file: str) -> None:
    environment = {**os.environ, "PACELINE_DECISION_REQUESTS": str(REQUESTS)}
    command = [sys.executable, "-m", "pytest", "-q", "-n", str(min(os.cpu_count() or 1, 8)), str(HERE / file)]
    done = subprocess.run(command, env=environment, cwd=HERE.parents[1], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-20_000:]
