"""Where evidence about a route is gathered, event by event."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from paceline.lifecycle.parity import Difference
from paceline.lifecycle.route_evidence import (
    MOST_FIELDS,
    Evidence,
    EvidenceWindow,
    FieldEvidence,
    PathCounts,
    kept_windows,
    lag_bucket,
    window_ms,
)
from paceline.lifecycle.route_step import RouteStep
from paceline.model.route import ReadyWhen


class RouteBook:
    """Gathers what a lane sees of its two paths at one step.

    >>> book = RouteBook(Evidence(step=0, since_ms=0), ReadyWhen())
    >>> book.compare([Difference("total", "49.99", "4999")], mapping="order.webhook", now_ms=5)
    >>> book.evidence(now_ms=6).fields[0].path
    'total'
    """

    def __init__(self, evidence: Evidence, wanted: ReadyWhen) -> None:
        self._wanted = wanted
        self._window_ms = window_ms(wanted)
        self._head = evidence
        self._windows: list[_Window] = []
        self._fields: dict[str, FieldEvidence] = {}
        self._begin(evidence)

    def begin_step(self, step: RouteStep, fingerprint: str, *, now_ms: int) -> None:
        """Forget what was seen: the toggle stands at another step now, or the mappings are others."""
        self._begin(Evidence(step=step.percent, since_ms=now_ms, fingerprint=fingerprint))

    def compare(self, differences: Sequence[Difference], *, mapping: str, now_ms: int) -> None:
        """The two payloads of an event were compared."""
        window = self._window(now_ms)
        window.compared += 1
        window.differing += bool(differences)
        for difference in differences:
            self._note(difference, mapping, now_ms)

    def settle(self, *, by_bus: bool, failed: bool, lag_ms: float, now_ms: int) -> None:
        """An event has its fate by one path; `failed` when the path is to blame for it."""
        window = self._window(now_ms)
        (window.bus if by_bus else window.direct).add(failed=failed, lag_ms=lag_ms)

    def evidence(self, *, now_ms: int) -> Evidence:
        """Everything that still counts."""
        kept = kept_windows([window.frozen() for window in self._windows], self._wanted, now_ms=now_ms)
        self._windows = self._windows[len(self._windows) - len(kept) :]
        return msgspec.structs.replace(self._head, windows=kept, fields=tuple(self._fields.values()))

    def _begin(self, evidence: Evidence) -> None:
        self._head = evidence
        self._windows = [_Window(window) for window in evidence.windows]
        self._fields = {field.path: field for field in evidence.fields}

    def _window(self, now_ms: int) -> _Window:
        if not self._windows or now_ms - self._windows[-1].began_ms >= self._window_ms:
            self._windows.append(_Window(EvidenceWindow(began_ms=now_ms)))
        return self._windows[-1]

    def _note(self, difference: Difference, mapping: str, now_ms: int) -> None:
        known = self._fields.get(difference.path)
        if known is None and len(self._fields) >= MOST_FIELDS:
            return
        self._fields[difference.path] = FieldEvidence(
            path=difference.path,
            times=(known.times if known is not None else 0) + 1,
            direct=difference.direct,
            bus=difference.bus,
            mapping=mapping,
            last_ms=now_ms,
        )


class _Path:
    """Counts of one path that grow."""

    def __init__(self, counts: PathCounts) -> None:
        self._handled, self._failed, self._lags = counts.handled, counts.failed, dict(counts.lags)

    def add(self, *, failed: bool, lag_ms: float) -> None:
        self._handled += 1
        self._failed += failed
        bucket = lag_bucket(lag_ms)
        self._lags[bucket] = self._lags.get(bucket, 0) + 1

    def frozen(self) -> PathCounts:
        return PathCounts(handled=self._handled, failed=self._failed, lags=dict(self._lags))


class _Window:
    """A window that is still open."""

    def __init__(self, window: EvidenceWindow) -> None:
        self.began_ms = window.began_ms
        self.compared, self.differing = window.compared, window.differing
        self.direct, self.bus = _Path(window.direct), _Path(window.bus)

    def frozen(self) -> EvidenceWindow:
        return EvidenceWindow(
            began_ms=self.began_ms,
            compared=self.compared,
            differing=self.differing,
            direct=self.direct.frozen(),
            bus=self.bus.frozen(),
        )
