"""Gives events in quarantine a second chance, by the contracts of today."""

from __future__ import annotations

import time
from collections.abc import Sequence

import msgspec

from paceline.admission.door_policy import Decision, Judgement
from paceline.assemble.door import build_door
from paceline.assemble.opening import OpenWorkspace
from paceline.model.delivery import Fate
from paceline.model.event import decode_object
from paceline.model.record import Record
from paceline.ports.bus import Bus
from paceline.ports.store import Exclusion, Store
from paceline.runtime.process import EVENTS_TOPIC

CONTRACT_RULES = "contract:"
BATCH_EVENTS = 500


class ReplayReport(msgspec.Struct, frozen=True, kw_only=True):
    """How many events fit now and were appended again, still break a contract, or are no longer in the log."""

    replayed: int
    still_broken: int
    gone: int


async def replay_quarantined(
    opened: OpenWorkspace, bus: Bus, store: Store, *, contract: str | None, source: str | None, limit: int
) -> ReplayReport:
    """Judge quarantined events again and append those that fit to the log once more, under their own message ids.

    The first copy stays counted as rejected; the new one is an accepted event of its own. Each is noted as replayed
    after its append: should the command be stopped in between, a second run appends it again and deduplication drops
    it.
    """
    excluded = [
        one for one in await store.exclusions(fate=Fate.REJECTED, limit=limit) if _is_wanted(one, contract, source)
    ]
    sources = {one.name: one for one in build_door(opened).sources.values()}
    records = await bus.fetch(EVENTS_TOPIC, [one.position for one in excluded])
    fitting: list[tuple[Exclusion, Record]] = []
    broken = gone = 0
    for one in excluded:
        record = records.get(one.position)
        if record is None or one.source not in sources:
            gone += 1
            continue
        judgement = sources[one.source].judge(record.type, decode_object(record.data))
        if judgement.decision is Decision.ACCEPT:
            fitting.append((one, _admitted(record, judgement)))
        else:
            broken += 1
    for first in range(0, len(fitting), BATCH_EVENTS):
        await _append(bus, store, fitting[first : first + BATCH_EVENTS])
    return ReplayReport(replayed=len(fitting), still_broken=broken, gone=gone)


def _is_wanted(one: Exclusion, contract: str | None, source: str | None) -> bool:
    if one.replayed_ms or not one.rule.startswith(CONTRACT_RULES) or source not in {None, one.source}:
        return False
    return contract is None or one.rule.removeprefix(CONTRACT_RULES).partition("/")[0] == contract


def _admitted(record: Record, judgement: Judgement) -> Record:
    data = record.data if judgement.event is None else msgspec.json.encode(judgement.event)
    return msgspec.structs.replace(record, data=data, dataschema=judgement.dataschema, verdict=None)


async def _append(bus: Bus, store: Store, fitting: Sequence[tuple[Exclusion, Record]]) -> None:
    await bus.append(EVENTS_TOPIC, [record for _, record in fitting])
    await store.mark_replayed([one for one, _ in fitting], now_ms=time.time_ns() // 1_000_000)
