"""What fake vendors received: counted in memory, kept in an append-only file."""

from __future__ import annotations

import os
import time
from collections import deque
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

FILE_NAME = "received.jsonl"
LATEST_REQUESTS = 20


class ReceivedRequest(msgspec.Struct, frozen=True, kw_only=True):
    """One accepted request: a line of the file. `ids` are the items' idempotency keys, in order."""

    connector: str
    received_ms: int
    ids: Sequence[str]
    actions: Sequence[str] = ()
    integration: str = ""
    method: str = ""
    url: str = ""
    body: msgspec.Raw | None = None


class _Restored(msgspec.Struct, frozen=True):
    connector: str
    ids: list[str]


class Account(msgspec.Struct, kw_only=True):
    """What one vendor received so far."""

    requests: int = 0
    items: int = 0
    refused_requests: int = 0
    refused_items: int = 0
    misbehaved: int = 0
    ids: set[str] = msgspec.field(default_factory=set)
    latest: deque[ReceivedRequest] = msgspec.field(default_factory=lambda: deque(maxlen=LATEST_REQUESTS))


class Received:
    """The accounts of all fake vendors.

    `folder` keeps the file; None keeps everything in memory. With `keeps_bodies` false only ids are written. A file of
    an earlier run is read first, so a fake vendor that is restarted goes on counting.
    """

    def __init__(self, folder: Path | None = None, *, keeps_bodies: bool = True) -> None:
        self._keeps_bodies = keeps_bodies
        self._accounts: dict[str, Account] = {}
        self._path = folder / FILE_NAME if folder is not None else None
        self._file = -1
        if self._path is not None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._restore(self._path)
            self._open()

    def account(self, connector: str) -> Account:
        """A vendor's account; an empty one when nothing came yet."""
        return self._accounts.setdefault(connector, Account())

    def note(self, request: ReceivedRequest, raw: bytes) -> None:
        """Count a request that was taken, and write it down before it is answered."""
        account = self.account(request.connector)
        account.requests += 1
        account.items += len(request.ids)
        account.ids.update(request.ids)
        kept = msgspec.structs.replace(request, body=msgspec.Raw(raw)) if raw and self._keeps_bodies else request
        account.latest.append(kept)
        if self._file >= 0:
            os.write(self._file, msgspec.json.encode(kept) + b"\n")

    def summary(self, connector: str, *, with_ids: bool = False) -> Mapping[str, object]:
        """A vendor's account for people and tests."""
        account = self.account(connector)
        summary: dict[str, object] = {
            "connector": connector,
            "requests": account.requests,
            "items": account.items,
            "distinct": len(account.ids),
            "duplicates": account.items - len(account.ids),
            "refused_requests": account.refused_requests,
            "refused_items": account.refused_items,
            "misbehaved": account.misbehaved,
            "latest": list(account.latest),
        }
        if with_ids:
            summary["ids"] = sorted(account.ids)
        return summary

    def reset(self, connector: str | None = None) -> None:
        """Forget one vendor's account, or all. The file starts anew when all are forgotten."""
        if connector is not None:
            self._accounts.pop(connector, None)
            return
        self._accounts.clear()
        if self._path is not None:
            os.close(self._file)
            self._path.unlink(missing_ok=True)
            self._open()

    def close(self) -> None:
        """Close the file."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _open(self) -> None:
        assert self._path is not None
        self._file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def _restore(self, path: Path) -> None:
        if not path.exists():
            return
        decoder = msgspec.json.Decoder(_Restored)
        with path.open("rb") as lines:
            for line in lines:
                try:
                    known = decoder.decode(line)
                except msgspec.DecodeError:
                    continue  # the last line of a process that was killed
                account = self.account(known.connector)
                account.requests += 1
                account.items += len(known.ids)
                account.ids.update(known.ids)


def now_ms() -> int:
    """Unix milliseconds."""
    return time.time_ns() // 1_000_000
