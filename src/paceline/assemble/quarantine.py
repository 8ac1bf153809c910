"""Gives events in quarantine a second chance, by the contracts of today."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence

import msgspec

from paceline.admission.door_policy import Decision, Judgement
from paceline.assemble.door import build_door
from paceline.assemble.opening import OpenWorkspace
from paceline.model.event import decode_object
from paceline.model.record import Record
from paceline.ports.bus import Bus
from paceline.ports.store import Exclusion, Store
from paceline.runtime.process import EVENTS_TOPIC

BATCH_EVENTS = 500


class QuarantineReport(msgspec.Struct, frozen=True, kw_only=True):
    """How many events fit now, still break a contract, are no longer in the log, or did not fulfill the condition."""

    replayed: int = 0
    still_broken: int = 0
    gone: int = 0
    left_out: int = 0

    def __add__(self, other: QuarantineReport) -> QuarantineReport:
        return QuarantineReport(
            **{name: getattr(self, name) + getattr(other, name) for name in self.__struct_fields__},
        )


class _Judged(msgspec.Struct, frozen=True):
    """Events of which `fitting` may go on, as they would be appended."""

    fitting: Sequence[tuple[Exclusion, Record]]
    report: QuarantineReport


def _everything(record: Record) -> bool:
    return True


async def replay_quarantined(
    opened: OpenWorkspace,
    bus: Bus,
    store: Store,
    excluded: Sequence[Exclusion],
    *,
    is_wanted: Callable[[Record], bool] = _everything,
) -> QuarantineReport:
    """Judge events in quarantine again and append those that fit to the log once more, under their own message ids.

    The first copy stays counted as rejected; the new one is an accepted event of its own. Each is noted as replayed
    after its append: should the command be stopped in between, a second run appends it again and deduplication drops
    it.
    """
    report = QuarantineReport()
    for some in _batches(excluded):
        judged = await _judge(opened, bus, some, is_wanted)
        if judged.fitting:
            await bus.append(EVENTS_TOPIC, [record for _, record in judged.fitting])
            await store.mark_replayed([one for one, _ in judged.fitting], now_ms=time.time_ns() // 1_000_000)
        report += judged.report
    return report


async def judge_quarantined(
    opened: OpenWorkspace,
    bus: Bus,
    excluded: Sequence[Exclusion],
    *,
    is_wanted: Callable[[Record], bool] = _everything,
) -> QuarantineReport:
    """What `replay_quarantined` would do now; `replayed` are those that would be sent on."""
    report = QuarantineReport()
    for some in _batches(excluded):
        report += (await _judge(opened, bus, some, is_wanted)).report
    return report


async def _judge(
    opened: OpenWorkspace, bus: Bus, some: Sequence[Exclusion], is_wanted: Callable[[Record], bool]
) -> _Judged:
    sources = {one.name: one for one in build_door(opened).sources.values()}
    records = await bus.fetch(EVENTS_TOPIC, [one.position for one in some])
    fitting: list[tuple[Exclusion, Record]] = []
    broken = gone = left_out = 0
    for one in some:
        record = records.get(one.position)
        if record is None or one.source not in sources:
            gone += 1
        elif not is_wanted(record):
            left_out += 1
        else:
            judgement = sources[one.source].judge(record.type, decode_object(record.data))
            if judgement.decision is Decision.ACCEPT:
                fitting.append((one, _admitted(record, judgement)))
            else:
                broken += 1
    report = QuarantineReport(replayed=len(fitting), still_broken=broken, gone=gone, left_out=left_out)
    return _Judged(fitting, report)


def _batches(excluded: Sequence[Exclusion]) -> Iterator[Sequence[Exclusion]]:
    waiting = [one for one in excluded if one.waits_for_repair]
    for first in range(0, len(waiting), BATCH_EVENTS):
        yield waiting[first : first + BATCH_EVENTS]


def _admitted(record: Record, judgement: Judgement) -> Record:
    data = record.data if judgement.event is None else msgspec.json.encode(judgement.event)
    return msgspec.structs.replace(record, data=data, dataschema=judgement.dataschema, verdict=None)
