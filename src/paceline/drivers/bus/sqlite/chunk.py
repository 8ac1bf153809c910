"""Records as bytes: what a chunk holds, and how damage to it is found.

`body` is the records one after another, each in MessagePack. `marks` is a pair of little-endian 32-bit numbers for
each record: its length and the CRC-32 of its bytes. The chunk's checksum is the CRC-32 of `marks` under its id and
count. So a bit that flips in the body costs the record that it lies in; one that flips in the marks costs the chunk;
neither is ever taken for data.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from itertools import accumulate, repeat
from typing import NamedTuple
from zlib import crc32

import msgspec

from paceline.model.record import Position, Record, StoredRecord

encode_record = msgspec.msgpack.Encoder().encode
_decode_record = msgspec.msgpack.Decoder(Record).decode
_decode_records = msgspec.msgpack.Decoder(list[Record]).decode


class Marks(NamedTuple):
    """Lengths and checksums of records, in order."""

    lengths: list[int]
    checksums: list[int]


class Chunk(msgspec.Struct, frozen=True):
    """A chunk as it lies in the file. `body` is None where the file's own structure is damaged under it."""

    id: int
    count: int
    checksum: int
    marks: bytes
    body: bytes | None


def mark_records(encoded: Sequence[bytes]) -> Marks:
    """The marks of encoded records."""
    return Marks(list(map(len, encoded)), list(map(crc32, encoded)))


def pack_marks(marks: Marks) -> bytes:
    """The marks as a chunk stores them."""
    count = len(marks.lengths)
    pairs = [0] * (2 * count)
    pairs[::2] = marks.lengths
    pairs[1::2] = marks.checksums
    return struct.pack(f"<{2 * count}I", *pairs)


def chunk_checksum(identity: int, count: int, packed_marks: bytes) -> int:
    """The checksum over everything of a chunk but its body."""
    return crc32(packed_marks, crc32(struct.pack("<QI", identity, count)))


def unpack_chunk(chunk: Chunk, *, partition: int, first_offset: int) -> list[StoredRecord]:
    """The chunk's records with their positions, None for each that is damaged."""
    records = _read_records(chunk)
    offsets = range(first_offset, first_offset + chunk.count)
    # What `Position(partition, offset)` does, but all in C: this runs for every record that is read.
    positions = map(tuple.__new__, repeat(Position), zip(repeat(partition), offsets, strict=False))
    return list(map(tuple.__new__, repeat(StoredRecord), zip(positions, records, strict=True)))


def unpack_record(chunk: Chunk, index: int) -> Record | None:
    """One record of a chunk with sound marks, None when it is damaged."""
    if chunk.body is None:
        return None
    numbers = _read_marks(chunk)
    start = sum(numbers[: 2 * index : 2])
    return _read_record(memoryview(chunk.body)[start : start + numbers[2 * index]], numbers[2 * index + 1])


def has_sound_marks(chunk: Chunk) -> bool:
    """Whether everything but the body is as it was written."""
    is_complete = len(chunk.marks) == 8 * chunk.count
    return is_complete and chunk_checksum(chunk.id, chunk.count, chunk.marks) == chunk.checksum


def _read_marks(chunk: Chunk) -> tuple[int, ...]:
    """Length and checksum of each record in turn."""
    return struct.unpack(f"<{2 * chunk.count}I", chunk.marks)


def _read_records(chunk: Chunk) -> Sequence[Record | None]:
    body = chunk.body
    if body is None or not has_sound_marks(chunk):
        return [None] * chunk.count
    numbers = _read_marks(chunk)
    ends = list(accumulate(numbers[::2]))
    view = memoryview(body)
    slices = [view[start:end] for start, end in zip([0, *ends], ends, strict=False)]
    if tuple(map(crc32, slices)) == numbers[1::2] and ends[-1:] in ([len(body)], []):
        try:
            # One call for all: the records are the items of a MessagePack list whose head is put before them.
            return _decode_records(struct.pack(">BI", 0xDD, chunk.count) + body)
        except msgspec.MsgspecError:
            pass  # written by something else than this program; find out which ones
    return [_read_record(part, checksum) for part, checksum in zip(slices, numbers[1::2], strict=True)]


def _read_record(part: memoryview, checksum: int) -> Record | None:
    if crc32(part) != checksum:
        return None
    try:
        return _decode_record(part)
    except msgspec.MsgspecError:
        return None
