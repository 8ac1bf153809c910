"""The file of the store.

`waiting` in `parked` is kept by the triggers: it is set on a row that is `behind` while an earlier position of its key
is parked, in the same partition (places of different partitions have no order). So finding what is due needs one
index, however many rows wait; `parked_behind` is empty, and the triggers cost little, where no lane keeps order. Rows
of replays (`replayed`) have no part in it.
A letter that was sent again stays in `dead`, in state `replaying`; once its delivery is not parked any more, that means
resolved, so that nothing has to be written when it is delivered.
Positions as one number (`place`) have the partition in the upper bits.
"""

from __future__ import annotations

from paceline.drivers.sqlite_file import Schema
from paceline.model.record import Position

ADMISSION = "admission"
"""The name under which the process loop has its cursors and counts. No lane may be called that."""

STORE_SCHEMA = Schema(
    kind=b"PLst",
    migrations=(
        """
        CREATE TABLE lanes (lane TEXT PRIMARY KEY) WITHOUT ROWID;
        INSERT INTO lanes VALUES ('admission');

        CREATE TABLE cursors (
            lane TEXT NOT NULL,
            partition INTEGER NOT NULL,
            next_offset INTEGER NOT NULL,
            start_offset INTEGER NOT NULL,
            PRIMARY KEY (lane, partition)
        ) WITHOUT ROWID;

        CREATE TABLE ledger (
            lane TEXT NOT NULL,
            fate TEXT NOT NULL,
            rule TEXT NOT NULL,
            count INTEGER NOT NULL,
            PRIMARY KEY (lane, fate, rule)
        ) WITHOUT ROWID;

        CREATE TABLE parked (
            id INTEGER PRIMARY KEY,
            lane TEXT NOT NULL,
            delivery_id TEXT NOT NULL,
            key TEXT NOT NULL,
            partition INTEGER NOT NULL,
            offset INTEGER NOT NULL,
            due_ms INTEGER NOT NULL,
            behind INTEGER NOT NULL,
            waiting INTEGER NOT NULL DEFAULT 0,
            body BLOB NOT NULL,
            UNIQUE (lane, delivery_id)
        );
        CREATE INDEX parked_due ON parked (lane, waiting, due_ms, partition, offset, delivery_id);
        CREATE INDEX parked_key ON parked (lane, key, partition, offset);
        CREATE INDEX parked_behind ON parked (lane, key, partition) WHERE behind;

        CREATE TRIGGER parked_added AFTER INSERT ON parked WHEN EXISTS (
            SELECT 1 FROM parked WHERE behind AND lane = new.lane AND key = new.key AND partition = new.partition
        ) BEGIN
            UPDATE parked SET waiting = 1 WHERE id = new.id AND new.behind AND EXISTS (
                SELECT 1 FROM parked WHERE lane = new.lane AND key = new.key AND partition = new.partition
                AND offset < new.offset);
            UPDATE parked SET waiting = 1
                WHERE lane = new.lane AND key = new.key AND partition = new.partition AND offset = (
                    SELECT min(offset) FROM parked WHERE lane = new.lane AND key = new.key
                    AND partition = new.partition AND offset > new.offset)
                AND behind AND NOT waiting;
        END;

        CREATE TRIGGER parked_removed AFTER DELETE ON parked WHEN EXISTS (
            SELECT 1 FROM parked WHERE behind AND lane = old.lane AND key = old.key AND partition = old.partition
        ) BEGIN
            UPDATE parked SET waiting = 0
                WHERE lane = old.lane AND key = old.key AND partition = old.partition AND offset = (
                    SELECT min(offset) FROM parked WHERE lane = old.lane AND key = old.key
                    AND partition = old.partition)
                AND waiting;
        END;

        CREATE TABLE dead (
            id INTEGER PRIMARY KEY AUTOINCREMENT,
            lane TEXT NOT NULL,
            delivery_id TEXT NOT NULL,
            letter_class TEXT NOT NULL,
            last_failed_ms INTEGER NOT NULL,
            body BLOB NOT NULL,
            UNIQUE (lane, delivery_id)
        );
        CREATE INDEX dead_age ON dead (last_failed_ms);

        CREATE TABLE exclusions (
            place INTEGER PRIMARY KEY,
            fate TEXT NOT NULL,
            at_ms INTEGER NOT NULL,
            body BLOB NOT NULL
        );
        CREATE INDEX exclusions_age ON exclusions (at_ms);

        CREATE TABLE seen (id INTEGER PRIMARY KEY, at_ms INTEGER NOT NULL, fingerprints BLOB NOT NULL)
        """,
        """
        CREATE TABLE throttles (
            account TEXT PRIMARY KEY,
            paused_until_ms INTEGER NOT NULL DEFAULT 0,
            next_turn_ms REAL NOT NULL DEFAULT 0
        ) WITHOUT ROWID;

        CREATE TABLE workers (worker TEXT PRIMARY KEY, until_ms INTEGER NOT NULL) WITHOUT ROWID;

        CREATE TABLE leases (name TEXT PRIMARY KEY, worker TEXT NOT NULL, epoch INTEGER NOT NULL) WITHOUT ROWID;

        ALTER TABLE lanes ADD COLUMN first_delivered_ms INTEGER NOT NULL DEFAULT 0
        """,
        """
        ALTER TABLE lanes ADD COLUMN read_again INTEGER NOT NULL DEFAULT 0;

        ALTER TABLE parked ADD COLUMN replayed INTEGER NOT NULL DEFAULT 0;
        ALTER TABLE parked ADD COLUMN replay_job TEXT NOT NULL DEFAULT '';
        DROP INDEX parked_due;
        CREATE INDEX parked_due ON parked (lane, waiting, replayed, due_ms, partition, offset, delivery_id);
        CREATE INDEX parked_replay ON parked (replay_job) WHERE replayed;
        DROP INDEX parked_behind;
        CREATE INDEX parked_behind ON parked (lane, key, partition) WHERE behind AND NOT replayed;

        DROP TRIGGER parked_added;
        CREATE TRIGGER parked_added AFTER INSERT ON parked WHEN NOT new.replayed AND EXISTS (
            SELECT 1 FROM parked
            WHERE behind AND NOT replayed AND lane = new.lane AND key = new.key AND partition = new.partition
        ) BEGIN
            UPDATE parked SET waiting = 1 WHERE id = new.id AND new.behind AND EXISTS (
                SELECT 1 FROM parked WHERE lane = new.lane AND key = new.key AND partition = new.partition
                AND offset < new.offset AND NOT replayed);
            UPDATE parked SET waiting = 1
                WHERE lane = new.lane AND key = new.key AND partition = new.partition AND offset = (
                    SELECT min(offset) FROM parked WHERE lane = new.lane AND key = new.key
                    AND partition = new.partition AND offset > new.offset AND NOT replayed)
                AND behind AND NOT replayed AND NOT waiting;
        END;

        DROP TRIGGER parked_removed;
        CREATE TRIGGER parked_removed AFTER DELETE ON parked WHEN NOT old.replayed AND EXISTS (
            SELECT 1 FROM parked
            WHERE behind AND NOT replayed AND lane = old.lane AND key = old.key AND partition = old.partition
        ) BEGIN
            UPDATE parked SET waiting = 0
                WHERE lane = old.lane AND key = old.key AND partition = old.partition AND offset = (
                    SELECT min(offset) FROM parked WHERE lane = old.lane AND key = old.key
                    AND partition = old.partition AND NOT replayed)
                AND waiting;
        END;

        ALTER TABLE dead ADD COLUMN state TEXT NOT NULL DEFAULT 'open';
        ALTER TABLE dead ADD COLUMN replay_job TEXT NOT NULL DEFAULT '';
        ALTER TABLE dead ADD COLUMN note TEXT NOT NULL DEFAULT '';
        ALTER TABLE dead ADD COLUMN status INTEGER;
        ALTER TABLE dead ADD COLUMN source TEXT;
        ALTER TABLE dead ADD COLUMN event_name TEXT;
        ALTER TABLE dead ADD COLUMN place INTEGER;
        CREATE INDEX dead_place ON dead (place) WHERE state = 'open';
        CREATE INDEX dead_unread ON dead (id) WHERE place IS NULL;

        ALTER TABLE exclusions ADD COLUMN waits INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX exclusions_waiting ON exclusions (place) WHERE waits;

        CREATE TABLE routes (integration TEXT PRIMARY KEY, body BLOB NOT NULL) WITHOUT ROWID;

        CREATE TABLE replays (
            id TEXT PRIMARY KEY,
            started_ms INTEGER NOT NULL,
            updated_ms INTEGER NOT NULL,
            body BLOB NOT NULL
        ) WITHOUT ROWID
        """,
    ),
)

OFFSET_BITS = 48


def position_of(number: int) -> Position:
    """The position that a place stands for."""
    return Position(number >> OFFSET_BITS, number & ((1 << OFFSET_BITS) - 1))


def place(position: Position) -> int:
    """A position as one number, in the order of (partition, offset)."""
    return position.partition << OFFSET_BITS | position.offset
