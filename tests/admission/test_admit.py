"""The one judgement that every event passes."""

from __future__ import annotations

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from paceline.admission.admit import DAMAGED_RULE, DUPLICATE_RULE, Admitted, admit, fingerprints_of
from paceline.model.record import Position, Record, StoredRecord, Verdict


def stored(offset: int, message_id: str, *, source: str = "web", verdict: Verdict | None = None) -> StoredRecord:
    record = Record(
        id=message_id,
        source=source,
        type="track:Order Completed",
        key="u1",
        received_ms=1_767_225_606_000,
        data=b'{"event":"Order Completed","timestamp":"2026-01-01T00:00:00Z","userId":"u1"}',
        sent_at="2026-01-01T00:00:05Z",
        verdict=verdict,
    )
    return StoredRecord(Position(0, offset), record)


def judge(records: list[StoredRecord], seen: set[bytes] = frozenset()) -> Admitted:
    return admit(records, fingerprints_of(records), seen)


def test_event_becomes_canonical_with_the_place_it_came_from():
    [record] = judge([stored(5, "m1")]).canonical
    assert record.origin == Position(0, 5)
    assert msgspec.json.decode(record.data)["messageId"] == "m1"


def test_clients_wrong_clock_is_taken_out_of_the_timestamp():
    [record] = judge([stored(0, "m1")]).canonical
    payload = msgspec.json.decode(record.data)
    assert payload["timestamp"] == "2026-01-01T00:00:01.000Z"
    assert payload["originalTimestamp"] == "2026-01-01T00:00:00Z"


def test_second_of_two_equal_message_ids_is_a_duplicate():
    admitted = judge([stored(0, "m1"), stored(1, "m1")])
    assert [(one.position.offset, verdict.rule) for one, verdict in admitted.excluded] == [(1, DUPLICATE_RULE)]


def test_message_id_seen_before_is_a_duplicate():
    [mark] = fingerprints_of([stored(0, "m1")])
    assert judge([stored(9, "m1")], {mark}).fingerprints == []


def test_same_message_id_of_another_source_is_another_event():
    assert judge([stored(0, "m1"), stored(1, "m1", source="server")]).excluded == []


def test_quarantined_event_is_excluded_and_does_not_block_a_corrected_one():
    broken = stored(0, "m1", verdict=Verdict(rule="contract:x"))
    admitted = judge([broken, stored(1, "m1")])
    assert [verdict.rule for _, verdict in admitted.excluded] == ["contract:x"]
    assert len(admitted.fingerprints) == 1


def test_damaged_record_is_excluded_and_its_neighbor_is_not():
    admitted = judge([StoredRecord(Position(0, 0), None), stored(1, "m1")])
    assert [verdict.rule for _, verdict in admitted.excluded] == [DAMAGED_RULE]
    assert len(admitted.fingerprints) == 1


def test_excluded_event_leaves_no_data_on_the_canonical_topic():
    admitted = judge([stored(0, "m1"), stored(1, "m1")])
    assert admitted.canonical[1].data == b""
    assert admitted.canonical[1].verdict.fate == "suppressed"


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=12), st.integers(0, 12))
def test_judging_a_stretch_in_two_parts_ends_the_same(ids: list[str], cut: int):
    records = [stored(offset, message_id) for offset, message_id in enumerate(ids)]
    whole = judge(records)
    first = judge(records[:cut])
    second = judge(records[cut:], set(first.fingerprints))
    assert first.canonical + second.canonical == whole.canonical


@given(st.lists(st.sampled_from(["a", "b"]), max_size=12))
def test_there_is_one_canonical_record_for_every_event(ids: list[str]):
    records = [stored(offset, message_id) for offset, message_id in enumerate(ids)]
    assert [record.origin.offset for record in judge(records).canonical] == list(range(len(ids)))
