"""The tables of the store in PostgreSQL.

`waiting` in `parked` is kept by the triggers: it is set on a row that is `behind` while an earlier place of its key is
parked, in the same partition. So finding what is due needs one index, however many rows wait; `parked_behind` is
empty, and the triggers cost little, where no lane keeps order. Rows of replays (`replayed`) have no part in it. Keys
are bytes, since a text of PostgreSQL holds no NUL, and are looked up by a digest, since an index takes no long ones.
A letter that was sent again stays in `dead`, in state `replaying`; once its delivery is not parked any more, that
means resolved, so that nothing has to be written when it is delivered.
`opened` in `leases` counts how often the lease's holder has begun with the lane: a commit of before the last beginning
is refused, like one of an earlier epoch. It may be one whose connection was lost while the server went on with it.
Positions as one number (`place`) have the partition in the upper bits.
The journal of message ids has a fixed ring of partitions: the oldest one is emptied and used again, no row is deleted.
"""

from __future__ import annotations

from paceline.drivers.postgres_schema import Migration
from paceline.model.record import Position

ADMISSION = "admission"
"""The name under which the process loop has its cursors and counts. No lane may be called that."""

SLICES = 8
"""How many partitions the journal has; `schema` version 1 makes as many."""

_STORE = (
    """
    CREATE TABLE lanes (
        lane text COLLATE "C" PRIMARY KEY,
        first_delivered_ms bigint NOT NULL DEFAULT 0,
        read_again bigint NOT NULL DEFAULT 0
    )
    """,
    "INSERT INTO lanes VALUES ('admission')",
    # Rows of the next two change with every commit: room on their pages lets PostgreSQL do that without the indexes.
    """
    CREATE TABLE cursors (
        lane text COLLATE "C" NOT NULL,
        log_partition int NOT NULL,
        next_offset bigint NOT NULL,
        start_offset bigint NOT NULL,
        PRIMARY KEY (lane, log_partition)
    ) WITH (fillfactor = 20)
    """,
    """
    CREATE TABLE ledger (
        lane text COLLATE "C" NOT NULL,
        fate text COLLATE "C" NOT NULL,
        rule text COLLATE "C" NOT NULL,
        count bigint NOT NULL,
        PRIMARY KEY (lane, fate, rule)
    ) WITH (fillfactor = 20)
    """,
    """
    CREATE TABLE parked (
        lane text COLLATE "C" NOT NULL,
        delivery_id text COLLATE "C" NOT NULL,
        key bytea NOT NULL,
        key_id bytea NOT NULL,
        log_partition int NOT NULL,
        log_offset bigint NOT NULL,
        due_ms bigint NOT NULL,
        behind boolean NOT NULL,
        waiting boolean NOT NULL DEFAULT false,
        replayed boolean NOT NULL,
        replay_job text COLLATE "C" NOT NULL,
        body bytea NOT NULL,
        PRIMARY KEY (lane, delivery_id)
    )
    """,
    """
    CREATE INDEX parked_due ON parked (lane, replayed, due_ms, log_partition, log_offset, delivery_id)
        WHERE NOT waiting
    """,
    "CREATE INDEX parked_key ON parked (lane, key_id, log_partition, log_offset) WHERE NOT replayed",
    "CREATE INDEX parked_behind ON parked (lane, key_id, log_partition, waiting) WHERE behind AND NOT replayed",
    "CREATE INDEX parked_replay ON parked (replay_job) WHERE replayed",
    """
    CREATE FUNCTION parked_added() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
    BEGIN
        IF EXISTS (
            SELECT 1 FROM added a JOIN parked p USING (lane, key_id, log_partition)
            WHERE NOT a.replayed AND p.behind AND NOT p.replayed
        ) THEN
            UPDATE parked p SET waiting = true
            FROM (SELECT DISTINCT lane, key_id, log_partition FROM added WHERE NOT replayed) a
            WHERE p.lane = a.lane AND p.key_id = a.key_id AND p.log_partition = a.log_partition
                AND p.behind AND NOT p.replayed AND NOT p.waiting
                AND EXISTS (
                    SELECT 1 FROM parked e
                    WHERE e.lane = p.lane AND e.key_id = p.key_id AND e.log_partition = p.log_partition
                        AND e.log_offset < p.log_offset AND NOT e.replayed);
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER parked_added AFTER INSERT ON parked REFERENCING NEW TABLE AS added
        FOR EACH STATEMENT EXECUTE FUNCTION parked_added()
    """,
    """
    CREATE FUNCTION parked_removed() RETURNS trigger LANGUAGE plpgsql SET search_path FROM CURRENT AS $$
    BEGIN
        IF EXISTS (
            SELECT 1 FROM gone g JOIN parked p USING (lane, key_id, log_partition)
            WHERE NOT g.replayed AND p.behind AND NOT p.replayed
        ) THEN
            UPDATE parked p SET waiting = false
            FROM (SELECT DISTINCT lane, key_id, log_partition FROM gone WHERE NOT replayed) g
            WHERE p.lane = g.lane AND p.key_id = g.key_id AND p.log_partition = g.log_partition
                AND p.waiting AND NOT p.replayed
                AND p.log_offset = (
                    SELECT e.log_offset FROM parked e
                    WHERE e.lane = g.lane AND e.key_id = g.key_id AND e.log_partition = g.log_partition
                        AND NOT e.replayed
                    ORDER BY e.log_offset LIMIT 1);
        END IF;
        RETURN NULL;
    END $$
    """,
    """
    CREATE TRIGGER parked_removed AFTER DELETE ON parked REFERENCING OLD TABLE AS gone
        FOR EACH STATEMENT EXECUTE FUNCTION parked_removed()
    """,
    "CREATE SEQUENCE letters",
    """
    CREATE TABLE dead (
        id bigint PRIMARY KEY DEFAULT nextval('letters'),
        lane text COLLATE "C" NOT NULL,
        delivery_id text COLLATE "C" NOT NULL,
        letter_class text COLLATE "C" NOT NULL,
        last_failed_ms bigint NOT NULL,
        state text COLLATE "C" NOT NULL DEFAULT 'open',
        replay_job text COLLATE "C" NOT NULL,
        note text NOT NULL DEFAULT '',
        status int,
        source text COLLATE "C" NOT NULL,
        event_name text COLLATE "C" NOT NULL,
        place bigint NOT NULL,
        body bytea NOT NULL,
        UNIQUE (lane, delivery_id)
    )
    """,
    "CREATE INDEX dead_lane ON dead (lane, id)",
    "CREATE INDEX dead_age ON dead (last_failed_ms)",
    "CREATE INDEX dead_place ON dead (place) WHERE state = 'open'",
    """
    CREATE TABLE exclusions (
        place bigint PRIMARY KEY,
        fate text COLLATE "C" NOT NULL,
        at_ms bigint NOT NULL,
        waits boolean NOT NULL,
        body bytea NOT NULL
    )
    """,
    "CREATE INDEX exclusions_age ON exclusions (at_ms, place)",
    "CREATE INDEX exclusions_waiting ON exclusions (place) WHERE waits",
    "CREATE SEQUENCE journal",
    """
    CREATE TABLE seen (
        slice int NOT NULL,
        id bigint NOT NULL DEFAULT nextval('journal'),
        at_ms bigint NOT NULL,
        fingerprints bytea NOT NULL
    ) PARTITION BY LIST (slice)
    """,
    "CREATE TABLE seen_0 PARTITION OF seen FOR VALUES IN (0)",
    "CREATE TABLE seen_1 PARTITION OF seen FOR VALUES IN (1)",
    "CREATE TABLE seen_2 PARTITION OF seen FOR VALUES IN (2)",
    "CREATE TABLE seen_3 PARTITION OF seen FOR VALUES IN (3)",
    "CREATE TABLE seen_4 PARTITION OF seen FOR VALUES IN (4)",
    "CREATE TABLE seen_5 PARTITION OF seen FOR VALUES IN (5)",
    "CREATE TABLE seen_6 PARTITION OF seen FOR VALUES IN (6)",
    "CREATE TABLE seen_7 PARTITION OF seen FOR VALUES IN (7)",
    """
    CREATE TABLE throttles (
        account text COLLATE "C" PRIMARY KEY,
        paused_until_ms bigint NOT NULL DEFAULT 0,
        first_turn_ms double precision NOT NULL DEFAULT 0,
        next_turn_ms double precision NOT NULL DEFAULT 0
    ) WITH (fillfactor = 50)
    """,
    """
    CREATE TABLE workers (
        worker text COLLATE "C" PRIMARY KEY,
        until_ms bigint NOT NULL,
        lock_key bigint NOT NULL,
        server_started timestamptz NOT NULL
    ) WITH (fillfactor = 50)
    """,
    """
    CREATE TABLE leases (
        name text COLLATE "C" PRIMARY KEY,
        worker text COLLATE "C" NOT NULL,
        epoch bigint NOT NULL,
        opened bigint NOT NULL DEFAULT 0
    ) WITH (fillfactor = 50)
    """,
    """
    CREATE TABLE routes (integration text COLLATE "C" PRIMARY KEY, body bytea NOT NULL)
    """,
    """
    CREATE TABLE replays (
        id text COLLATE "C" PRIMARY KEY,
        started_ms bigint NOT NULL,
        updated_ms bigint NOT NULL,
        body bytea NOT NULL
    )
    """,
)

MIGRATIONS = (
    Migration(name="the store", forward=_STORE, back=(), usable_from=1),
    Migration(
        name="the audit log",
        forward=("CREATE TABLE IF NOT EXISTS audit (number bigint PRIMARY KEY, line bytea NOT NULL)",),
        back=(),  # the version before does not look at the table, and nobody may lose an audit log
        usable_from=1,
    ),
)

_OFFSET_BITS = 48


OFFSET_MASK = (1 << _OFFSET_BITS) - 1


def partition_of(number: int) -> int:
    """The partition of a place."""
    return number >> _OFFSET_BITS


def first_place(partition: int) -> int:
    """The lowest place of a partition."""
    return partition << _OFFSET_BITS


def place(position: Position) -> int:
    """A position as one number, in the order of (partition, offset)."""
    return position.partition << _OFFSET_BITS | position.offset
