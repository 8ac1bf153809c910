"""The grown-up store: PostgreSQL, for any number of workers on any number of machines. Needs the extra `postgres`.

    store = PostgresStore("postgresql://paceline@db.example/paceline?sslmode=verify-full", DedupSettings())
    state = await store.open_lane("customerio_onboarding", start)
    ...
    await store.close()

A step of a lane is one statement, or one pipeline of statements, that the server carries out as one transaction; it
holds arrays and never a statement an event. The fence is checked inside it. Nothing waits for another lane: a lane has
one owner, and the rows of its ledger are its own. `SKIP LOCKED` has no place here, since no two workers ever take from
one retry table. What several processes may do at once (leases, replays) waits for nobody but itself.

The constructor makes the tables where there are none and raises StorageError when the server or they cannot be used.
Beyond the port there are `dedup_state`, `trim`, `needed_from` and `letters_need_from`, as in the embedded store.
"""

from paceline.drivers.store.postgres.store import DedupState, PostgresStore

__all__ = ["DedupState", "PostgresStore"]
