"""Records as Kafka messages, without a server."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.drivers.bus.kafka.wire import Header, decode, encode
from paceline.model.record import Position, Record, Verdict

words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
records = st.builds(
    Record,
    id=words,
    source=words,
    type=words,
    key=words,
    received_ms=st.integers(-(2**40), 2**60),
    data=st.binary(max_size=50),
    dataschema=words | st.just("order_completed/1.2.0"),
    sent_at=words,
    headers=st.dictionaries(words, words, max_size=2),
    verdict=st.none() | st.builds(Verdict, rule=words, fate=words, detail=words),
    origin=st.none() | st.builds(Position, st.integers(0, 255), st.integers(0, 2**40)),
)
sample = Record(
    id="m-1",
    source="web",
    type="track:Order Completed",
    key="user-1",
    received_ms=1_767_225_600_123,
    data=b'{"total": 1}',
    dataschema="order_completed/1.2.0",
    headers={"user-agent": "x"},
    origin=Position(3, 17),
)


@dataclass(frozen=True)
class FakeMessage:
    """What the client hands over."""

    held: list[Header]
    held_key: bytes | None
    held_value: bytes | None

    def headers(self) -> list[Header]:
        return self.held

    def key(self) -> bytes | None:
        return self.held_key

    def value(self) -> bytes | None:
        return self.held_value


def message_of(record: Record, **more: Any) -> FakeMessage:
    wire = encode(record, **more)
    return FakeMessage(wire.headers, wire.key or None, wire.value or None)


def read(message: FakeMessage) -> Any:
    return decode(message)  # type: ignore[arg-type]  # it has what is asked of one


@given(records, st.none() | st.integers(0, 2**40), st.none() | st.integers(0, 2**31 - 1))
def test_record_comes_back_as_it_was(record: Record, at: int | None, schema_id: int | None) -> None:
    assert read(message_of(record, at=at, schema_id=schema_id)) == (record, at)


def test_headers_are_those_of_cloudevents_in_binary_mode() -> None:
    headers = dict(encode(sample).headers)
    assert headers.pop("ce_crc32")
    assert headers == {
        "ce_specversion": b"1.0",
        "ce_id": b"m-1",
        "ce_source": b"web",
        "ce_type": b"track:Order Completed",
        "ce_time": b"2026-01-01T00:00:00.123Z",
        "ce_dataschema": b"urn:x-paceline:contract:order_completed:1.2.0",
        "ce_requestheaders": b'{"user-agent":"x"}',
        "ce_origin": b"3:17",
        "content-type": b"application/json",
    }


def test_schema_id_stands_in_front_of_the_value_as_confluent_wants_it() -> None:
    wire = encode(sample, schema_id=258)
    assert wire.value == b"\0\0\0\1\2" + sample.data
    assert ("content-type", b"application/json") not in wire.headers


@given(st.data())
def test_flipped_bit_is_never_taken_for_data(data: st.DataObject) -> None:
    message = message_of(sample, at=5)
    covered = range(len(message.held) - 3)  # the checksum, the constants before it: what they say is known
    place = data.draw(st.sampled_from(["value", "key", *covered]))

    def flipped(value: bytes) -> bytes:
        bit = data.draw(st.integers(0, len(value) * 8 - 1))
        changed = bytearray(value)
        changed[bit // 8] ^= 1 << bit % 8
        return bytes(changed)

    if place == "value":
        message = replace(message, held_value=flipped(message.held_value or b""))
    elif place == "key":
        message = replace(message, held_key=flipped(message.held_key or b""))
    else:
        headers = list(message.held)
        headers[place] = (headers[place][0], flipped(headers[place][1]))
        message = replace(message, held=headers)
    assert read(message).record is None


@pytest.mark.parametrize("headers", [[], [("traceparent", b"x")], [("ce_crc32", b"00000000")] * 7])
def test_message_of_somebody_else_is_damaged(headers: list[Header]) -> None:
    assert read(FakeMessage(headers, None, b"{}")).record is None
