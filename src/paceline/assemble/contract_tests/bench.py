"""One mapping, ready to be tried on the events of its cases."""

from __future__ import annotations

import enum
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from itertools import zip_longest

import msgspec

from paceline.assemble.contract_tests.suite import MappingUnderTest, Suite
from paceline.assemble.door import record_type
from paceline.assemble.lane_parts import CheckedTransform
from paceline.assemble.lanes import compiled_mapping, laid_mapping
from paceline.delivery import compare as comparison
from paceline.delivery.batch import make_batches
from paceline.delivery.oauth2 import made_up_token
from paceline.delivery.plan import LanePlan, Refused, plan_delivery
from paceline.errors import PacelineError
from paceline.mapping.compile import CompiledMapping
from paceline.model.case import Case, ExpectedRefusal, ExpectedRequest
from paceline.model.connector import OAuth2Auth
from paceline.model.delivery import Delivery, Request
from paceline.model.event import Event, EventType, Filtered, parse_time, read_event
from paceline.model.mapping import EVERY_EVENT
from paceline.model.record import Position, Record
from paceline.ports.connector import Connector

INTEGRATION = "test"
Planned = Delivery | Filtered | Refused


class Verdict(enum.StrEnum):
    """How a case came out."""

    PASSED = "passed"
    DIFFERS = "differs"
    """The same sort of thing came of it as expected, with other values: what `--update` may rewrite."""
    FAULTY = "faulty"
    """Something else: another sort of thing, or a case that cannot be tried."""


class Mismatch(msgspec.Struct, frozen=True, kw_only=True):
    """One place that is not as expected. `path` is below the case; what is not there is left out."""

    path: str
    expected: object = msgspec.UNSET
    got: object = msgspec.UNSET


class CaseResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One case's outcome: `mismatches` when it differs, `problem` when it is faulty.

    `file`, `line` and `index` say where the case is. `actual` is what came instead, by key of the case: what would have
    to stand there.
    """

    mapping: str
    name: str
    file: str
    line: int
    index: int
    verdict: Verdict
    mismatches: tuple[Mismatch, ...] = ()
    problem: str = ""
    secs: float = 0.0
    actual: Mapping[str, object] = {}

    @property
    def has_passed(self) -> bool:
        """Whether it came out as expected."""
        return self.verdict is Verdict.PASSED


class Judgement(msgspec.Struct, frozen=True):
    """A case's outcome without its place: a problem, or mismatches with what would have to be expected."""

    problem: str = ""
    mismatches: tuple[Mismatch, ...] = ()
    actual: Mapping[str, object] = {}

    @property
    def has_passed(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problem and not self.mismatches


class Bench:
    """One mapping with its connector, and the events of its cases as a lane would see them.

    Raises UsageError when the mapping does not compile or names an action that its connector has not.
    """

    def __init__(self, suite: Suite, tested: MappingUnderTest) -> None:
        self.tested = tested
        self._samples = suite.samples
        self._connector = suite.catalog.load(tested.spec.to.connector)
        self._connector.action(tested.spec.to.action)
        self._type = record_type(tested.spec.from_.type, tested.spec.from_.event)
        self._plan = self._lane(compiled_mapping(tested.spec))
        self._events: dict[int, list[tuple[Event, str]]] = {}

    def run(self) -> list[CaseResult]:
        """Try every case."""
        return [self._run(index, case) for index, case in enumerate(self.tested.cases)]

    def notices(self, variant: CompiledMapping, cases: Iterable[int]) -> bool:
        """Whether one of these cases fails when another mapping takes this one's place."""
        usual, self._plan = self._plan, self._lane(variant)
        try:
            return any(not self._judge(index, self.tested.cases[index]).has_passed for index in cases)
        finally:
            self._plan = usual

    def events_by_case(self) -> list[tuple[list[Event], int]]:
        """The events of each case, and the time at which they are mapped; only for cases that can be tried."""
        found = []
        for index, case in enumerate(self.tested.cases):
            events, now = self._read(index, case), parse_time(case.now)
            assert not isinstance(events, str)
            assert now is not None
            found.append(([event for event, _ in events], _ms(now)))
        return found

    def outcome(self, event: Mapping[str, object], now: datetime) -> Planned:
        """What becomes of an event that is received and mapped at `now`."""
        return self._planned([self._received(event, 0, now.isoformat())], now)[0]

    def _lane(self, mapping: CompiledMapping) -> LanePlan:
        transform = CheckedTransform(laid_mapping(mapping), self._connector)
        return LanePlan(
            integration=INTEGRATION, sources=None, transforms={self._type: [transform]}, every_track=[transform]
        )

    def _run(self, index: int, case: Case) -> CaseResult:
        started = time.perf_counter()
        judged = self._judge(index, case)
        secs = time.perf_counter() - started
        file = self.tested.cases_file
        assert file is not None
        verdict = Verdict.FAULTY if judged.problem else Verdict.DIFFERS if judged.mismatches else Verdict.PASSED
        return CaseResult(
            mapping=self.tested.spec.mapping,
            name=case.name,
            file=file.file,
            # Places cost a second reading of the file, so only what failed has one.
            line=0 if verdict is Verdict.PASSED else file.place(("cases", index, "name")).line,
            index=index,
            verdict=verdict,
            mismatches=judged.mismatches,
            problem=judged.problem,
            secs=secs,
            actual=judged.actual,
        )

    def _judge(self, index: int, case: Case) -> Judgement:
        now = parse_time(case.now)
        if now is None:
            return Judgement(f"now: {case.now!r} is not a time such as 2026-01-01T00:00:00Z")
        events = self._read(index, case)
        if isinstance(events, str):
            return Judgement(events)
        planned = self._planned(events, now)
        if case.filtered:
            return Judgement(_others(planned, Filtered, "to be filtered"))
        if case.refused is not None:
            problem = _others(planned, Refused, "to be refused")
            refused = [one for one in planned if isinstance(one, Refused)]
            return Judgement(problem) if problem else _compare_refusals(case.refused, refused)
        problem = _others(planned, Delivery, "a payload" if case.requests is None else "a request")
        if problem:
            return Judgement(problem)
        deliveries = [one for one in planned if isinstance(one, Delivery)]
        if case.requests is not None:
            return self._compare_requests(case.requests, deliveries, case.settings, now)
        if case.payload is msgspec.UNSET:
            return Judgement("the case expects nothing: give it one of payload, requests, refused and filtered")
        return _compare_payloads(case.payload, [delivery.item.payload for delivery in deliveries])

    def _read(self, index: int, case: Case) -> list[tuple[Event, str]] | str:
        """The events with their record types, decoded once a case; or what is wrong with the case."""
        if index in self._events:
            return self._events[index]
        given = case.events if case.events is not None else [case.event]
        events: list[tuple[Event, str]] = []
        for number, one in enumerate(given):
            event = self._samples.get(one) if isinstance(one, str) else one
            if event is None:
                return f"event: there is no sample {one!r}; known: {', '.join(sorted(self._samples)) or 'none'}"
            events.append(self._received(event, number, case.now))
        self._events[index] = events
        return events

    def _received(self, event: Mapping[str, object], number: int, now: str) -> tuple[Event, str]:
        """An event as a lane reads it when it was received at `now`."""
        received = parse_time(now)
        kind = self._type
        if self.tested.spec.from_.event_name == EVERY_EVENT:
            kind = record_type(EventType.TRACK, str(event.get("event", "")))
        message_id = event.get("messageId")
        record = Record(
            id=message_id if isinstance(message_id, str) else f"message-{number + 1}",
            source=INTEGRATION,
            type=kind,
            key="",
            received_ms=_ms(received) if received else 0,
            data=msgspec.json.encode(event),
        )
        return read_event(record), kind

    def _planned(self, events: Sequence[tuple[Event, str]], now: datetime) -> list[Planned]:
        return [
            plan_delivery(event, kind, Position(0, number), self._plan, now_ms=_ms(now))
            for number, (event, kind) in enumerate(events)
        ]

    def _compare_requests(
        self,
        expected: Sequence[ExpectedRequest],
        deliveries: Sequence[Delivery],
        settings: Mapping[str, object],
        now: datetime,
    ) -> Judgement:
        faults = self._connector.settings_faults(settings)
        if faults:
            return Judgement(f"{'.'.join(map(str, ('settings', *faults[0].path)))}: {faults[0].message}")
        auth = self._connector.manifest.auth
        try:
            if isinstance(auth, OAuth2Auth) and "access_token" not in settings:
                settings = {**settings, **made_up_token(auth, settings)}
            requests = build_requests(self._connector, deliveries, settings, now_ms=_ms(now))
        except PacelineError as error:
            return Judgement(f"no request can be built: {error}")
        return _compare_request_lists(expected, requests)


def build_requests(
    connector: Connector, deliveries: Sequence[Delivery], settings: Mapping[str, object], *, now_ms: int
) -> list[Request]:
    """The requests that carry the deliveries, batched as a lane batches them."""
    batches = make_batches(
        deliveries,
        batch_key=lambda one: (one.action, connector.batch_key(one.action, one.item.payload)),
        max_items=lambda one: connector.batch_limits(one.action).max_items,
    )
    return [
        connector.build(batch[0].action, [delivery.item for delivery in batch], settings, now_ms=now_ms)
        for batch in batches
    ]


def describe(planned: Planned) -> str:
    """What became of an event, in words."""
    match planned:
        case Delivery():
            return "delivered"
        case Filtered():
            return f"filtered by {planned.rule}"
        case Refused():
            return f"refused by {planned.refusal.rule} ({planned.refusal.reason}: {planned.refusal.message})"


def mismatches(expected: object, actual: object, path: str) -> Iterator[Mismatch]:
    """Every place at which two JSON values differ, below `path`."""
    for one in comparison.compare(expected, actual):
        yield Mismatch(path=f"{path}{one.pointer}", expected=_there(one.expected), got=_there(one.actual))


def _there(value: object) -> object:
    return msgspec.UNSET if isinstance(value, comparison.Missing) else value


def _others(planned: Sequence[Planned], wanted: type[Planned], what: str) -> str:
    """What speaks against every event having the wanted outcome; nothing when all have it."""
    other = next((one for one in planned if not isinstance(one, wanted)), None)
    return "" if other is None else f"expected {what}, but the event was {describe(other)}"


def _compare_refusals(expected: ExpectedRefusal, refused: Sequence[Refused]) -> Judgement:
    found: list[Mismatch] = []
    given = {name: value for name in ("rule", "reason") if (value := getattr(expected, name)) is not None}
    for one in refused:
        found += mismatches(given, {name: getattr(one.refusal, name) for name in given}, "refused")
    actual = {name: getattr(refused[0].refusal, name) for name in given} if found else {}
    return Judgement("", tuple(dict.fromkeys(found)), {"refused": actual} if actual else {})


def _compare_payloads(expected: object, payloads: Sequence[object]) -> Judgement:
    found = [one for payload in payloads for one in mismatches(expected, payload, "payload")]
    is_one_thing = all(payload == payloads[0] for payload in payloads)
    return Judgement("", tuple(found), {"payload": payloads[0]} if found and is_one_thing else {})


def _compare_request_lists(expected: Sequence[ExpectedRequest], actual: Sequence[Request]) -> Judgement:
    found: list[Mismatch] = []
    rewritten: list[object] = []
    for number, (wanted, request) in enumerate(zip_longest(expected, actual)):
        path = f"requests/{number}"
        if wanted is None or request is None:
            there = msgspec.UNSET if wanted is None else stated(wanted)
            found.append(Mismatch(path=path, expected=there, got=msgspec.UNSET if request is None else shown(request)))
        else:
            left, right = stated(wanted), _stated_parts(wanted, request)
            found += mismatches(left, right, path)
        if request is not None:
            rewritten.append(shown(request) if wanted is None else _stated_parts(wanted, request))
    return Judgement("", tuple(found), {"requests": rewritten} if found else {})


def stated(wanted: ExpectedRequest) -> dict[str, object]:
    """An expected request with the parts that it states."""
    parts: dict[str, object] = {"method": wanted.method, "url": wanted.url, "query": wanted.query}
    parts = {name: value for name, value in parts.items() if value is not None}
    if wanted.headers:
        parts["headers"] = wanted.headers
    return parts if wanted.body is msgspec.UNSET else parts | {"body": wanted.body}


def shown(request: Request) -> dict[str, object]:
    """A request as a new case would state it: without headers, most of which are the connector's business."""
    parts: dict[str, object] = {"method": request.method, "url": request.url}
    parts |= {"query": request.query} if request.query else {}
    return parts | ({"body": _plain(request.body)} if request.body is not None else {})


def _stated_parts(wanted: ExpectedRequest, request: Request) -> dict[str, object]:
    """The parts of a request that an expectation states."""
    parts: dict[str, object] = {
        name: getattr(request, name) for name in ("method", "url", "query") if getattr(wanted, name) is not None
    }
    if wanted.headers:
        sent = {name.lower(): value for name, value in request.headers.items()}
        parts["headers"] = {name: sent[name.lower()] for name in wanted.headers if name.lower() in sent}
    return parts if wanted.body is msgspec.UNSET else parts | {"body": _plain(request.body)}


def _plain(body: object) -> object:
    return msgspec.json.decode(body) if isinstance(body, msgspec.Raw) else msgspec.to_builtins(body)


def _ms(time: datetime) -> int:
    return int(time.timestamp() * 1000)
