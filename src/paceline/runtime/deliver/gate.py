"""Whether a lane may call its vendor now."""

from __future__ import annotations

from collections.abc import Sequence

from paceline.delivery.breaker import Breaker, BreakerPolicy, after_call
from paceline.delivery.retry import clamp_retry_after, consequence_of
from paceline.model.delivery import Outcome
from paceline.observe.facts import LanePaused, LaneResumed
from paceline.observe.telemetry import Telemetry
from paceline.ports.clock import Clock


class Gate:
    """Closed while the vendor asked for a pause, refused our credentials or keeps failing.

    One a lane, so that a dead vendor stops nobody else.
    """

    def __init__(self, lane: str, clock: Clock, telemetry: Telemetry, policy: BreakerPolicy | None = None) -> None:
        self._lane = lane
        self._clock = clock
        self._telemetry = telemetry
        self._policy = policy or BreakerPolicy()
        self._breaker = Breaker()
        self._paused_until = 0.0
        self._was_told_paused = False

    def secs_until_open(self) -> float:
        """How long no call may be made; 0 when calls may be made now."""
        now = self._clock.monotonic_secs()
        secs = max(self._paused_until, self._breaker.open_until) - now
        if secs > 0:
            return secs
        if self._was_told_paused:
            self._was_told_paused = False
            self._telemetry.record(LaneResumed(lane=self._lane))
        return 0.0

    def is_probing(self) -> bool:
        """Whether calls are probes after a failure, to be made one at a time."""
        return self._breaker.is_half_open(self._clock.monotonic_secs())

    def after_call(self, outcomes: Sequence[Outcome]) -> None:
        """Learn from one call's outcomes: close for as long as the vendor asked, or because it keeps failing."""
        now = self._clock.monotonic_secs()
        pause_secs = 0.0
        cause = outcomes[0]
        has_failed = all(consequence_of(outcome.outcome_class).trips_breaker for outcome in outcomes)
        for outcome in outcomes:
            pauses = consequence_of(outcome.outcome_class).pauses_lane_secs
            if pauses:
                asked = outcome.retry_after_secs
                secs = pauses if asked is None else clamp_retry_after(asked)
                if secs >= pause_secs:
                    pause_secs, cause = secs, outcome
        if pause_secs:
            self._paused_until = max(self._paused_until, now + pause_secs)
            self._tell(str(cause.outcome_class), pause_secs, cause.status)
            return
        was_open = self._breaker.open_until
        self._breaker = after_call(self._breaker, self._policy, failed=has_failed, now_secs=now)
        if self._breaker.open_until > now and self._breaker.open_until != was_open:
            self._tell("breaker", self._breaker.open_until - now, cause.status)

    def _tell(self, reason: str, pause_secs: float, status: int) -> None:
        self._was_told_paused = True
        self._telemetry.record(
            LanePaused(lane=self._lane, reason=reason, pause_secs=round(pause_secs, 3), status=status)
        )
