"""The process loop: reads `events`, judges each once, writes `canonical` and remembers what it judged."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from paceline.admission.admit import Admitted, admit, fingerprints_of
from paceline.errors import StorageError
from paceline.model.delivery import Fate
from paceline.model.record import Cursors, StoredRecord, advance
from paceline.ports.bus import Bus
from paceline.ports.clock import Clock
from paceline.ports.store import AdmissionCommit, AdmissionStore, Count, Exclusion

EVENTS_TOPIC = "events"
CANONICAL_TOPIC = "canonical"
MAX_STRETCH_EVENTS = 1000
LOOK_SECS = 0.5


class ProcessLoop:
    """Takes stretches of the `events` topic through admission, one at a time.

    `canonical` gets one record for every record of `events`, in order, so that a position means the same event in
    both topics. A crash between the two durable writes is harmless: the stretch is judged again with the same result,
    and the bus skips canonical records whose origin it already has.
    """

    name = "admission"

    def __init__(self, bus: Bus, store: AdmissionStore, clock: Clock, *, look_secs: float = LOOK_SECS) -> None:
        """`look_secs` is how often an idle loop looks whether it is to end."""
        self._look_secs = look_secs
        self._bus = bus
        self._store = store
        self._clock = clock

    async def run(self, stopping: asyncio.Event, *, epoch: int = 0) -> None:
        """Until `stopping` is set; the stretch under way is finished first.

        `epoch` is that of the lease under which it runs. Raises StorageError, and FencedError when the lease is over.
        """
        cursors = await self._store.open_admission()
        reader = self._bus.reader(EVENTS_TOPIC, self.name)
        try:
            while not stopping.is_set():
                wanted = _begin_at(cursors, reader.assignment())
                stored = await reader.read(wanted, max_records=MAX_STRETCH_EVENTS, wait_secs=self._look_secs)
                if stored:
                    await self._judge(stored, epoch)
                    cursors = advance(cursors, stored)
        finally:
            await reader.close()

    async def _judge(self, stored: Sequence[StoredRecord], epoch: int) -> None:
        marks = fingerprints_of(stored)
        seen = await self._store.seen([mark for mark in marks if mark])
        admitted = admit(stored, marks, seen)
        placed = await self._bus.append(CANONICAL_TOPIC, admitted.canonical)
        if placed[-1].offset < stored[-1].position.offset:
            raise StorageError(
                f"the topic {CANONICAL_TOPIC!r} lacks records that {EVENTS_TOPIC!r} has, so positions would not agree",
                remedy="put back the file that was removed, or start both topics and the store anew",
            )
        now_ms = self._clock.now_ms()
        await self._store.commit_admission(
            AdmissionCommit(
                cursors=advance({}, stored),
                seen=admitted.fingerprints,
                exclusions=_exclusions(admitted, now_ms),
                counts=_counts(admitted),
                at_ms=now_ms,
                epoch=epoch,
            )
        )


def _begin_at(cursors: Cursors, partitions: frozenset[int]) -> Cursors:
    return {partition: cursors.get(partition, 0) for partition in partitions}


def _exclusions(admitted: Admitted, now_ms: int) -> list[Exclusion]:
    exclusions = []
    for one, verdict in admitted.excluded:
        record = one.record
        exclusions.append(
            Exclusion(
                position=one.position,
                fate=Fate(verdict.fate),
                rule=verdict.rule,
                detail=verdict.detail,
                event_id=record.id if record else "",
                event_name=record.type if record else "",
                source=record.source if record else "",
                at_ms=now_ms,
            )
        )
    return exclusions


def _counts(admitted: Admitted) -> dict[Count, int]:
    """Admission's own ledger: an admitted event counts as delivered to the canonical topic."""
    counts = Counter(Count(Fate(verdict.fate), verdict.rule) for _, verdict in admitted.excluded)
    counts[Count(Fate.DELIVERED)] = len(admitted.canonical) - len(admitted.excluded)
    return dict(counts)
