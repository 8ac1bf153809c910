"""How fast an account at a vendor may be called: what is known of its limit, and what its refusals taught. Pure.

A known limit is kept by spacing calls evenly. An unknown one shows itself by 429: then the pace falls below what got
through, comes back to just under it within seconds, stays there for half a minute, and only then feels its way up
again (the shape of CUBIC, RFC 9438, section 4.1: fast towards the last known limit, slow around it).
"""

from __future__ import annotations

import msgspec

HEADROOM = 0.98
"""Share of a known limit that is used: clocks and networks bunch calls together now and then."""

_AFTER_REFUSAL = 0.9
_RECOVERY_SECS = 5.0
_PLATEAU_SECS = 30.0
_GROWTH_PER_SEC = 1.01
_ROUGH_GROWTH_PER_SEC = 1.3
_FORGOTTEN_AT = 8.0
_ROUGH_FORGOTTEN_AT = 1000.0
_LEAST_PER_SEC = 0.2


class Lesson(msgspec.Struct, frozen=True, kw_only=True):
    """What a refusal taught: `ceiling_per_sec` calls a second were too many.

    `since_secs` (monotonic) is when calls went on. A `rough` ceiling was guessed from a burst and may be far too low.
    """

    ceiling_per_sec: float
    since_secs: float
    rough: bool = False


def calls_per_sec(limit_per_sec: float | None, lesson: Lesson | None, *, now_secs: float) -> float | None:
    """The pace to keep now; None when nothing is known that would slow calls down.

    >>> calls_per_sec(100.0, None, now_secs=0.0)
    98.0
    """
    known = None if limit_per_sec is None else limit_per_sec * HEADROOM
    learned = None if lesson is None else _learned(lesson, now_secs)
    if known is None or learned is None:
        return known if learned is None else learned
    return min(known, learned)


def learn(*, accepted: int, over_secs: float, pause_secs: float, pace: float | None, resumes_secs: float) -> Lesson:
    """What a refusal teaches.

    `pace` calls a second were just too many. When there was no pace, the `accepted` calls that got through in the
    `over_secs` before count as what is allowed until the end of the pause of `pause_secs` that the vendor wants. Calls
    go on at `resumes_secs` (monotonic). A vendor that accepted nothing since its last refusal is closed: slower calls
    would be refused too, so the pace stays, and is felt for anew once the vendor opens.
    """
    if pace is None:
        ceiling, is_rough = accepted / max(over_secs + pause_secs, 1.0), True
    elif not accepted:
        ceiling, is_rough = pace, True
    else:
        ceiling, is_rough = pace * HEADROOM, False
    return Lesson(ceiling_per_sec=max(ceiling, _LEAST_PER_SEC), since_secs=resumes_secs, rough=is_rough)


def _learned(lesson: Lesson, now_secs: float) -> float | None:
    secs = max(now_secs - lesson.since_secs, 0.0)
    if lesson.rough:
        factor = _AFTER_REFUSAL * _ROUGH_GROWTH_PER_SEC ** min(secs, 60.0)
        return lesson.ceiling_per_sec * factor if factor < _ROUGH_FORGOTTEN_AT else None
    if secs < _RECOVERY_SECS:
        factor = _AFTER_REFUSAL + (HEADROOM - _AFTER_REFUSAL) * secs / _RECOVERY_SECS
    else:
        factor = HEADROOM * _GROWTH_PER_SEC ** min(max(secs - _PLATEAU_SECS, 0.0), 600.0)
    return lesson.ceiling_per_sec * factor if factor < _FORGOTTEN_AT else None
