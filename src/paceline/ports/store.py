"""The ports of what must be remembered beside the log: cursors, ledgers, retries, dead letters, seen message ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from paceline.model.delivery import DeadLetter, Fate, Parked
from paceline.model.record import Cursors, Position
from paceline.ports.leases import LeaseStore
from paceline.ports.throttle import ThrottleStore


class Count(msgspec.Struct, frozen=True, gc=False):
    """A fate and the rule that led to it (empty for delivered): the ledger's finest grain."""

    fate: Fate
    rule: str = ""


class Exclusion(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An accepted event that no lane may deliver: suppressed (a duplicate, …) or rejected (a broken contract, …).

    `replayed_ms` says when it was appended again after a repair, 0 when it was not.
    """

    position: Position
    fate: Fate
    rule: str
    detail: str = ""
    event_id: str = ""
    event_name: str = ""
    source: str = ""
    at_ms: int = 0
    replayed_ms: int = 0


class LaneState(msgspec.Struct, frozen=True, kw_only=True):
    """Where a lane stands: cursors, ledger counts, and the ordering keys with parked deliveries.

    `first_delivered_ms` is the time of the first commit that counted a delivery, 0 when there was none.
    """

    cursors: Cursors
    start: Cursors
    counts: dict[Count, int]
    parked_keys: dict[str, int]
    first_delivered_ms: int = 0


class LaneCommit(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one step of a lane changes; taken over as a whole or not at all.

    `cursors` has the partitions that moved. `counts` are differences, not totals, PARKED and DEAD included: parking,
    unparking, giving up and replaying each move one from one fate to another. Parked deliveries count under the empty
    rule and dead ones under their letter class, since `replay` moves them between just these. `unpark` removes retry
    rows by delivery id, then `park` adds (or replaces) rows. Partitions that the lane was not opened with begin at 0.
    `epoch` is that of the worker's lease on the lane, 0 where there are no leases. `at_ms` is when it happened.
    """

    lane: str
    cursors: Cursors = {}
    counts: dict[Count, int] = {}
    park: Sequence[Parked] = ()
    unpark: Sequence[str] = ()
    dead: Sequence[DeadLetter] = ()
    epoch: int = 0
    at_ms: int = 0

    @property
    def delivers(self) -> bool:
        """Whether a vendor has taken something."""
        return self.counts.get(Count(Fate.DELIVERED), 0) > 0


class AdmissionCommit(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one step of the process loop changes: its cursors, the message ids seen, events excluded.

    `epoch` is that of the worker's lease on the loop.
    """

    cursors: Cursors
    seen: Sequence[bytes] = ()
    exclusions: Sequence[Exclusion] = ()
    counts: dict[Count, int] = {}
    at_ms: int = 0
    epoch: int = 0


class Admission(msgspec.Struct, frozen=True, kw_only=True):
    """How far the process loop has judged the `events` topic, and what it excluded in the asked range."""

    cursors: Cursors
    exclusions: Mapping[Position, Exclusion]


class LaneStore(Protocol):
    """What a delivery lane needs. One task a lane calls it; a driver may group the commits of several lanes."""

    async def open_lane(self, lane: str, start: Cursors) -> LaneState:
        """The lane's state; a lane, or a partition of it, that was not seen before is created at `start`.

        Raises UsageError for the name `admission`, which stands for the process loop.
        """

    async def commit(self, change: LaneCommit) -> None:
        """Apply `change`, to a lane that was opened, atomically and durably.

        Raises StorageError, or FencedError when its epoch is over; then nothing of it happened.
        """

    async def due(self, lane: str, *, now_ms: int, limit: int) -> Sequence[Parked]:
        """Parked deliveries whose time has come, longest due first and in log order among equals.

        Rows marked `behind` come only when no earlier position of their key is parked in their partition.
        """

    async def next_due(self, lane: str) -> int | None:
        """When the next parked delivery is due (Unix milliseconds), None when none is parked.

        Rows that wait behind an earlier one do not count: removing that one is what makes them due.
        """

    async def admission(self, first: Cursors, end: Cursors) -> Admission:
        """How far the process loop is, and the exclusions between `first` (inclusive) and `end` (exclusive)."""


class AdmissionStore(Protocol):
    """What the process loop needs."""

    async def open_admission(self) -> Cursors:
        """Where to go on reading `events`; partitions without an entry begin at 0. Called before the other two."""

    async def seen(self, fingerprints: Sequence[bytes]) -> set[bytes]:
        """Which of these message fingerprints (12 bytes of a hash each) were committed inside the dedup window.

        The window ends at the newest `at_ms`. Those a little older may be recognized too; those that were never
        committed are not. When there are more than the driver may keep, the oldest go before their time.
        """

    async def commit_admission(self, change: AdmissionCommit) -> None:
        """Apply `change` atomically and durably. Raises StorageError or FencedError; then nothing of it happened."""


class DeadLetterFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which dead letters: every condition that is given must hold."""

    lane: str | None = None
    letter_class: str | None = None
    delivery_ids: Sequence[str] | None = None
    limit: int = 100


class StoreInspection(Protocol):
    """What commands and pages show."""

    async def lanes(self) -> Mapping[str, LaneState]:
        """Every lane with its cursors and counts, and the process loop under the name `admission`."""

    async def dead_letters(self, which: DeadLetterFilter) -> Sequence[DeadLetter]:
        """Dead letters, newest first."""

    async def parked(self, lane: str, *, limit: int) -> Sequence[Parked]:
        """What waits in a lane's retry table, next due first."""

    async def exclusions(self, *, fate: Fate | None = None, limit: int) -> Sequence[Exclusion]:
        """Events that admission stopped, newest first."""


class StoreRepair(Protocol):
    """What a person may change by hand."""

    async def replay(self, which: DeadLetterFilter, *, now_ms: int) -> int:
        """Move dead letters back to their lanes as parked and due now, together with the ledgers; says how many.

        They keep their delivery ids and begin with no attempts and a new retry window.
        """

    async def mark_replayed(self, exclusions: Sequence[Exclusion], *, now_ms: int) -> None:
        """Note that these exclusions' events were appended again, so that nobody does it twice."""


class Store(LaneStore, ThrottleStore, LeaseStore, AdmissionStore, StoreInspection, StoreRepair, Protocol):
    """All six, and an end."""

    async def close(self) -> None:
        """Finish commits under way and let go of files and connections. Called once."""
