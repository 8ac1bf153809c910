"""Tests that need a server which cannot be had here: said at the end of a run, so that nobody takes them for passed."""

from __future__ import annotations

from collections import Counter

import pytest

MARK = "not evaluated: "


def tell_not_evaluated(reporter: pytest.TerminalReporter) -> None:
    """A section with each thing that was not evaluated, and how many tests wanted it."""
    told: Counter[str] = Counter()
    for report in reporter.getreports("skipped"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple | list) else str(report.longrepr)
        if MARK in reason:
            told[reason.partition(MARK)[2]] += 1
    if told:
        reporter.section("not evaluated", yellow=True)
        for what, tests in sorted(told.items()):
            reporter.line(f"not evaluated: {what}: {tests} test{'s' if tests > 1 else ''}", yellow=True)
