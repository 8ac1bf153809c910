"""Whether, and how fast, an account at a vendor may be called now: one gate for all lanes that use the account."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence

from paceline.delivery.breaker import Breaker, BreakerPolicy, after_call
from paceline.delivery.pacing import Lesson, calls_per_sec, learn
from paceline.delivery.retry import clamp_retry_after, consequence_of
from paceline.model.connector import RateLimit
from paceline.model.delivery import Outcome, OutcomeClass
from paceline.observe.facts import LanePaused, LaneResumed
from paceline.observe.telemetry import Telemetry
from paceline.ports.clock import Clock
from paceline.ports.throttle import ThrottleStore

RESERVED_SECS = 0.1
"""How much of its pace a worker reserves at a time: what other workers cannot use when it then has nothing to send."""

SLACK_SECS = 0.05
"""How late a call may be and still be made up for."""

LOOK_SECS = 0.5
"""How often a call that waits for its turn looks whether the worker is to end."""

LONGEST_UNASKED_PAUSE_SECS = 60.0
MEASURED_SECS = 30.0
MAX_TOLD_CHARS = 300


class Gate:
    """Closed while the vendor asked for a pause, refused our credentials or keeps failing; paced while it is open.

    An account is a connector with one set of credentials, so a vendor's trouble with one never stops another. Pauses
    are kept in the store: a restart does not forget them, and other workers obey them too.
    """

    def __init__(
        self,
        account: str,
        clock: Clock,
        telemetry: Telemetry,
        throttles: ThrottleStore,
        *,
        limits: Sequence[RateLimit] = (),
        policy: BreakerPolicy | None = None,
    ) -> None:
        self.account = account
        self._clock = clock
        self._telemetry = telemetry
        self._throttles = throttles
        self._policy = policy or BreakerPolicy()
        self._breaker = Breaker()
        self._lanes: list[str] = []
        self._paused_until = 0.0
        self._looked_at = 0.0
        self._was_told_paused = False
        self._lesson: Lesson | None = None
        self._accepted = 0
        self._refusals_in_a_row = 0
        self._measured_since = clock.monotonic_secs()
        per_sec = [limit.requests / limit.per_secs for limit in limits]
        self._queue = _Queue(account, clock, throttles, limit_per_sec=min(per_sec, default=None))

    async def join(self, lane: str) -> None:
        """A lane begins to use the account; a pause that outlived a restart counts again."""
        self._lanes.append(lane)
        self._obey(await self._throttles.paused_until(self.account))

    def leave(self, lane: str) -> None:
        """The lane has ended."""
        self._lanes.remove(lane)

    def secs_until_open(self) -> float:
        """How long no call may be made; 0 when calls may be made now."""
        now = self._clock.monotonic_secs()
        secs = max(self._paused_until, self._breaker.open_until) - now
        if secs > 0:
            return secs
        if self._was_told_paused:
            self._was_told_paused = False
            for lane in self._lanes:
                self._telemetry.record(LaneResumed(lane=lane))
        return 0.0

    def is_probing(self) -> bool:
        """Whether calls are probes after a failure, to be made one at a time."""
        return self._breaker.is_half_open(self._clock.monotonic_secs())

    async def may_call(self, stopping: asyncio.Event) -> bool:
        """Wait for the account's next turn; whether the call may then be made. Not once `stopping` is set."""
        if self.secs_until_open() > 0 or stopping.is_set():
            return False
        if self._pace() is None:
            await self._look_at_pauses()
            return self.secs_until_open() == 0
        await self._queue.wait_for_turn(self._pace, stopping)
        self._obey(self._queue.paused_until_ms)
        return self.secs_until_open() == 0 and not stopping.is_set()

    async def after_call(self, outcomes: Sequence[Outcome]) -> None:
        """Learn from one call's outcomes: close for as long as the vendor asked, or because it keeps failing."""
        now = self._clock.monotonic_secs()
        pause_secs, cause = _asked_pause(outcomes)
        if pause_secs:
            if cause.outcome_class is OutcomeClass.THROTTLE and cause.retry_after_secs is None:
                pause_secs = self._grow(pause_secs)
            if cause.outcome_class is OutcomeClass.THROTTLE and self.secs_until_open() == 0:
                self._learn(pause_secs, now)
            if now + pause_secs > self._paused_until:
                self._paused_until = now + pause_secs
                self._tell(str(cause.outcome_class), pause_secs, cause)
                await self._throttles.pause(
                    self.account, until_ms=self._clock.now_ms() + math.ceil(pause_secs * 1000) + 1
                )
            return
        self._count(now)
        self._refusals_in_a_row = 0
        has_failed = all(consequence_of(outcome.outcome_class).trips_breaker for outcome in outcomes)
        was_open = self._breaker.open_until
        self._breaker = after_call(self._breaker, self._policy, failed=has_failed, now_secs=now)
        if self._breaker.open_until > now and self._breaker.open_until != was_open:
            self._tell("breaker", self._breaker.open_until - now, cause)

    async def _look_at_pauses(self) -> None:
        """Learn of pauses that other workers were asked for, as often as a pace would have us ask for turns."""
        now = self._clock.monotonic_secs()
        if now - self._looked_at >= RESERVED_SECS:
            self._looked_at = now
            self._obey(await self._throttles.paused_until(self.account))

    def _obey(self, paused_until_ms: int) -> None:
        """Take over a pause that another worker, or an earlier process, was asked for."""
        secs = (paused_until_ms - self._clock.now_ms()) / 1000
        if secs > 0:
            self._paused_until = max(self._paused_until, self._clock.monotonic_secs() + secs)

    def _grow(self, pause_secs: float) -> float:
        """A vendor that says only that it is too much is asked again at longer and longer intervals."""
        if self.secs_until_open() == 0:
            self._refusals_in_a_row += 1
        return min(pause_secs * 2.0 ** min(max(self._refusals_in_a_row - 1, 0), 30), LONGEST_UNASKED_PAUSE_SECS)

    def _count(self, now: float) -> None:
        self._accepted += 1
        if now - self._measured_since > MEASURED_SECS:
            # Half of it is forgotten, so that what is measured is neither a moment nor the whole past.
            self._accepted //= 2
            self._measured_since = now - MEASURED_SECS / 2

    def _pace(self) -> float | None:
        """Calls a second to be kept now; None when nothing is known that would slow them down."""
        return calls_per_sec(self._queue.limit_per_sec, self._lesson, now_secs=self._clock.monotonic_secs())

    def _learn(self, pause_secs: float, now: float) -> None:
        pace = self._pace()
        self._lesson = learn(
            accepted=self._accepted,
            over_secs=now - self._measured_since,
            pause_secs=pause_secs,
            pace=pace,
            resumes_secs=now + pause_secs,
        )
        self._accepted, self._measured_since = 0, now + pause_secs
        self._queue.forget()

    def _tell(self, reason: str, pause_secs: float, cause: Outcome) -> None:
        self._was_told_paused = True
        secs, message = round(pause_secs, 3), cause.message[:MAX_TOLD_CHARS]
        for lane in self._lanes:
            self._telemetry.record(
                LanePaused(lane=lane, reason=reason, pause_secs=secs, status=cause.status, message=message)
            )

    def hold(self, secs: float) -> None:
        """Make no call for a while, for a reason of ours. Not kept in the store, which may be the reason."""
        self._paused_until = max(self._paused_until, self._clock.monotonic_secs() + secs)


class _Queue:
    """Calls of one account in turn, at a pace that all workers share. First come, first served."""

    def __init__(self, account: str, clock: Clock, throttles: ThrottleStore, *, limit_per_sec: float | None) -> None:
        self.limit_per_sec = limit_per_sec
        self.paused_until_ms = 0
        self._account = account
        self._clock = clock
        self._throttles = throttles
        self._waiting = asyncio.Lock()
        self._left = 0
        self._next_ms = 0.0
        self._interval_ms = 0.0

    async def wait_for_turn(self, find_pace: Callable[[], float | None], stopping: asyncio.Event) -> None:
        """Wait until a call may be made at the pace that `find_pace` finds, or `stopping` is set.

        Only the first in the queue asks for turns: those that everybody in it would ask for now would lie far ahead, at
        a pace that has grown long before and beyond pauses that nobody knows of yet.
        """
        async with self._waiting:
            if not self._left:
                pace = find_pace()
                if pace is None or stopping.is_set():
                    return
                await self._reserve(pace)
            at_ms = self._next_ms
            self._left -= 1
            self._next_ms += self._interval_ms
            while (wait_ms := at_ms - self._clock.now_ms()) > 0 and not stopping.is_set():
                await self._clock.sleep(min(wait_ms / 1000, LOOK_SECS))

    def forget(self) -> None:
        """Give up turns that were reserved at another pace."""
        self._left = 0

    async def _reserve(self, pace: float) -> None:
        turns = max(1, int(pace * RESERVED_SECS))
        self._interval_ms = 1000 / pace
        reserved = await self._throttles.take_turns(
            self._account,
            turns=turns,
            interval_ms=self._interval_ms,
            slack_ms=SLACK_SECS * 1000,
            now_ms=self._clock.now_ms(),
        )
        self._left, self._next_ms, self.paused_until_ms = turns, reserved.first_ms, reserved.paused_until_ms


class Gates:
    """The gates of one worker, by account; they outlive a reload of the workspace."""

    def __init__(self, clock: Clock, telemetry: Telemetry, throttles: ThrottleStore) -> None:
        self._clock = clock
        self._telemetry = telemetry
        self._throttles = throttles
        self._gates: dict[tuple[str, tuple[RateLimit, ...]], Gate] = {}

    def gate(self, account: str, limits: Sequence[RateLimit] = ()) -> Gate:
        """The account's gate, the same one for every lane that uses it."""
        key = (account, tuple(limits))
        if key not in self._gates:
            self._gates[key] = Gate(account, self._clock, self._telemetry, self._throttles, limits=limits)
        return self._gates[key]

    def hold(self, secs: float) -> None:
        """Make no call to anybody for a while, for a reason of ours."""
        for gate in self._gates.values():
            gate.hold(secs)


def _asked_pause(outcomes: Sequence[Outcome]) -> tuple[float, Outcome]:
    """The longest pause that outcomes of one call ask for (0: none), and the outcome that asks."""
    longest, cause = 0.0, outcomes[0]
    for outcome in outcomes:
        secs = consequence_of(outcome.outcome_class).pauses_lane_secs
        if secs:
            asked = outcome.retry_after_secs
            secs = secs if asked is None else clamp_retry_after(asked)
            if secs >= longest:
                longest, cause = secs, outcome
    return longest, cause
