"""The file of one topic.

`chunks`: what one group commit brought to one partition. Its id is the partition in the upper bits and the offset of
its first record in the lower 48, so that the records of a partition lie together and in order. `last_origin` is the
highest origin that the partition holds so far, -1 for none. `chunk.py` says what is in the two blobs.

`floors`: how far retention has emptied a partition, and what must be known when no chunk is left.

`facts`: the number of partitions. Order by key would break if it could change under a topic that has records.
"""

from __future__ import annotations

from paceline.drivers.sqlite_file import Schema

OFFSET_BITS = 48
_OFFSET_MASK = (1 << OFFSET_BITS) - 1

TOPIC_SCHEMA = Schema(
    kind=b"PLtp",
    migrations=(
        """
        CREATE TABLE chunks (
            id INTEGER PRIMARY KEY,
            count INTEGER NOT NULL,
            appended_ms INTEGER NOT NULL,
            last_origin INTEGER NOT NULL,
            checksum INTEGER NOT NULL,
            marks BLOB NOT NULL,
            body BLOB NOT NULL
        );
        CREATE TABLE floors (
            partition INTEGER PRIMARY KEY,
            next_offset INTEGER NOT NULL,
            last_origin INTEGER NOT NULL
        );
        CREATE TABLE facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID
        """,
    ),
)


def chunk_id(partition: int, first_offset: int) -> int:
    """Where a chunk lies in its file.

    >>> chunk_id(0, 7), chunk_id(1, 0) == 2**48
    (7, True)
    """
    return partition << OFFSET_BITS | first_offset


def offset_of(identity: int) -> int:
    """The first offset of the chunk with this id."""
    return identity & _OFFSET_MASK


def partition_of(identity: int) -> int:
    """The partition of the chunk with this id."""
    return identity >> OFFSET_BITS
