"""The embedded bus: one SQLite file a topic, WAL, synchronous=FULL, group commit.

    bus = SqliteBus(Path(".paceline/bus"), partitions=4)
    await bus.append("events", records)
    ...
    await bus.close()

The constructor only makes the folder; a topic's file is created or opened when it is first used. Gateway and workers
may be different processes, and several may append to one topic. Beyond the port there is `trim`, the housekeeping
that somebody who knows the lanes' cursors must call now and then.
"""

from paceline.drivers.bus.sqlite.bus import SqliteBus

__all__ = ["SqliteBus"]
