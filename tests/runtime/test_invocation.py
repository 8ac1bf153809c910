"""Deliveries inside one invocation, in simulated time: what is retried, what is handed back, what is given up on."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Sequence

from hypothesis import example, given, settings
from hypothesis import strategies as st
from simulated_lane import EVENT, LANE, Mood, MoodyVendor, _Connector, _Mapping

from paceline.delivery.plan import LanePlan
from paceline.delivery.retry import RetryPolicy
from paceline.drivers.marks.memory import MemoryMark
from paceline.drivers.store.throttles import MemoryThrottles
from paceline.model.delivery import DeadLetterClass, Fate
from paceline.model.integration import DeliveryLimits
from paceline.model.record import Record, Verdict
from paceline.observe.telemetry import Telemetry
from paceline.runtime.deliver.credentials import FixedCredentials
from paceline.runtime.deliver.dispatch import Vendor
from paceline.runtime.deliver.gate import Gate
from paceline.runtime.deliver.invocation import LONGEST_WAIT_SECS, End, InvocationPorts, Invocations, Terms
from paceline.runtime.deliver.lane_settings import LaneSettings
from paceline.testing.simulated_time import SimulatedClock, run_simulated

POLICY = RetryPolicy(window_secs=86_400.0)


class Scene:
    """A function's process in simulated time."""

    def __init__(self, clock: SimulatedClock, *moods: Mood, keeps_order: bool = False) -> None:
        self.clock = clock
        self.vendor = MoodyVendor(clock, moods)
        telemetry = Telemetry(io.StringIO())
        self.invocations = Invocations(
            LaneSettings(
                name=LANE,
                topic="events",
                plan=LanePlan(integration=LANE, sources=None, transforms={EVENT: [_Mapping()]}),
                retry=POLICY,
                keeps_order=keeps_order,
            ),
            Vendor(
                connector=_Connector(),
                credentials=FixedCredentials({}),
                sender=self.vendor,
                limits=DeliveryLimits(timeout_secs=30.0),
            ),
            InvocationPorts(
                clock=clock,
                gate=Gate("moody:1", clock, telemetry, MemoryThrottles()),
                mark=MemoryMark(),
                jitter=lambda: 0.5,
            ),
        )

    async def invoke(self, *users: str, secs: float = 60.0, last: Sequence[int] = (), failed_ms: int = 0) -> list[End]:
        terms = Terms(
            ends_secs=self.clock.monotonic_secs() + secs,
            retry=POLICY,
            last_chances=frozenset(last),
            first_failed_ms=dict.fromkeys(range(len(users)), failed_ms) if failed_ms else {},
        )
        made = records(users)
        ends = await self.invocations.deliver(made, terms)
        self.invocations.remember(made, ends)
        return ends


def records(users: Sequence[str]) -> list[Record]:
    return [
        Record(
            id=f"m{number}",
            source="web",
            type=EVENT,
            key=user,
            received_ms=0,
            data=json.dumps({"userId": user, "event": "Order Completed"}).encode(),
        )
        for number, user in enumerate(users)
    ]


def test_trouble_that_ends_in_time_is_outlived() -> None:
    async def story(clock: SimulatedClock) -> None:
        scene = Scene(clock, Mood(until_secs=5.0, status=503))
        assert [end.fate for end in await scene.invoke("a", "b")] == [Fate.DELIVERED] * 2
        assert clock.monotonic_secs() < 15

    run_simulated(story)


def test_trouble_that_lasts_is_handed_back_before_the_time_is_over() -> None:
    async def story(clock: SimulatedClock) -> None:
        scene = Scene(clock, Mood(until_secs=900.0, status=503))
        assert [end.fate for end in await scene.invoke("a", secs=40.0)] == [None]
        assert clock.monotonic_secs() <= 40.0

    run_simulated(story)


def test_vendor_that_hangs_does_not_outlive_the_invocation() -> None:
    async def story(clock: SimulatedClock) -> None:
        scene = Scene(clock, Mood(until_secs=900.0, status=0))
        assert [end.fate for end in await scene.invoke("a", secs=8.0)] == [None]
        assert clock.monotonic_secs() <= 8.5

    run_simulated(story)


def test_long_wait_that_the_vendor_asks_for_is_not_paid_for() -> None:
    async def story(clock: SimulatedClock) -> None:
        scene = Scene(clock, Mood(until_secs=5.0, status=429, retry_after_secs=LONGEST_WAIT_SECS + 5))
        assert [end.fate for end in await scene.invoke("a", secs=800.0)] == [None]
        assert clock.monotonic_secs() < 1.0
        assert scene.vendor.early_calls == 0

    run_simulated(story)


def test_short_wait_that_the_vendor_asks_for_is_obeyed() -> None:
    async def story(clock: SimulatedClock) -> None:
        scene = Scene(clock, Mood(until_secs=0.05, status=429, retry_after_secs=7.0))
        assert [end.fate for end in await scene.invoke("a", "b")] == [Fate.DELIVERED] * 2
        assert scene.vendor.early_calls == 0

    run_simulated(story)


def test_last_chance_ends_as_a_letter_with_its_tries() -> None:
    async def story(clock: SimulatedClock) -> None:
        scene = Scene(clock, Mood(until_secs=900.0, status=503))
        kept, last = await scene.invoke("a", "b", secs=10.0, last=[1])
        assert kept.fate is None
        assert last.letter is not None
        assert last.letter.letter_class is DeadLetterClass.VENDOR_EXHAUSTED
        assert last.letter.attempts == len(last.letter.history) >= 2

    run_simulated(story)


def test_retry_window_counts_from_the_first_try_of_an_earlier_invocation() -> None:
    async def story(clock: SimulatedClock) -> None:
        scene = Scene(clock, Mood(until_secs=900.0, status=503))
        long_ago = clock.now_ms() - int(POLICY.window_secs * 1000) - 1
        (end,) = await scene.invoke("a", failed_ms=long_ago)
        assert (end.fate, end.rule) == (Fate.DEAD, "vendor_exhausted")
        assert scene.vendor.calls == 1

    run_simulated(story)


def test_poison_is_found_and_the_others_are_delivered() -> None:
    async def story(clock: SimulatedClock) -> None:
        ends = await Scene(clock).invoke(*"abc", "poison", *"defgh")
        assert [end.fate for end in ends] == [Fate.DELIVERED] * 3 + [Fate.DEAD] + [Fate.DELIVERED] * 5

    run_simulated(story)


def test_event_that_comes_again_is_not_sent_twice_by_the_same_process() -> None:
    async def story(clock: SimulatedClock) -> None:
        scene = Scene(clock)
        await scene.invoke("a", "b")
        assert [end.fate for end in await scene.invoke("a", "b", "c")] == [Fate.SUPPRESSED] * 2 + [Fate.DELIVERED]
        assert sorted(scene.vendor.taken) == ["m0", "m1", "m2"]

    run_simulated(story)


def test_event_that_broke_its_contract_is_a_letter_of_that_class() -> None:
    async def story(clock: SimulatedClock) -> None:
        scene = Scene(clock)
        broken = Record("m", "web", EVENT, "a", 0, b"{}", verdict=Verdict(rule="contract:x", detail="no"))
        (end,) = await scene.invocations.deliver([broken], Terms(ends_secs=9.0, retry=POLICY))
        assert end.fate is Fate.REJECTED
        assert end.letter is not None
        assert end.letter.letter_class is DeadLetterClass.CONTRACT
        assert scene.vendor.calls == 0

    run_simulated(story)


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.sampled_from(["a", "b", "poison", "c"]), max_size=30),
    st.lists(st.tuples(st.floats(0.1, 20), st.sampled_from([503, 429, 0, 200])), max_size=4),
    st.floats(1, 60),
    st.booleans(),
)
@example(users=["a", "a"], troubles=[(2.0, 503)], secs=2.0, keeps_order=True)
def test_every_record_has_one_end_and_what_is_delivered_was_taken(
    users: list[str], troubles: list[tuple[float, int]], secs: float, keeps_order: bool
) -> None:
    async def story(clock: SimulatedClock) -> None:
        until, moods = 0.0, []
        for lasts, status in troubles:
            until += lasts
            moods.append(Mood(until_secs=until, status=status))
        scene = Scene(clock, *moods, keeps_order=keeps_order)
        ends = await scene.invoke(*users, secs=secs)
        assert len(ends) == len(users)
        delivered = {f"m{number}" for number, end in enumerate(ends) if end.fate is Fate.DELIVERED}
        assert delivered == set(scene.vendor.taken)
        assert all(count == 1 for count in Counter(scene.vendor.taken).values())
        assert clock.monotonic_secs() <= secs + 1.0
        if keeps_order:
            for user in set(users):
                taken = [one for one in scene.vendor.taken if users[int(one[1:])] == user]
                assert taken == sorted(taken, key=lambda one: int(one[1:]))

    run_simulated(story)
