"""Who may come in and with which contracts: the gateway's view of a workspace, made once and swapped as a whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping

import msgspec

from paceline.model.record import Verdict
from paceline.model.settings import GatewayLimits, GatewaySettings


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A sender of events, as the gateway knows it. `is_strict` refuses what breaks a contract instead of keeping it."""

    name: str
    is_strict: bool = False


class ContractCheck(msgspec.Struct, frozen=True, kw_only=True):
    """One contract at the door: its CloudEvents `dataschema`, and what judges an event (None means that it fits)."""

    dataschema: str
    judge: Callable[[dict[str, object]], Verdict | None]


class Door(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of the workspace that the gateway needs. Replaced as a whole when the workspace changes.

    `sources` is keyed by the SHA-256 hex digest of a write key, `contracts` by record type (`track:Order Completed`).
    """

    settings: GatewaySettings
    sources: Mapping[str, Source]
    contracts: Mapping[str, ContractCheck]

    @property
    def limits(self) -> GatewayLimits:
        """The limits at the door."""
        return self.settings.limits

    def find_source(self, write_key: str) -> Source | None:
        """The source that owns a write key. The key is hashed first, so the look-up's time tells nothing about it."""
        return self.sources.get(hash_write_key(write_key))


def hash_write_key(write_key: str) -> str:
    """The SHA-256 hex digest under which a write key is known.

    >>> hash_write_key("demo")[:12]
    '2a97516c354b'
    """
    return hashlib.sha256(write_key.encode(errors="surrogatepass")).hexdigest()
