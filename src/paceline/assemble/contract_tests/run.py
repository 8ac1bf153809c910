"""Runs the cases of a suite."""

from __future__ import annotations

from paceline.assemble.contract_tests.adapters import run_adapter
from paceline.assemble.contract_tests.bench import Bench, CaseResult
from paceline.assemble.contract_tests.suite import Suite


def run_suite(suite: Suite) -> list[CaseResult]:
    """Every case's result, by mapping and in the order of its file. Each mapping is compiled once.

    Raises UsageError when a mapping or an adapter does not compile.
    """
    results = [result for tested in suite.mappings.values() if tested.cases for result in Bench(suite, tested).run()]
    return [*results, *(result for known in suite.adapters.values() for result in run_adapter(known))]
