"""The embedded store: one SQLite file, WAL, synchronous=FULL; commits of several lanes share a transaction.

    store = SqliteStore(Path(".paceline/store.db"), DedupSettings())
    state = await store.open_lane("customerio_onboarding", start)
    ...
    await store.close()

The constructor opens, creates or migrates the file and raises StorageError when it cannot; message ids are read into
memory by `open_admission`, so that only the process that runs the process loop pays for them. Several processes may
use one file. Beyond the port there are `dedup_state` (size and window of the deduplication, to be shown), `trim`, and
`needed_from`, which says how far the bus may be trimmed.
"""

from paceline.drivers.store.sqlite.store import DedupState, SqliteStore

__all__ = ["DedupState", "SqliteStore"]
