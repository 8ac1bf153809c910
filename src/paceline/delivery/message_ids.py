"""Idempotency keys in the forms that vendors take, all computed from the delivery's id. Pure."""

from __future__ import annotations

import functools
import hashlib
from collections.abc import Callable, Sequence
from typing import assert_never

from paceline.model.connector import IdForm
from paceline.model.delivery import Item

_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_CROCKFORD_PAIRS = [high + low for high in _CROCKFORD for low in _CROCKFORD]


def message_id(items: Sequence[Item], form: IdForm) -> str:
    """One delivery's id; for several, a digest of their ids: the same batch repeated has the same id."""
    if len(items) == 1:
        return write_id(items[0], form)
    return "batch_" + hashlib.sha256("\0".join(item.delivery_id for item in items).encode()).hexdigest()[:40]


def write_id(item: Item, form: IdForm) -> str:
    """The delivery's id in the form that a vendor takes; as constant as the id and the time of the event.

    >>> write_id(Item(delivery_id="d1", payload={}, occurred_ms=1767225600000), IdForm.ULID)
    '01KDVDNA00HD9P77RN5J7WDVSG'
    """
    return id_writer(form)(item)


def id_writer(form: IdForm) -> Callable[[Item], str]:
    """The function that writes ids in a form; chosen once, called for every item."""
    match form:
        case IdForm.TEXT:
            return _delivery_id
        case IdForm.UUID:
            return _write_uuid
        case IdForm.ULID:
            return _write_ulid
        case _:
            assert_never(form)


def _delivery_id(item: Item) -> str:
    return item.delivery_id


def _write_uuid(item: Item) -> str:
    # Version 8 (RFC 9562, section 5.8): our own hash, with the version and variant bits where they belong.
    digest = hashlib.sha256(item.delivery_id.encode("utf-8", "surrogatepass")).digest()
    number = (int.from_bytes(digest[:16]) & ~(0xF << 76) & ~(0x3 << 62)) | (0x8 << 76) | (0x2 << 62)
    text = f"{number:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _write_ulid(item: Item) -> str:
    # https://github.com/ulid/spec, read 2026-11-23: 48 bits of Unix milliseconds, then 80 bits, in Crockford's base 32.
    # Unrolled, two letters at a time: every event for a vendor that takes ULIDs passes here.
    digest = hashlib.sha256(item.delivery_id.encode("utf-8", "surrogatepass")).digest()
    high, low = int.from_bytes(digest[:5]), int.from_bytes(digest[5:10])
    two = _CROCKFORD_PAIRS
    return (
        f"{_ulid_time(item.occurred_ms)}"
        f"{two[high >> 30]}{two[high >> 20 & 1023]}{two[high >> 10 & 1023]}{two[high & 1023]}"
        f"{two[low >> 30]}{two[low >> 20 & 1023]}{two[low >> 10 & 1023]}{two[low & 1023]}"
    )


@functools.lru_cache(maxsize=4096)
def _ulid_time(unix_ms: int) -> str:
    bounded = max(0, unix_ms) & (1 << 48) - 1
    return "".join(_CROCKFORD_PAIRS[bounded >> shift & 1023] for shift in range(40, -1, -10))
