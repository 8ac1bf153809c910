"""Which deliveries share a request. Pure."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence

from paceline.model.delivery import Delivery

BatchKey = tuple[Hashable, ...]


def make_batches(
    deliveries: Sequence[Delivery],
    *,
    batch_key: Callable[[Delivery], Hashable],
    max_items: Callable[[Delivery], int],
    distinct_keys: bool = False,
) -> list[list[Delivery]]:
    """Split deliveries into batches, each in the order given.

    Deliveries share a batch when `batch_key` is equal and fewer than `max_items` are in it. With `distinct_keys` a
    batch holds each ordering key once, and batches keep the order of every key when they are sent one after the other:
    a delivery never goes into a batch before one that holds its key.
    """
    batches: list[list[Delivery]] = []
    open_batches: dict[Hashable, int] = {}
    last_batch_of: dict[str, int] = {}
    for delivery in deliveries:
        group = batch_key(delivery)
        index = open_batches.get(group)
        is_full = index is None or len(batches[index]) >= max_items(delivery)
        if is_full or (distinct_keys and last_batch_of.get(delivery.key, -1) >= (index or 0)):
            index = len(batches)
            batches.append([])
            open_batches[group] = index
        assert index is not None
        batches[index].append(delivery)
        last_batch_of[delivery.key] = index
    return batches
