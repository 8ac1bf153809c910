"""The one judgement that every event passes before any lane may deliver it. Pure."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence, Set

import msgspec

from paceline.model.delivery import Fate
from paceline.model.event import complete_data
from paceline.model.record import Record, StoredRecord, Verdict

FINGERPRINT_BYTES = 12
DUPLICATE_RULE = "duplicate"
DAMAGED_RULE = "storage.checksum"
UNREADABLE_RULE = "storage.decode"


class Admitted(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a stretch of the `events` topic.

    `canonical` has one record for every event that was read, in order, each with its origin; an event that nobody may
    deliver is a record with a verdict and no data, so that bus lanes can account for it. `excluded` lists the same
    exclusions with the record they are about (None when its bytes are damaged). `fingerprints` are the message ids that
    are new.
    """

    canonical: list[Record]
    excluded: list[tuple[StoredRecord, Verdict]]
    fingerprints: list[bytes]


def fingerprint(source: str, message_id: str) -> bytes:
    """96 bits that stand for (source, message id) in the dedup window."""
    return hashlib.blake2b(
        f"{source}\0{message_id}".encode(errors="surrogatepass"), digest_size=FINGERPRINT_BYTES
    ).digest()


def admit(stored: Sequence[StoredRecord], marks: Sequence[bytes], seen: Set[bytes]) -> Admitted:
    """Judge records in the order of the log.

    `marks` are their fingerprints (see `fingerprints_of`), `seen` those that were committed before; the first of equal
    ones in the stretch wins. Deterministic, so that a stretch judged again after a crash ends the same.
    """
    known = set(seen)
    admitted = Admitted(canonical=[], excluded=[], fingerprints=[])
    for one, mark in zip(stored, marks, strict=True):
        verdict = _judge(one.record, mark, known)
        record: Record | None = None
        if verdict is None:
            record, verdict = _canonical(one)
        if verdict is not None:
            admitted.excluded.append((one, verdict))
            record = _tombstone(one, verdict)
        else:
            known.add(mark)
            admitted.fingerprints.append(mark)
        assert record is not None
        admitted.canonical.append(record)
    return admitted


def fingerprints_of(stored: Sequence[StoredRecord]) -> list[bytes]:
    """A fingerprint for each record; an empty one where the bytes are damaged."""
    return [fingerprint(one.record.source, one.record.id) if one.record is not None else b"" for one in stored]


def _judge(record: Record | None, mark: bytes, known: Set[bytes]) -> Verdict | None:
    if record is None:
        return Verdict(rule=DAMAGED_RULE, fate=Fate.REJECTED, detail="the stored bytes fail their checksum")
    if record.verdict is not None:
        return record.verdict
    if mark in known:
        return Verdict(rule=DUPLICATE_RULE, fate=Fate.SUPPRESSED, detail="the same source sent this message id before")
    return None


def _canonical(one: StoredRecord) -> tuple[Record | None, Verdict | None]:
    record = one.record
    assert record is not None
    try:
        data = complete_data(record)
    except msgspec.DecodeError:
        return None, Verdict(rule=UNREADABLE_RULE, fate=Fate.REJECTED, detail="the stored bytes are not a JSON object")
    return msgspec.structs.replace(record, data=data, origin=one.position), None


def _tombstone(one: StoredRecord, verdict: Verdict) -> Record:
    record = one.record
    if record is None:
        return Record(id="", source="", type="", key="", received_ms=0, data=b"", verdict=verdict, origin=one.position)
    return msgspec.structs.replace(record, data=b"", verdict=verdict, origin=one.position)
