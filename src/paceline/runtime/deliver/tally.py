"""What one step of a lane changes, gathered until it is committed as a whole."""

from __future__ import annotations

from collections import Counter

from paceline.model.delivery import DeadLetter, Fate, Parked
from paceline.model.record import Cursors, Position
from paceline.ports.store import Count, LaneCommit


class Tally:
    """Gathers fates, retry rows and dead letters; keeps `parked_keys`, the lane's waiting deliveries by key.

    Deliveries of replays are not among `parked_keys`: nobody waits for them.
    """

    def __init__(self, lane: str, parked_keys: Counter[str]) -> None:
        self._lane = lane
        self._parked_keys = parked_keys
        self._counts: Counter[Count] = Counter()
        self._cursors: Cursors = {}
        self._park: list[Parked] = []
        self._unpark: list[str] = []
        self._freed_keys: list[str] = []
        self.dead: list[DeadLetter] = []

    def pass_by(self, position: Position) -> None:
        """The record at `position` has its fate: the lane's cursor may move behind it."""
        self._cursors[position.partition] = position.offset + 1

    def count(self, fate: Fate, rule: str = "") -> None:
        """An event that makes no delivery."""
        self._counts[Count(fate, rule)] += 1

    def park(self, parked: Parked) -> None:
        """A delivery that waits."""
        self._counts[Count(Fate.PARKED)] += 1
        self._park.append(parked)
        if not parked.replay_job:
            self._parked_keys[parked.key] += 1

    def unpark(self, parked: Parked) -> None:
        """A waiting delivery gets another fate in this same step. Until that is recorded, its key stays taken."""
        self._counts[Count(Fate.PARKED)] -= 1
        self._unpark.append(parked.delivery_id)
        if not parked.replay_job:
            self._freed_keys.append(parked.key)

    def free_keys(self) -> None:
        """The step is recorded: nobody waits any longer for what was unparked in it.

        Not earlier: while a delivery is tried again, a later one of its key must not be sent beside it.
        """
        for key in self._freed_keys:
            self._parked_keys[key] -= 1
            if self._parked_keys[key] <= 0:
                del self._parked_keys[key]

    def bury(self, letter: DeadLetter) -> None:
        """A delivery that was given up on."""
        self._counts[Count(Fate.DEAD, letter.letter_class)] += 1
        self.dead.append(letter)

    def deliver(self) -> None:
        """A delivery that the vendor has."""
        self._counts[Count(Fate.DELIVERED)] += 1

    def is_empty(self) -> bool:
        """Whether there is nothing to commit."""
        return not (self._cursors or self._counts or self._park or self._unpark)

    def change(self, epoch: int = 0, at_ms: int = 0) -> LaneCommit:
        """Everything gathered until `at_ms`, as one atomic change under a lease's epoch."""
        return LaneCommit(
            lane=self._lane,
            cursors=self._cursors,
            counts={count: number for count, number in self._counts.items() if number},
            park=self._park,
            unpark=self._unpark,
            dead=self.dead,
            epoch=epoch,
            at_ms=at_ms,
        )
