"""Runs the coverage-guided fuzzer for minutes, when it is asked for."""

from __future__ import annotations

import gzip
import subprocess
import sys
from pathlib import Path

import pytest

SEEDS = [
    b"\x00" + gzip.compress(b'{"batch":[]}'),
    b"\x01t=1764000000,v1=ab\n{}",
    b'\x02{"batch":[{"type":"track","event":"x","userId":"u","messageId":"m","properties":{"a":[1.5,null,true]}}]}',
    b'\x05{"type":"page","anonymousId":"a","context":{"ip":"1.2.3.4"},"sentAt":"2026-01-01T00:00:00Z","writeKey":"k"}',
]


@pytest.mark.soak
def test_coverage_guided_fuzzing_finds_nothing(tmp_path: Path):
    pytest.importorskip("atheris", reason="the package atheris is not installed")
    program = Path(__file__).with_name("coverage_guided.py")
    seeds = tmp_path / "seeds"
    seeds.mkdir()
    for number, seed in enumerate(SEEDS):
        (seeds / str(number)).write_bytes(seed)
    options = ["-max_total_time=300", "-max_len=4096", "-len_control=0", f"-artifact_prefix={tmp_path}/"]
    done = subprocess.run(
        [sys.executable, str(program), *options, str(seeds)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
