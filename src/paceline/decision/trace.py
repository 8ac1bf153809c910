"""Where every number of a report comes from: patterns of places, and the rule, the inputs or the request behind them.

A pattern is a place in the report with `*` for any one step. Its origin is the id of one of `RULES` (several with
spaces between), `inputs` (an input tells its own source), `gate` (the gate's id), `known`, or `request.` and a key.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

TRACE: Mapping[str, str] = {
    "format": "constant",
    "samples": "constant",
    "horizon_months": "request.horizon_months",
    "options.*.time_to_value_days.*": "F01",
    "options.*.delay_cost.*": "F02",
    "options.0.ownership.*.*": "F11",
    "options.1.ownership.*.*": "F12",
    "options.2.ownership.*.*": "F13",
    "options.0.total.*.*": "F02 F11",
    "options.1.total.*.*": "F02 F12",
    "options.2.total.*.*": "F02 F13",
    "options.0.lines.*.*": "F02 F11",
    "options.1.lines.*.*": "F02 F12",
    "options.2.lines.*.*": "F02 F13",
    "options.*.probability_best.*": "F18",
    "options.*.score": "F16",
    "options.*.metrics.*": "F15",
    "expiry.*": "F14",
    "expiry.milestone_days.*": "F14",
    "reverse_cost_hours.*": "F04",
    "knowledge.*": "F17",
    "knowledge.inputs.*": "F17",
    "flips.*.at": "F19",
    "tornado.*.*": "F20",
    "robustness.*": "F21",
    "gates.*.effort_hours": "gate",
    "unlock.effort_hours": "gate",
    "criteria.*.*": "F22",
    "cumulative_cost.sprint.*": "F02 F11",
    "cumulative_cost.hybrid.*": "F02 F12",
    "cumulative_cost.marathon.*": "F02 F13",
    "known.*.value": "known",
    "inputs.*.low": "inputs",
    "inputs.*.likely": "inputs",
    "inputs.*.high": "inputs",
    "inputs.*.ratios.*": "inputs",
    "inputs.*.stated.*": "inputs",
    "inputs.*.correction": "F28",
}

TRIAGE_TRACE: Mapping[str, str] = {
    "format": "constant",
    "counts.*": "constant",
    "tickets.*.rank": "F23",
    "tickets.*.priority.*": "F23",
    "tickets.*.time_to_value_days.*": "F01",
    "tickets.*.cost.*": "F02 F11 F12 F13",
    "tickets.*.asks.*.worth": "F17",
    "shared.*.saved_hours": "F25",
    "shared.*.saved_money": "F25",
    "queues.*.*.starts_after_days": "F24",
    "queues.*.*.job.days": "F24",
}
"""The same for a triage; the numbers under `reports` have the trace of their report."""


def origin(path: tuple[str | int, ...], trace: Mapping[str, str]) -> str | None:
    """Where the number at a path of a report comes from; None when nothing says so.

    >>> origin(("options", 0, "score"), TRACE)
    'F16'
    """
    steps = [str(step) for step in path]
    for pattern, found in trace.items():
        wanted = pattern.split(".")
        if len(wanted) == len(steps) and all(want in ("*", step) for want, step in zip(wanted, steps, strict=True)):
            return found
    return None


def numbers_in(value: object, path: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """The paths of all numbers in plain values."""
    if isinstance(value, bool):
        return
    if isinstance(value, int | float):
        yield path
    elif isinstance(value, dict):
        for key, part in value.items():
            yield from numbers_in(part, (*path, key))
    elif isinstance(value, list | tuple):
        for index, part in enumerate(value):
            yield from numbers_in(part, (*path, index))
