"""What a fake vendor answers, in the vendor's own form."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from typing import assert_never

import msgspec

from paceline.model.connector import ItemResults, ItemTable, Manifest, SampleAnswer, WaitUnit


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """An answer on its way out."""

    status: int
    headers: Mapping[str, str] = {}
    body: bytes = b""


def reply_like(sample: SampleAnswer, *, status: int | None = None, headers: Mapping[str, str] | None = None) -> Reply:
    """The vendor's sample as an answer, with another status or further headers."""
    body = b"" if sample.body is None else msgspec.json.encode(sample.body)
    return Reply(status=status or sample.status, headers={**sample.headers, **(headers or {})}, body=body)


def wait_headers(manifest: Manifest, secs: float, *, now_ms: int) -> Mapping[str, str]:
    """Every header by which this vendor asks to wait, asking for `secs`."""
    return {source.header: _write_wait(source.unit, secs, now_ms) for source in manifest.answers.retry_after}


def _write_wait(unit: WaitUnit, secs: float, now_ms: int) -> str:
    match unit:
        case WaitUnit.HTTP | WaitUnit.SECS:
            return f"{secs:g}"
        case WaitUnit.MS:
            return f"{secs * 1000:.0f}"
        case WaitUnit.EPOCH_SECS:
            return f"{now_ms / 1000 + secs:.3f}"
        case WaitUnit.EPOCH_MS:
            return f"{now_ms + secs * 1000:.0f}"
        case _:
            assert_never(unit)


def reply_accepted(manifest: Manifest, items: int) -> Reply:
    """The vendor's yes to a request: where it speaks of each item, the sample's first entry once for each."""
    sample = manifest.samples.accepted
    for table in manifest.answers.items:
        entries = _value_at(sample.body, table.at)
        if table.form is ItemResults.RESULTS and isinstance(entries, list) and entries:
            body = _with(copy.deepcopy(sample.body), table.at, entries[:1] * items)
            return Reply(status=sample.status, headers=sample.headers, body=msgspec.json.encode(body))
    return reply_like(sample)


def reply_partially(manifest: Manifest, failed: Mapping[int, str], items: int) -> Reply | None:
    """An answer that takes some items and names the `failed` ones (index -> message); None where a vendor cannot."""
    sample = manifest.samples.partial
    if sample is None or not manifest.answers.items:
        return None
    table = manifest.answers.items[0]
    body = copy.deepcopy(sample.body)
    entries = _value_at(body, table.at)
    template = entries[0] if isinstance(entries, list) and entries else {}
    body = _with(body, table.at, _entries(table, template, failed, items))
    return Reply(status=sample.status, headers=sample.headers, body=msgspec.json.encode(body))


def _entries(table: ItemTable, template: object, failed: Mapping[int, str], items: int) -> Sequence[object]:
    if table.form is ItemResults.INDEXES:
        return sorted(failed)
    entries: list[object] = []
    for index in range(items) if table.form is ItemResults.RESULTS else sorted(failed):
        entry = copy.deepcopy(template)
        if table.form is ItemResults.FAILURES:
            _put(entry, table.index_at, index)
        elif table.ok_at is not None:
            _put(entry, table.ok_at, index not in failed)
        if table.message_at is not None and index in failed:
            _put(entry, table.message_at, failed[index])
        entries.append(entry)
    return entries


def _value_at(value: object, pointer: str) -> object:
    for key in pointer.split("/")[1:]:
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _with(body: object, pointer: str, new: object) -> object:
    """The body with a new value at a pointer, of which the empty one is the whole body."""
    if not pointer:
        return new
    _put(body, pointer, new)
    return body


def _put(value: object, pointer: str, new: object) -> None:
    *outer, last = pointer.split("/")[1:]
    for key in outer:
        value = value[key] if isinstance(value, dict) else None
    if isinstance(value, dict):
        value[last] = new
