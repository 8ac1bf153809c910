"""Completing events as Segment does, on values and on bytes."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.model.event import complete_data, corrected_timestamp, read_event
from paceline.model.record import Position, Record

RECEIVED_MS = 1_767_225_606_000  # 2026-01-01T00:00:06Z


def record(data: bytes, *, sent_at: str = "", origin: Position | None = None) -> Record:
    return Record(
        id="m1",
        source="web",
        type="track:Order",
        key="u",
        received_ms=RECEIVED_MS,
        data=data,
        sent_at=sent_at,
        origin=origin,
    )


@pytest.mark.parametrize(
    ("original", "sent_at", "corrected"),
    [
        ("2026-01-01T00:00:00Z", "2026-01-01T00:00:05Z", "2026-01-01T00:00:01.000Z"),
        ("2026-01-01T02:00:00+02:00", "2026-01-01T00:00:05Z", "2026-01-01T00:00:01.000Z"),
        ("2026-01-01T00:00:00", None, "2026-01-01T00:00:00.000Z"),
        ("1970-01-01T00:00:00Z", "1970-01-01T00:00:00Z", "2026-01-01T00:00:06.000Z"),
        ("2026-01-01T00:00:00Z", "not a time", "2026-01-01T00:00:00.000Z"),
        ("not a time", "2026-01-01T00:00:00Z", "2026-01-01T00:00:06.000Z"),
        (None, None, "2026-01-01T00:00:06.000Z"),
        (7, {}, "2026-01-01T00:00:06.000Z"),
        ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "0001-01-01T00:00:00.000Z"),
    ],
)  # fmt: skip
def test_timestamp_has_the_clients_wrong_clock_taken_out(original: object, sent_at: object, corrected: str):
    assert corrected_timestamp(original, sent_at, RECEIVED_MS) == corrected


def test_event_gets_what_the_client_left_out():
    payload = read_event(record(b'{"userId":"u"}')).payload
    assert (payload["type"], payload["messageId"], payload["receivedAt"]) == ("track", "m1", "2026-01-01T00:00:06.000Z")


def test_canonical_event_is_complete_already():
    payload = read_event(record(b'{"userId":"u"}', origin=Position(0, 0))).payload
    assert payload == {"userId": "u"}


def test_what_is_inside_the_fields_stays_byte_for_byte():
    assert b'{"n": 1.10, "big": 12345678901234567890123}' in complete_data(
        record(b'{"properties": {"n": 1.10, "big": 12345678901234567890123}}')
    )


scalars = st.none() | st.booleans() | st.integers(-(2**60), 2**60) | st.text(max_size=20)
times = st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01T02:00:00.5+02:00", "never", ""]) | scalars
events = st.dictionaries(st.text(max_size=8), scalars | st.lists(scalars, max_size=3), max_size=4)
envelopes = st.fixed_dictionaries(
    {}, optional={"timestamp": times, "originalTimestamp": times, "sentAt": times, "messageId": times, "type": times}
)


@given(events, envelopes, times.filter(lambda value: isinstance(value, str)))
def test_completing_bytes_is_completing_values(event: dict, envelope: dict, sent_at: str):
    one = record(msgspec.json.encode({**event, **envelope}), sent_at=sent_at)
    assert msgspec.json.decode(complete_data(one)) == read_event(one).payload
