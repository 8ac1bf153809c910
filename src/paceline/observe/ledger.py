"""The conservation ledger: every accepted event has exactly one fate in every integration."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from paceline.model.delivery import Fate
from paceline.model.record import PartitionEnds
from paceline.ports.store import Count, LaneState


class LaneLedger(msgspec.Struct, frozen=True, kw_only=True):
    """One integration's account.

    `accepted` counts the events in the log since the lane began and those that replays took from the log once more
    (`read_again` of them), `in_flight` those that its cursor has not passed.
    `adds_up` says that every event the cursor passed was counted in exactly one fate: the counts come from the store,
    the events from the log. `rules` has the finest grain, such as `suppressed.duplicate`.
    """

    integration: str
    accepted: int
    delivered: int
    filtered: int
    suppressed: int
    rejected: int
    dead: int
    parked: int
    in_flight: int
    adds_up: bool
    rules: dict[str, int]
    read_again: int = 0

    @property
    def is_settled(self) -> bool:
        """Whether nothing is on its way any more."""
        return self.in_flight == 0 and self.parked == 0


def balance(name: str, state: LaneState, ends: Mapping[int, PartitionEnds]) -> LaneLedger:
    """Draw up one lane's account from its state in the store and the ends of the log."""
    passed = sum(offset - state.start.get(partition, 0) for partition, offset in state.cursors.items())
    since_start = sum(end.next - state.start.get(partition, end.first) for partition, end in ends.items())
    totals = dict.fromkeys(Fate, 0)
    for count, number in state.counts.items():
        totals[count.fate] += number
    return LaneLedger(
        integration=name,
        accepted=since_start + state.read_again,
        delivered=totals[Fate.DELIVERED],
        filtered=totals[Fate.FILTERED],
        suppressed=totals[Fate.SUPPRESSED],
        rejected=totals[Fate.REJECTED],
        dead=totals[Fate.DEAD],
        parked=totals[Fate.PARKED],
        in_flight=since_start - passed,
        adds_up=passed + state.read_again == sum(totals.values()) and min(totals.values()) >= 0,
        rules={_rule(count): number for count, number in sorted(state.counts.items(), key=_order) if number},
        read_again=state.read_again,
    )


def _rule(count: Count) -> str:
    return f"{count.fate}.{count.rule}" if count.rule else str(count.fate)


def _order(entry: tuple[Count, int]) -> tuple[str, str]:
    return entry[0].fate, entry[0].rule
