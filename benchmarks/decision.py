"""How long decisions take: `python benchmarks/decision.py [--requests 200] [--json]`.

Measures CPU time of one whole decision (report with break-even values, tornado and indices), of one verdict alone, of
taking a request in, and wall time of `paceline decide --jsonl` over many different requests. Everything runs in one
process; the second process of the last figure is a fresh one, so that starting Python and NumPy is in it.
"""

from __future__ import annotations

import argparse
import json
import platform
import random
import subprocess
import sys
import time
from collections.abc import Callable

import msgspec
import numpy as np

from paceline.decision.decide import decide
from paceline.decision.deliberation import deliberate
from paceline.decision.formulas import OPTIONS
from paceline.decision.intake import read_request
from paceline.decision.rendering import render_markdown
from paceline.decision.sections import full_sections
from paceline.model.request import Request

Row = dict[str, object]


def make_row(dice: random.Random, number: int) -> Row:
    """A request; each one is different, about half of its inputs are stated."""

    def around(middle: float) -> Row:
        likely = middle * dice.uniform(0.5, 2.0)
        return {"low": likely * dice.uniform(0.4, 0.9), "likely": likely, "high": likely * dice.uniform(1.1, 2.5)}

    return {
        "request": f"request_{number}",
        "outcome": "A tool hears of an event.",
        "kind": dice.choice(["tactical", "strategic"]),
        "asked": "2026-11-23",
        "acceptance": {"now": "it works", "downstream": "it still works"},
        "owner": {"team": "growth"},
        "sla": {"delivered_within_secs": 60},
        "platform_owner": "platform",
        "teams": {"now": dice.choice([1, 1, 2, 3])},
        "risk": {name: dice.choice([1, 2, 3, 4]) for name in ("privacy", "lock_in", "performance", "observability")},
        "cost_of_delay": {"per_week": around(2000)},
        "estimates": {
            "sprint": {"days": around(4), "build_hours": around(30), "ops_hours_per_week": around(1.5)},
            "marathon": {"days": around(60), "build_hours": around(350), "ops_hours_per_week": around(2)},
        },
        "shared": {"hourly_rate": around(90), "cut_over_days": around(7)},
    }


def cpu_ms(work: Callable[[], object], repeats: int) -> float:
    """Milliseconds of CPU time of one call, after a first one that is not counted."""
    work()
    start = time.process_time()
    for _ in range(repeats):
        work()
    return (time.process_time() - start) / repeats * 1000


def measure(count: int) -> dict[str, float]:
    """Every figure, by name."""
    dice = random.Random(1)
    rows = [make_row(dice, number) for number in range(count)]
    requests = [request for row in rows if isinstance(request := read_request(row), Request)]
    assert len(requests) == count
    # A request with all options open takes longest: there is most to compare.
    one = next(request for request in requests if len(deliberate(request).contest.allowed) == len(OPTIONS))
    report = decide(one)
    start = time.process_time()
    for request in requests:
        decide(request)
    every_decision = time.process_time() - start
    lines = "".join(json.dumps(row) + "\n" for row in rows)
    start_wall = time.perf_counter()
    command = [sys.executable, "-m", "paceline", "decide", "--jsonl"]
    done = subprocess.run(command, input=lines.encode(), capture_output=True, check=True)
    wall = time.perf_counter() - start_wall
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(answers) == count
    assert all("verdict" in answer for answer in answers)
    return {
        "one_decision_cpu_ms": cpu_ms(lambda: decide(one), 20),
        "one_verdict_cpu_ms": cpu_ms(lambda: deliberate(one), 20),
        "one_intake_cpu_ms": cpu_ms(lambda: read_request(rows[0]), 200),
        "one_markdown_cpu_ms": cpu_ms(lambda: render_markdown(report, full_sections(report)), 20),
        "report_bytes": float(len(msgspec.json.encode(report))),
        "requests": float(count),
        "all_decisions_cpu_secs": every_decision,
        "jsonl_wall_secs": wall,
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=200)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    figures = measure(arguments.requests)
    machine = {
        "python": platform.python_version(),
        "numpy": np.__version__,
        "machine": platform.machine(),
        "system": platform.platform(),
    }
    if arguments.json:
        print(json.dumps({"machine": machine, "figures": figures}, indent=2))
        return
    print(", ".join(f"{name} {value}" for name, value in machine.items()))
    for name, value in figures.items():
        print(f"{name:24} {value:12.2f}")


if __name__ == "__main__":
    main()
