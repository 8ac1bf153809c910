"""What was seen of the two paths of a route, and whether that is enough to move on, or to step back. Pure.

Evidence is counted in windows of time, so that what is old goes and a repaired mapping is not held back by what it did
before.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import msgspec

from paceline.lifecycle.route_step import BUS, DIRECT, SHADOW, RouteStep
from paceline.model.route import ReadyWhen

LEAST_FAILURES = 3
"""One or two failed events are no evidence against a path, however few events there were."""

RECENT_EVENTS = 200
"""Stepping back looks at the newest so many events (or `over_events`, if that is less), and not at a whole day."""

MOST_FIELDS = 50
_WINDOWS = 24
_LEAST_WINDOW_MS = 1000
_LAG_STEPS_PER_OCTAVE = 4
_HOUR_MS = 3_600_000


class PathCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What became of events on one path.

    `failed` are those that it could not make a payload of, or whose payload the vendor refused for good; trouble of the
    vendor's own is not among them. `lags` counts the events by how long they took (see `lag_bucket`).
    """

    handled: int = 0
    failed: int = 0
    lags: dict[int, int] = {}


class EvidenceWindow(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen from `began_ms` on: payloads that were compared and those that differ, and each path's events."""

    began_ms: int
    compared: int = 0
    differing: int = 0
    direct: PathCounts = PathCounts()
    bus: PathCounts = PathCounts()


class FieldEvidence(msgspec.Struct, frozen=True, kw_only=True):
    """A field in which payloads differ: how often, and the newest example, redacted."""

    path: str
    times: int
    direct: str
    bus: str
    mapping: str
    last_ms: int


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Everything seen at one step since `since_ms`, with mappings and contracts as `fingerprint` stands for."""

    step: int
    since_ms: int
    fingerprint: str = ""
    windows: tuple[EvidenceWindow, ...] = ()
    fields: tuple[FieldEvidence, ...] = ()

    @property
    def compared(self) -> int:
        """How many payloads were compared in all windows."""
        return sum(window.compared for window in self.windows)


class Check(msgspec.Struct, frozen=True, kw_only=True):
    """One bound of `ready_when`: `measured` against `wanted`; `passed` is None while nothing was measured."""

    name: str
    wanted: float
    measured: float | None
    passed: bool | None


class Judgement(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a toggle may move on. `broken` has the sentences that say why it must step back, if it must."""

    is_ready: bool
    checks: tuple[Check, ...]
    broken: tuple[str, ...] = ()


def judge(evidence: Evidence, wanted: ReadyWhen, *, now_ms: int) -> Judgement:
    """Hold evidence against the bounds.

    In shadow and in a canary all five count; on the bus nothing is compared any more, so parity does not. A toggle that
    stands at direct has no evidence to show: that it goes to shadow is for people to say.
    """
    step = RouteStep(evidence.step)
    windows = evidence.windows
    compared, differing = evidence.compared, sum(window.differing for window in windows)
    bus = _joined(window.bus for window in windows)
    seen = bus.handled if step == BUS else compared
    lag_secs = lag_p99_secs(bus)
    hours = (now_ms - evidence.since_ms) / _HOUR_MS
    checks = [
        _at_least("over_events", wanted.over_events, float(seen)),
        _at_least("for_hours", wanted.for_hours, hours),
        _at_most("error_ratio", wanted.error_ratio, bus.failed / bus.handled if bus.handled else None),
        _at_most("lag_p99_secs", wanted.lag_p99_secs, lag_secs),
    ]
    if step != BUS:
        parity = (compared - differing) / compared if compared else None
        checks.insert(0, _at_least("parity_ratio", wanted.parity_ratio, parity))
    is_ready = step != DIRECT and all(check.passed for check in checks)
    return Judgement(is_ready=is_ready, checks=tuple(checks), broken=tuple(_broken(step, windows, wanted)))


def lag_bucket(lag_ms: float) -> int:
    """The bucket of a lag: four to an octave, so that a bound is at most 19 % too high.

    >>> lag_bucket(0), lag_bucket(1000), round(lag_bound_ms(lag_bucket(1000)))
    (0, 40, 1024)
    """
    return math.ceil(math.log2(max(lag_ms, 0) + 1) * _LAG_STEPS_PER_OCTAVE)


def lag_bound_ms(bucket: int) -> float:
    """The longest lag in a bucket, in milliseconds."""
    return float(2 ** (bucket / _LAG_STEPS_PER_OCTAVE))


def lag_p99_secs(counts: PathCounts) -> float | None:
    """How long 99 % of the events took at most, in seconds; None without any."""
    total = sum(counts.lags.values())
    below = 0
    for bucket in sorted(counts.lags):
        below += counts.lags[bucket]
        if below >= 0.99 * total:
            return lag_bound_ms(bucket) / 1000
    return None


def kept_windows(windows: Sequence[EvidenceWindow], wanted: ReadyWhen, *, now_ms: int) -> tuple[EvidenceWindow, ...]:
    """The newest windows that are still needed to say that the bounds have held for so long and over so many events."""
    enough_ms = now_ms - wanted.for_hours * _HOUR_MS
    events = 0
    for place in range(len(windows) - 1, -1, -1):
        window = windows[place]
        if window.began_ms <= enough_ms and events >= wanted.over_events:
            return tuple(windows[place:])
        events += max(window.compared, window.bus.handled)
    return tuple(windows)


def window_ms(wanted: ReadyWhen) -> float:
    """How long one window is: a twenty-fourth of the time that the bounds must hold, a second at least."""
    return max(wanted.for_hours * _HOUR_MS / _WINDOWS, _LEAST_WINDOW_MS)


def _broken(step: RouteStep, windows: Sequence[EvidenceWindow], wanted: ReadyWhen) -> Iterable[str]:
    if step <= SHADOW:
        return  # nothing is delivered by the bus path, so there is nothing to take back
    recent = _recent(windows, min(wanted.over_events, RECENT_EVENTS))
    bus, direct = _joined(window.bus for window in recent), _joined(window.direct for window in recent)
    ratio = bus.failed / max(bus.handled, 1)
    direct_ratio = direct.failed / max(direct.handled, 1)
    if bus.failed >= LEAST_FAILURES and ratio > wanted.error_ratio and ratio > 2 * direct_ratio:
        other = f", the direct path on {direct.failed} of {direct.handled}" if direct.handled else ""
        yield f"the bus path failed on {bus.failed} of {bus.handled} events{other}"
    if not step.is_canary:
        return
    compared, differing = sum(window.compared for window in recent), sum(window.differing for window in recent)
    if differing >= LEAST_FAILURES and (compared - differing) / compared < wanted.parity_ratio:
        yield f"the payloads of {differing} of {compared} events differ"
    lag, direct_lag = lag_p99_secs(bus), lag_p99_secs(direct)
    if lag is not None and direct_lag is not None and lag > wanted.lag_p99_secs >= direct_lag:
        yield f"99 % of the events took up to {lag:.3g} s by the bus path, and {direct_lag:.3g} s by the direct one"


def _recent(windows: Sequence[EvidenceWindow], events: int) -> Sequence[EvidenceWindow]:
    seen = 0
    for place in range(len(windows) - 1, -1, -1):
        seen += max(windows[place].compared, windows[place].bus.handled)
        if seen >= events:
            return windows[place:]
    return windows


def _joined(parts: Iterable[PathCounts]) -> PathCounts:
    handled = failed = 0
    lags: dict[int, int] = {}
    for part in parts:
        handled, failed = handled + part.handled, failed + part.failed
        for bucket, number in part.lags.items():
            lags[bucket] = lags.get(bucket, 0) + number
    return PathCounts(handled=handled, failed=failed, lags=lags)


def _at_least(name: str, wanted: float, measured: float | None) -> Check:
    return Check(name=name, wanted=wanted, measured=measured, passed=None if measured is None else measured >= wanted)


def _at_most(name: str, wanted: float, measured: float | None) -> Check:
    return Check(name=name, wanted=wanted, measured=measured, passed=None if measured is None else measured <= wanted)
