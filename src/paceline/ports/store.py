"""The ports of what must be remembered beside the log: cursors, ledgers, retries, dead letters, seen message ids."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol, runtime_checkable

import msgspec

from paceline.model.delivery import DeadLetter, Fate, LetterState, Parked
from paceline.model.mapping import MappingFile
from paceline.model.record import Cursors, Position
from paceline.ports.leases import LeaseStore
from paceline.ports.routes import RouteStore
from paceline.ports.throttle import ThrottleStore


class Count(msgspec.Struct, frozen=True, gc=False):
    """A fate and the rule that led to it (empty for delivered): the ledger's finest grain."""

    fate: Fate
    rule: str = ""


CONTRACT_RULES = "contract:"
"""What the rules of broken contracts begin with."""

DISCARDED_RULE = "discarded"
"""The rule under which a dead letter that was discarded counts as suppressed."""


class Exclusion(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """An accepted event that no lane may deliver: suppressed (a duplicate, …) or rejected (a broken contract, …).

    `replayed_ms` says when it was appended again after a repair, `discarded_ms` when somebody decided that it will not
    be, and `note` why; 0 and empty otherwise.
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
    discarded_ms: int = 0
    note: str = ""

    @property
    def waits_for_repair(self) -> bool:
        """Whether it broke a contract, and nobody has sent it on or discarded it since."""
        return self.rule.startswith(CONTRACT_RULES) and not self.replayed_ms and not self.discarded_ms


class LaneState(msgspec.Struct, frozen=True, kw_only=True):
    """Where a lane stands: cursors, ledger counts, and the ordering keys with parked deliveries.

    `first_delivered_ms` is the time of the first commit that counted a delivery, 0 when there was none with a time.
    `read_again` counts events that replays took from the log once more: each is in `counts` a second time.
    """

    cursors: Cursors
    start: Cursors
    counts: dict[Count, int]
    parked_keys: dict[str, int]
    first_delivered_ms: int = 0
    read_again: int = 0


class LaneCommit(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that one step of a lane changes; taken over as a whole or not at all.

    `cursors` has the partitions that moved. `counts` are differences, not totals, PARKED and DEAD included: parking,
    unparking, giving up and replaying each move one from one fate to another. Parked deliveries count under the empty
    rule and dead ones under their letter class, since replays move them between just these. `unpark` removes retry
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
        """Whether it counts a delivery that the vendor has."""
        return any(number > 0 and count.fate is Fate.DELIVERED for count, number in self.counts.items())


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
        """Parked deliveries whose time has come, longest due first and in log order among equals; replays at the end.

        Rows marked `behind` come only when no earlier position of their key is parked in their partition. Rows of
        replays wait for nobody, and nobody waits for them.
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
    """Which dead letters: every condition that is given must hold.

    `since_ms` (inclusive) and `until_ms` (exclusive) are about the last failure. `replay_job` are those that a replay
    sent again last, `not_replay_job` leaves these out. `before` goes on behind a page: the last letter of it.
    """

    lane: str | None = None
    letter_class: str | None = None
    delivery_ids: Sequence[str] | None = None
    state: LetterState | None = LetterState.OPEN
    status: int | None = None
    source: str | None = None
    event_name: str | None = None
    since_ms: int | None = None
    until_ms: int | None = None
    replay_job: str | None = None
    not_replay_job: str | None = None
    before: DeadLetter | None = None
    limit: int = 100


class StoreInspection(Protocol):
    """What commands and pages show."""

    async def lanes(self) -> Mapping[str, LaneState]:
        """Every lane with its cursors and counts, and the process loop under the name `admission`."""

    async def dead_letters(self, which: DeadLetterFilter) -> Sequence[DeadLetter]:
        """Dead letters with what has become of them; first the one that failed last, among equals by name downwards."""

    async def parked(self, lane: str, *, limit: int) -> Sequence[Parked]:
        """What waits in a lane's retry table, next due first."""

    async def exclusions(self, *, fate: Fate | None = None, limit: int) -> Sequence[Exclusion]:
        """Events that admission stopped, newest first."""


class StoreRepair(Protocol):
    """What a person may change by hand."""

    async def discard(self, letters: Sequence[DeadLetter], *, note: str) -> int:
        """Give these letters up for good, as far as they are open; says how many.

        Each moves from dead to suppressed in its lane's ledger, under the rule `discarded`.
        """

    async def mark_replayed(self, exclusions: Sequence[Exclusion], *, now_ms: int) -> None:
        """Note that these exclusions' events were appended again, so that nobody does it twice."""

    async def mark_discarded(self, exclusions: Sequence[Exclusion], *, now_ms: int, note: str) -> None:
        """Note that these exclusions' events will not be sent on. They stay counted as they are."""


class ReplayJob(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is sent again, and how far that is.

    Dead letters that `which` names, or, where `from_log` is set, events of the log from `cursors` to before `end` for
    the lane of `which`. `where` is a condition on the event, empty for none. `mappings`, those of git revision
    `revision`, take the place of today's where there are any. `rate` bounds how many go to their lanes a second.

    `moved` dead letters and `read_again` events of the log were handed to their lanes; `suppressed` letters turned out
    to be about events that nobody may have any more; `gone` were no longer in the log. `left_out` did not fulfill
    `where`, or were on their way already.
    """

    id: str
    by: str
    started_ms: int
    updated_ms: int
    which: DeadLetterFilter
    from_log: bool = False
    where: str = ""
    revision: str = ""
    mappings: tuple[MappingFile, ...] = ()
    rate: float | None = None
    cursors: Cursors = {}
    end: Cursors = {}
    moved: int = 0
    read_again: int = 0
    suppressed: int = 0
    gone: int = 0
    left_out: int = 0
    steps: int = 0
    is_done: bool = False


class ReplayStep(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a replay: `job` as it stands after it, but for what the store counts.

    That is `moved`, `read_again`, `suppressed`, `left_out` for rows that it leaves out, and `steps`.

    `letters` go back to their lanes. `events` are rows of the job's lane, made from the log: one whose delivery is a
    dead letter counts as that letter, and one whose delivery is parked already, or is not behind the lane's cursor, is
    left out.
    """

    job: ReplayJob
    letters: Sequence[DeadLetter] = ()
    events: Sequence[Parked] = ()


class ReplayStore(Protocol):
    """What replays are carried out and looked at with."""

    async def save_replay(self, job: ReplayJob) -> None:
        """Keep a replay as it stands; a new one, or one that was kept before."""

    async def replay(self, step: ReplayStep) -> ReplayJob:
        """Take a step as a whole or not at all: parked rows, letters, ledgers and the job. The job as it then stands.

        What goes to a lane is parked and due at the job's `updated_ms`, keeps its delivery id, and begins with no
        attempts and a new retry window. A letter that is not open is passed over; one whose event has become an
        exclusion counts under that exclusion's fate and rule from now on. Raises FencedError when the job has taken
        other steps than the caller knows of: somebody else carries it out too.
        """

    async def replay_job(self, job: str) -> ReplayJob | None:
        """The replay of that id."""

    async def replay_jobs(self, *, limit: int) -> Sequence[ReplayJob]:
        """Replays, newest first."""

    async def replays_waiting(self, job: str) -> int:
        """How many deliveries of a replay are parked in lanes."""


@runtime_checkable
class TrimmedStore(Protocol):
    """A store that says what it needs of the log, and lets go of what is old when it is told to."""

    async def needed_from(self) -> Cursors:
        """By partition, the first offset that somebody still needs."""

    async def trim(self, *, dead_before_ms: int, exclusions_before: Cursors) -> None:
        """Forget old dead letters, and exclusions of records that are gone."""


@runtime_checkable
class LetterPlaces(Protocol):
    """A store that says which events of the log its dead letters are about."""

    async def letters_between(self, first: Cursors, end: Cursors) -> Sequence[Position]:
        """Places from `first` to before `end` that an open dead letter, or a quarantined event, is about, in order."""

    async def still_needed(self, places: Sequence[Position]) -> set[Position]:
        """Which of these places an open dead letter, a quarantined event, or a replay under way is about."""


class Store(
    LaneStore,
    ThrottleStore,
    LeaseStore,
    AdmissionStore,
    StoreInspection,
    StoreRepair,
    ReplayStore,
    RouteStore,
    Protocol,
):
    """All eight, and an end."""

    async def close(self) -> None:
        """Finish commits under way and let go of files and connections. Called once."""
