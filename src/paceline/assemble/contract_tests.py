"""Runs a workspace's contract tests: given events, what goes to the vendor, or why nothing does."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

import msgspec

from paceline.assemble.door import record_type
from paceline.assemble.lanes import CheckedTransform, compiled_mapping
from paceline.assemble.opening import OpenWorkspace
from paceline.delivery.batch import make_batches
from paceline.delivery.compare import compare
from paceline.delivery.plan import LanePlan, Refused, plan_delivery
from paceline.model.case import Case, ExpectedRefusal, ExpectedRequest
from paceline.model.delivery import Delivery, Request
from paceline.model.event import Filtered, parse_time, read_event
from paceline.model.mapping import MappingFile
from paceline.model.record import Position, Record
from paceline.ports.connector import Connector

INTEGRATION = "test"
Planned = Delivery | Filtered | Refused


class CaseResult(msgspec.Struct, frozen=True, kw_only=True):
    """One test's outcome. `differences` is empty when it passed; each is a line that a person can act on."""

    mapping: str
    name: str
    differences: list[str]
    secs: float

    @property
    def has_passed(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


def run_contract_tests(opened: OpenWorkspace, mappings: Iterable[str] = ()) -> list[CaseResult]:
    """Run the tests of the named mappings, or all of them, in order of name."""
    wanted = set(mappings)
    results = []
    for mapping, cases in sorted(opened.workspace.cases.items()):
        if not wanted or mapping in wanted:
            bench = _Bench(opened, opened.workspace.mappings[mapping])
            results += [bench.run(case) for case in cases.cases]
    return results


class _Bench:
    """One mapping, ready to be tried on cases."""

    def __init__(self, opened: OpenWorkspace, spec: MappingFile) -> None:
        self._samples = opened.workspace.samples
        self._spec = spec
        self._connector = opened.catalog.load(spec.to.connector)
        self._record_type = record_type(spec.from_.type, spec.from_.event)
        transform = CheckedTransform(compiled_mapping(spec), self._connector)
        self._plan = LanePlan(integration=INTEGRATION, sources=None, transforms={self._record_type: [transform]})

    def run(self, case: Case) -> CaseResult:
        started = time.perf_counter()
        differences = self._judge(case)
        return CaseResult(
            mapping=self._spec.mapping, name=case.name, differences=differences, secs=time.perf_counter() - started
        )

    def _judge(self, case: Case) -> list[str]:
        now = parse_time(case.now)
        if now is None:
            return [f"now: {case.now!r} is not a time such as 2026-01-01T00:00:00Z"]
        events: list[Mapping[str, object]] = []
        for given in case.events if case.events is not None else [case.event]:
            event = self._samples.get(given) if isinstance(given, str) else given
            if event is None:
                return [f"event: there is no sample {given!r}; known: {', '.join(sorted(self._samples)) or 'none'}"]
            events.append(event)
        planned = [self._apply(event, number, now) for number, event in enumerate(events)]
        if case.filtered:
            return [line for one in planned for line in _expect_filtered(one)]
        if case.refused is not None:
            return [line for one in planned for line in _expect_refused(case.refused, one)]
        deliveries = [one for one in planned if isinstance(one, Delivery)]
        stopped = [_describe(one) for one in planned if not isinstance(one, Delivery)]
        if stopped:
            return [f"expected a payload, but the event was {reason}" for reason in stopped]
        if case.requests is not None:
            return _expect_requests(case.requests, self._build(deliveries, case.settings, now))
        if case.payload is msgspec.UNSET:
            return ["the case expects nothing: give it one of payload, requests, refused and filtered"]
        return [f"payload{one}" for delivery in deliveries for one in compare(case.payload, delivery.item.payload)]

    def _apply(self, event: Mapping[str, object], number: int, now: datetime) -> Planned:
        """What a lane would make of the event, received at `now`."""
        now_ms = int(now.timestamp() * 1000)
        message_id = event.get("messageId")
        record = Record(
            id=message_id if isinstance(message_id, str) else f"message-{number + 1}",
            source=INTEGRATION,
            type=self._record_type,
            key="",
            received_ms=now_ms,
            data=msgspec.json.encode(event),
        )
        return plan_delivery(read_event(record), record.type, Position(0, number), self._plan, now_ms=now_ms)

    def _build(self, deliveries: Sequence[Delivery], settings: Mapping[str, object], now: datetime) -> list[Request]:
        connector: Connector = self._connector
        batches = make_batches(
            deliveries,
            batch_key=lambda one: (one.action, connector.batch_key(one.action, one.item.payload)),
            max_items=lambda one: connector.batch_limits(one.action).max_items,
        )
        return [
            connector.build(
                batch[0].action,
                [delivery.item for delivery in batch],
                settings,
                now_ms=int(now.timestamp() * 1000),
            )
            for batch in batches
        ]


def _expect_filtered(planned: Planned) -> list[str]:
    return [] if isinstance(planned, Filtered) else [f"expected to be filtered, but the event was {_describe(planned)}"]


def _expect_refused(expected: ExpectedRefusal, planned: Planned) -> list[str]:
    if not isinstance(planned, Refused):
        return [f"expected to be refused, but the event was {_describe(planned)}"]
    lines = []
    if expected.rule is not None and expected.rule != planned.refusal.rule:
        lines.append(f"refused: expected by rule {expected.rule}, got {planned.refusal.rule}")
    if expected.reason is not None and expected.reason != planned.refusal.reason:
        lines.append(f"refused: expected for {expected.reason}, got {planned.refusal.reason}")
    return lines


def _expect_requests(expected: Sequence[ExpectedRequest], actual: Sequence[Request]) -> list[str]:
    if len(expected) != len(actual):
        return [f"expected {len(expected)} requests, got {len(actual)}"]
    lines: list[str] = []
    for number, (wanted, request) in enumerate(zip(expected, actual, strict=True)):
        headers = {name.lower(): value for name, value in request.headers.items()}
        shown = {
            "method": (wanted.method, request.method),
            "url": (wanted.url, request.url),
            "query": (wanted.query, request.query),
            "body": (None if wanted.body is msgspec.UNSET else wanted.body, request.body),
        }
        for part, (left, right) in shown.items():
            is_given = wanted.body is not msgspec.UNSET if part == "body" else left is not None
            if is_given:
                lines += [f"requests/{number}/{part}{one}" for one in compare(left, msgspec.to_builtins(right))]
        for name, value in wanted.headers.items():
            lines += [f"requests/{number}/headers/{name}{one}" for one in compare(value, headers.get(name.lower()))]
    return lines


def _describe(planned: Planned) -> str:
    match planned:
        case Delivery():
            return "delivered"
        case Filtered():
            return f"filtered by {planned.rule}"
        case Refused():
            return f"refused by {planned.refusal.rule} ({planned.refusal.reason}: {planned.refusal.message})"
