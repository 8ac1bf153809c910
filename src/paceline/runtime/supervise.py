"""Keeps a loop running: what stops it is told and tried again, never skipped."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from paceline.errors import FencedError
from paceline.observe.facts import LoopFailed, LoopTakenOver
from paceline.observe.telemetry import Telemetry
from paceline.ports.clock import Clock

FIRST_PAUSE_SECS = 0.5
MAX_PAUSE_SECS = 30.0


async def keep_running(
    name: str, run: Callable[[], Awaitable[None]], stopping: asyncio.Event, clock: Clock, telemetry: Telemetry
) -> None:
    """Run a loop until `stopping` is set; after a failure start it again from what is on disk, after a pause.

    The pause doubles from 0.5 s to 30 s and begins anew after a run of more than a minute. One loop's failure, even a
    defect of ours, never ends the others. A loop that another worker has taken over is not started again.
    """
    pause_secs = FIRST_PAUSE_SECS
    while not stopping.is_set():
        started = clock.monotonic_secs()
        try:
            await run()
        except Exception as failure:  # noqa: BLE001  (told below; a loop must outlive any single failure)
            if clock.monotonic_secs() - started > 60:
                pause_secs = FIRST_PAUSE_SECS
            if _is_fenced(failure):
                telemetry.record(LoopTakenOver(loop=name))
                return
            telemetry.record(LoopFailed(loop=name, reason=_reason(failure), pause_secs=pause_secs))
            await _pause(pause_secs, stopping)
            pause_secs = min(pause_secs * 2, MAX_PAUSE_SECS)


def _is_fenced(failure: BaseException) -> bool:
    if isinstance(failure, BaseExceptionGroup):
        return any(_is_fenced(inner) for inner in failure.exceptions)
    return isinstance(failure, FencedError)


def _reason(failure: BaseException) -> str:
    if isinstance(failure, BaseExceptionGroup):
        return "; ".join(dict.fromkeys(_reason(inner) for inner in failure.exceptions))
    return f"{type(failure).__name__}: {failure}"


async def _pause(secs: float, stopping: asyncio.Event) -> None:
    try:
        await asyncio.wait_for(stopping.wait(), secs)
    except TimeoutError:
        return
