"""Sends a test campaign through a local run and judges what became of it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence

import msgspec

from paceline.assemble.adapters import waiting_sources
from paceline.assemble.campaign import Campaign, Expectation, build_campaign, expect
from paceline.assemble.client import GatewayClient
from paceline.assemble.door import build_door
from paceline.assemble.inspection import inspect, read_ledgers
from paceline.assemble.local_run import LocalRun
from paceline.assemble.opening import OpenWorkspace
from paceline.errors import UsageError
from paceline.observe.ledger import LaneLedger
from paceline.runtime.normalize import lane_name

BATCH_EVENTS = 50
SETTLE_SECS = 60.0
WRITE_KEY_VARIABLE = "PACELINE_WRITE_KEY"


class VendorResult(msgspec.Struct, frozen=True, kw_only=True):
    """What one vendor should have received and what it has.

    `missing` were due and did not arrive; `refused` could not be mapped although their contract holds.
    """

    connector: str
    integrations: list[str]
    expected: int
    received: int
    repeated: int
    missing: int
    refused: int

    @property
    def is_good(self) -> bool:
        """Whether exactly what was due arrived, each once."""
        return self.missing == self.repeated == self.refused == 0 and self.received == self.expected


class RehearsalReport(msgspec.Struct, frozen=True, kw_only=True):
    """The whole story: what was sent, what the gateway said, what the vendors got, and the accounts."""

    sent: int
    verdicts: dict[str, int]
    vendors: list[VendorResult]
    ledgers: list[LaneLedger]
    is_settled: bool
    secs: float

    @property
    def is_good(self) -> bool:
        """Whether every event arrived where it was due and every account adds up."""
        accounts = all(one.adds_up for one in self.ledgers)
        return self.is_settled and accounts and all(vendor.is_good for vendor in self.vendors)


class Progress(msgspec.Struct, frozen=True):
    """How far the rehearsal is: events the gateway answered for, and events that have their fate in every lane."""

    sent: int
    settled: int
    total: int


def rehearse(run: LocalRun, opened: OpenWorkspace, *, users: int, tell: Callable[[Progress], None]) -> RehearsalReport:
    """Send the campaign, wait until every lane has settled, and compare with what the files say must arrive.

    Raises UsageError when no write key is known (PACELINE_WRITE_KEY in the environment or in `.env`).
    """
    started = time.monotonic()
    now_ms = time.time_ns() // 1_000_000
    write_key = require_write_key(opened.environment)
    campaign = build_campaign(opened.workspace.samples, users=users, name=f"c{now_ms:x}", now_ms=now_ms)
    expected = expect(opened, campaign, source_of(opened, write_key), now_ms)
    before = {connector: _received(run, connector) for connector in {one.connector for one in expected}}
    verdicts = _send(run, write_key, campaign, tell)
    ledgers, is_settled = _wait_until_settled(opened, campaign, tell)
    return RehearsalReport(
        sent=campaign.sent,
        verdicts=verdicts,
        vendors=_compare(run, expected, before),
        ledgers=ledgers,
        is_settled=is_settled,
        secs=time.monotonic() - started,
    )


def require_write_key(environment: Mapping[str, str], given: str | None = None) -> str:
    """The write key to send with: the one given, or the workspace's. Raises UsageError."""
    write_key = given or environment.get(WRITE_KEY_VARIABLE)
    if not write_key:
        raise UsageError(
            "no write key is known",
            remedy=f"pass --write-key, or set {WRITE_KEY_VARIABLE} in the environment or in the workspace's .env",
        )
    return write_key


def source_of(opened: OpenWorkspace, write_key: str) -> str:
    """The name of the source that a write key belongs to. Raises UsageError when it belongs to none."""
    source = build_door(opened).find_source(write_key)
    if source is None:
        raise UsageError(
            "the write key belongs to no source of this workspace",
            where="paceline.yaml (sources)",
            remedy="paceline keys hash KEY prints the line to add to a source's write_keys",
        )
    return source.name


def _send(run: LocalRun, write_key: str, campaign: Campaign, tell: Callable[[Progress], None]) -> dict[str, int]:
    verdicts: Counter[str] = Counter()
    client = GatewayClient(run.gateway_url, write_key)
    try:
        for events in (campaign.events, campaign.repeated):
            for first in range(0, len(events), BATCH_EVENTS):
                verdicts.update(one.verdict for one in client.send(events[first : first + BATCH_EVENTS]))
                tell(Progress(sent=verdicts.total(), settled=0, total=campaign.sent))
    finally:
        client.close()
    return dict(verdicts)


def _wait_until_settled(
    opened: OpenWorkspace, campaign: Campaign, tell: Callable[[Progress], None]
) -> tuple[list[LaneLedger], bool]:
    """Wait until nothing is on its way in any lane; give up after a while without progress."""
    last_progress = time.monotonic()
    outstanding = -1
    # What is kept for an adapter that is not there yet stays where it is.
    kept = {lane_name(source) for source in waiting_sources(opened.workspace.settings.sources)}
    while True:
        ledgers = inspect(opened.workspace.path, read_ledgers)
        moving = [one.in_flight + one.parked for one in ledgers if one.integration not in kept]
        now_outstanding = max(moving, default=campaign.sent)
        tell(Progress(sent=campaign.sent, settled=max(campaign.sent - now_outstanding, 0), total=campaign.sent))
        has_lanes = len(ledgers) > len(opened.workspace.integrations)
        if has_lanes and now_outstanding == 0:
            return ledgers, True
        if now_outstanding != outstanding:
            outstanding, last_progress = now_outstanding, time.monotonic()
        if time.monotonic() - last_progress > SETTLE_SECS:
            return ledgers, False
        time.sleep(0.1)


class _Received(msgspec.Struct, frozen=True):
    """A fake vendor's count: items it took, and how many different ones."""

    items: int
    distinct: int


def _received(run: LocalRun, connector: str) -> _Received:
    return msgspec.convert(run.received(connector), _Received)


def _compare(run: LocalRun, expected: Sequence[Expectation], before: Mapping[str, _Received]) -> list[VendorResult]:
    results = []
    for connector in sorted(before):
        due = [one for one in expected if one.connector == connector]
        number = sum(len(one.delivery_ids) for one in due)
        after = _received(run, connector)
        received = after.distinct - before[connector].distinct
        results.append(
            VendorResult(
                connector=connector,
                integrations=[one.integration for one in due],
                expected=number,
                received=received,
                repeated=after.items - before[connector].items - received,
                missing=max(number - received, 0),
                refused=sum(one.refused for one in due),
            )
        )
    return results
