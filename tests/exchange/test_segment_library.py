"""Segment's own library resolves random mappings to the same as our translation of them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from node_libraries import installed
from segment_mappings import Mappings, Row

from paceline.assemble.segment_run import DirectiveRunner
from paceline.errors import UsageError

ROWS = 2_000
LEAST = 0.99


def resolved_by_library(rows: Sequence[Row]) -> list[Any]:
    folder = installed(Path(__file__).parent / "segment_node")
    lines = "".join(f"{json.dumps(row)}\n" for row in rows)
    done = subprocess.run(["node", "resolve.cjs"], cwd=folder, input=lines, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def resolved_by_us(runner: DirectiveRunner, row: Row) -> Any:
    try:
        return dict(runner.resolve(row["mapping"], row["event"], now_ms=0))
    except UsageError as error:
        return {"error": str(error)}


def same(one: Any, other: Any) -> bool:
    """Equal as JSON: 1 and 1.0 are one number, and neither is true."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(same, one, other))
    return isinstance(one, bool) is isinstance(other, bool) and one == other


@pytest.mark.sdk
@pytest.mark.parametrize("seed", [1])
def test_random_mappings_resolve_as_in_segments_library(seed: int) -> None:
    draw = Mappings(seed)
    rows = [draw.row() for _ in range(ROWS)]
    runner = DirectiveRunner()
    taken = [
        (row, theirs) for row, theirs in zip(rows, resolved_by_library(rows), strict=True) if "error" not in theirs
    ]
    unlike = [
        (row["mapping"], theirs, ours) for row, theirs in taken if not same(theirs, ours := resolved_by_us(runner, row))
    ]
    assert len(taken) > ROWS * 0.9
    assert len(unlike) <= len(taken) * (1 - LEAST), unlike[:5]
