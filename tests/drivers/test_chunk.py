"""A chunk gives back its records, and damage to it never passes for data."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from paceline.drivers.bus.sqlite.chunk import (
    Chunk,
    chunk_checksum,
    encode_record,
    mark_records,
    pack_marks,
    unpack_chunk,
)
from paceline.model.record import Position, Record, Verdict

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
records = st.builds(
    Record,
    id=texts,
    source=texts,
    type=texts,
    key=texts,
    received_ms=st.integers(-(2**63), 2**63 - 1),
    data=st.binary(max_size=30),
    dataschema=texts,
    sent_at=texts,
    headers=st.dictionaries(texts, texts, max_size=2),
    verdict=st.none() | st.builds(Verdict, rule=texts, detail=texts),
    origin=st.none() | st.builds(Position, st.integers(0, 9), st.integers(0, 2**48)),
)
several = st.lists(records, min_size=1, max_size=6)


def pack(some: list[Record], identity: int = 9) -> Chunk:
    encoded = list(map(encode_record, some))
    marks = pack_marks(mark_records(encoded))
    return Chunk(identity, len(some), chunk_checksum(identity, len(some), marks), marks, b"".join(encoded))


def read(chunk: Chunk) -> list[Record | None]:
    return [one.record for one in unpack_chunk(chunk, partition=0, first_offset=0)]


def flip(content: bytes, bit: int) -> bytes:
    flipped = bytearray(content)
    flipped[bit // 8 % len(content)] ^= 1 << bit % 8
    return bytes(flipped)


@settings(max_examples=100, deadline=None)
@given(some=several, first=st.integers(0, 2**40))
def test_records_and_their_positions_come_back(some: list[Record], first: int) -> None:
    found = unpack_chunk(pack(some), partition=3, first_offset=first)
    assert found == [(Position(3, first + index), record) for index, record in enumerate(some)]


@settings(max_examples=200, deadline=None)
@given(some=several, bit=st.integers(0, 10_000))
def test_flipped_bit_in_the_body_costs_exactly_one_record(some: list[Record], bit: int) -> None:
    chunk = pack(some)
    assert chunk.body is not None
    found = read(Chunk(chunk.id, chunk.count, chunk.checksum, chunk.marks, flip(chunk.body, bit)))
    assert sum(record is None for record in found) == 1
    assert all(record in (None, expected) for record, expected in zip(found, some, strict=True))


@settings(max_examples=100, deadline=None)
@given(some=several, bit=st.integers(0, 1000))
def test_flipped_bit_in_the_marks_costs_the_chunk(some: list[Record], bit: int) -> None:
    chunk = pack(some)
    found = read(Chunk(chunk.id, chunk.count, chunk.checksum, flip(chunk.marks, bit), chunk.body))
    assert found == [None] * len(some)


@settings(max_examples=50, deadline=None)
@given(some=several, cut=st.integers(1, 40))
def test_records_that_a_short_body_lacks_are_damaged(some: list[Record], cut: int) -> None:
    chunk = pack(some)
    assert chunk.body is not None
    found = read(Chunk(chunk.id, chunk.count, chunk.checksum, chunk.marks, chunk.body[:-cut]))
    assert found[-1] is None
    assert all(record in (None, expected) for record, expected in zip(found, some, strict=True))


@settings(max_examples=50, deadline=None)
@given(some=several, identity=st.integers(0, 2**50))
def test_chunk_that_lies_in_the_wrong_place_is_damaged(some: list[Record], identity: int) -> None:
    chunk = pack(some, identity)
    found = read(Chunk(identity + 1, chunk.count, chunk.checksum, chunk.marks, chunk.body))
    assert found == [None] * len(some)


def test_bytes_that_are_no_record_are_damaged_though_their_checksum_fits() -> None:
    encoded = [encode_record(Record(id="1", source="", type="", key="", received_ms=0, data=b"")), b"\xc1", b"\x01"]
    marks = pack_marks(mark_records(encoded))
    chunk = Chunk(0, 3, chunk_checksum(0, 3, marks), marks, b"".join(encoded))
    assert [record is None for record in read(chunk)] == [False, True, True]
