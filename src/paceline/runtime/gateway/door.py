"""Who may come in and with which contracts: the gateway's view of a workspace, made once and swapped as a whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence

import msgspec

from paceline.admission.door_policy import Judgement, judge_undeclared
from paceline.model.door import DoorRules
from paceline.model.settings import GatewayLimits, GatewaySettings, Quota, WebhookSettings

Judge = Callable[[dict[str, object]], Judgement]
"""Judges one event by its contract. The event is not changed."""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """A sender of events, as the gateway knows it.

    `judges` are the contracts for this source, by record type (`track:Order Completed`); `rules` say what becomes of an
    event that none of them describes.
    """

    name: str
    judges: Mapping[str, Judge] = {}
    rules: DoorRules = DoorRules()
    quota: Quota | None = None

    def judge(self, record_type: str, event: dict[str, object]) -> Judgement:
        """What the door does with an event of this source."""
        judge = self.judges.get(record_type)
        return judge_undeclared(record_type, self.rules) if judge is None else judge(event)


class WebhookSource(msgspec.Struct, frozen=True, kw_only=True):
    """A source whose requests a vendor signs. `secrets` are the ones that count, the newest first."""

    source: Source
    settings: WebhookSettings
    secrets: Sequence[str]

    def __repr__(self) -> str:
        return f"WebhookSource({self.source.name}, {self.settings.scheme})"


class WebhookAddress(msgspec.Struct, frozen=True, kw_only=True):
    """Where a vendor sends to: /v1/in/<name>, the name of a webhook source or of an integration that reads one.

    `since_ms` and `ends_ms` are when it was said that the address ends, and when it does (Unix milliseconds, 0 for
    never); `plan` is a document about it. With `is_refused` it is closed once it has ended.
    """

    source: str
    since_ms: int = 0
    ends_ms: int = 0
    plan: str = ""
    is_refused: bool = False
    replacement: str = ""


class Door(msgspec.Struct, frozen=True, kw_only=True):
    """Everything of the workspace that the gateway needs. Replaced as a whole when the workspace changes.

    `sources` is keyed by the SHA-256 hex digest of a write key, `webhooks` by the source's name, `addresses` by what
    stands behind /v1/in/; `dataschemas` are the newest contract versions.
    """

    settings: GatewaySettings
    sources: Mapping[str, Source]
    webhooks: Mapping[str, WebhookSource] = {}
    addresses: Mapping[str, WebhookAddress] = {}
    dataschemas: Sequence[str] = ()

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
