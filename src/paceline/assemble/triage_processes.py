"""Decides many requests at once, on as many processors as there are. Each decision is the same as by itself."""

from __future__ import annotations

import contextlib
import functools
import multiprocessing
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

from paceline.decision.calibration import Calibration
from paceline.decision.decide import decide
from paceline.decision.knowledge import Fact
from paceline.decision.report import Report
from paceline.decision.triage import DecideAll, decide_each
from paceline.model.request import Request

FEWEST = 32
"""From this number of requests on, further processes save more time than starting them takes."""
MOST_PROCESSES = 8
_CHUNK = 8
Known = tuple[Request, Sequence[Fact]]


@contextlib.contextmanager
def deciding_processes(backlog: Path) -> Iterator[DecideAll]:
    """A way to decide the requests of a backlog; its processes start while the backlog and its workspace are read.

    Where the backlog is small, or no processes can be started, requests are decided one after the other.
    """
    processes = min(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1, MOST_PROCESSES)
    if processes < 2 or backlog.read_bytes().count(b"request:") < FEWEST:
        yield decide_each
        return
    # A new interpreter for each: forking one that has threads, as NumPy's libraries do, may hang.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_get_ready) as pool:
        with contextlib.suppress(OSError, BrokenProcessPool):
            pool.submit(os.getpid)  # starts them all
        yield functools.partial(_decide_all, pool)


def _get_ready() -> None:
    """Done already: to find this function, a process has imported everything that decides."""


def _decide_all(pool: ProcessPoolExecutor, requests: Sequence[Known], calibration: Calibration) -> Sequence[Report]:
    """The reports on requests, in their order."""
    try:
        return list(pool.map(functools.partial(_decide, calibration), requests, chunksize=_CHUNK))
    except (OSError, BrokenProcessPool):
        return decide_each(requests, calibration)


def _decide(calibration: Calibration, known: Known) -> Report:
    return decide(*known, calibration)
