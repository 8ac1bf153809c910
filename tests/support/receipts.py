"""The count after a disturbance: what clients were promised against what the vendor got."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence, Set
from dataclasses import dataclass


@dataclass(frozen=True)
class Receipt:
    """One event as a vendor received it: its message id, and the idempotency key that it came with."""

    message_id: str
    key: str


def find_breaches(
    receipts: Sequence[Receipt], *, acknowledged: Set[str], unanswered: Set[str], most_doubled: int
) -> list[str]:
    """Every promise that was not kept, one sentence each.

    An acknowledged event arrives; an unanswered one may; nothing else does. At most `most_doubled` arrivals are
    repetitions, and a repetition has the idempotency key of the first. Two events never share a key.
    """
    breaches: list[str] = []
    arrivals = Counter(receipt.message_id for receipt in receipts)
    keys: dict[str, set[str]] = defaultdict(set)
    owners: dict[str, set[str]] = defaultdict(set)
    for receipt in receipts:
        keys[receipt.message_id].add(receipt.key)
        owners[receipt.key].add(receipt.message_id)
    if lost := acknowledged - arrivals.keys():
        breaches.append(f"{len(lost)} acknowledged events were lost, such as {min(lost)}")
    if strange := arrivals.keys() - acknowledged - unanswered:
        breaches.append(f"{len(strange)} events came that nobody sent, such as {min(strange)}")
    if (doubled := arrivals.total() - len(arrivals)) > most_doubled:
        breaches.append(f"{doubled} events came again, at most {most_doubled} may")
    if rekeyed := [message_id for message_id, seen in keys.items() if len(seen) > 1]:
        breaches.append(f"{len(rekeyed)} events came again under another key, such as {min(rekeyed)}")
    if shared := [key for key, events in owners.items() if len(events) > 1]:
        breaches.append(f"{len(shared)} keys stand for several events, such as {min(shared)}")
    return breaches
