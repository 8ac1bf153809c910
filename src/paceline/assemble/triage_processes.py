"""Decides many requests at once, on as many processors as there are. Each decision is the same as by itself."""

from __future__ import annotations

import functools
import multiprocessing
import os
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from paceline.decision.calibration import Calibration
from paceline.decision.decide import decide
from paceline.decision.knowledge import Fact
from paceline.decision.report import Report
from paceline.decision.triage import decide_each
from paceline.model.request import Request

FEWEST = 32
"""From this number of requests on, further processes save more time than starting them takes."""
MOST_PROCESSES = 8
_CHUNK = 8
Known = tuple[Request, Sequence[Fact]]


def decide_all(requests: Sequence[Known], calibration: Calibration) -> Sequence[Report]:
    """The reports on requests, in their order. Where no processes can be started, one after the other."""
    processes = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1, MOST_PROCESSES)
    if len(requests) >= FEWEST and processes > 1:
        try:
            # A new interpreter for each: forking one that has threads, as NumPy's libraries do, may hang.
            context = multiprocessing.get_context("spawn")
            with ProcessPoolExecutor(processes, mp_context=context) as pool:
                return list(pool.map(functools.partial(_decide, calibration), requests, chunksize=_CHUNK))
        except (OSError, BrokenProcessPool):
            pass
    return decide_each(requests, calibration)


def _decide(calibration: Calibration, known: Known) -> Report:
    return decide(*known, calibration)
