"""The bus on Apache Kafka. Needs the extra `kafka`.

    bus = KafkaBus(settings.KafkaBus(bootstrap=["localhost:9092"], topic_prefix="shop."), root=Path("shop"))
    await bus.append("events", records)
    ...
    await bus.close()

What lies where, and who decides:

- A record is one Kafka message, CloudEvents 1.0 in binary mode (`wire.py`), in the partition of its ordering key.
- Positions of readers live in the store, never in Kafka: readers are assigned their partitions and offsets by hand, no
  consumer group balances. Who runs a lane is decided by the store's leases, whose epoch every commit carries, so that
  the same transaction which moves a position also knows whether its writer still may.
- A canonical record says which record of `events` it was made from (`ce_origin`) and which place it has in its
  partition (`ce_at`). A writer begins behind the last origin that it finds; a reader leaves out what repeats. So a
  repeated append doubles nothing, also when a worker that was thought dead had something on its way. A Kafka
  transaction would do the same, but its markers take offsets, and positions in `events` and `canonical` would differ.
"""

from paceline.drivers.bus.kafka.bus import KafkaBus

__all__ = ["KafkaBus"]
