"""What lanes share of decoded events."""

from __future__ import annotations

from paceline.model.record import Position, Record
from paceline.runtime.memo import GENERATION_EVENTS, EventMemo


def record(name: str) -> Record:
    return Record(id=name, source="web", type="page", key="u", received_ms=0, data=b'{"userId":"u"}')


def test_second_reader_gets_the_very_same_event():
    memo = EventMemo()
    assert memo.read(record("a"), Position(0, 1)) is memo.read(record("a"), Position(0, 1))


def test_another_record_at_the_place_is_decoded_anew():
    memo = EventMemo()
    memo.read(record("a"), Position(0, 1))
    assert memo.read(record("b"), Position(0, 1)).id == "b"


def test_memory_is_bounded():
    memo = EventMemo()
    first = memo.read(record("0"), Position(0, 0))
    for number in range(1, 2 * GENERATION_EVENTS + 1):
        memo.read(record(str(number)), Position(0, number))
    assert memo.read(record("0"), Position(0, 0)) is not first
    assert len(memo._young) + len(memo._old) <= 2 * GENERATION_EVENTS
