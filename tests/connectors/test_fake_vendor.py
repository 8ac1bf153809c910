"""The fake vendors take what connectors build, refuse what is broken, and misbehave when told."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import msgspec
import pytest
from connector_samples import EVERY_ACTION, SETTINGS, make_items

from paceline.connectors.catalog import Catalog
from paceline.delivery.encoding import encode
from paceline.model.connector import BodyAuth, HeaderAuth, Manifest
from paceline.model.delivery import Answer, Item, Outcome, OutcomeClass, WireRequest
from paceline.testing.fake_vendor.app import FakeVendors
from paceline.testing.fake_vendor.credentials import Account
from paceline.testing.fake_vendor.received import FILE_NAME, Received, now_ms
from paceline.testing.fake_vendor.replies import wait_headers

CATALOG = Catalog(with_entry_points=False)
SILENT = {"ga4"}  # answers 2xx to everything
TELLS_NO_ACTION = {"webhook", "amplitude"}  # two actions look the same on the wire


class Caller:
    """Sends requests to fake vendors as a worker would, without a network."""

    def __init__(self, accounts: dict[str, list[Account]] | None = None, folder: Path | None = None) -> None:
        self.received = Received(folder)
        self.application = FakeVendors(CATALOG, self.received, accounts)

    def send(self, name: str, request: WireRequest) -> Answer:
        parts = urlsplit(request.url)
        return self.call(request.method, f"/{name}/{parts.netloc}{parts.path}", parts.query, request)

    def call(self, method: str, path: str, query: str = "", request: WireRequest | None = None) -> Answer:
        return asyncio.run(self._call(method, path, query, request or WireRequest(method=method, url="")))

    def control(self, method: str, path: str, body: object = None) -> Any:
        path, _, query = path.partition("?")
        request = WireRequest(method=method, url="", body=b"" if body is None else json.dumps(body).encode())
        answer = self.call(method, f"/__fake__/{path}", query, request)
        return answer.status, json.loads(answer.body)

    def deliver(self, name: str, action: str, items: list[Item]) -> list[Outcome]:
        answer = self.send(name, build(name, action, items))
        return list(CATALOG.load(name).read(action, items, answer, now_ms=now_ms()))

    async def _call(self, method: str, path: str, query: str, request: WireRequest) -> Answer:
        scope = {
            "type": "http",
            "method": method,
            "path": path,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(key.lower().encode(), value.encode()) for key, value in request.headers],
        }
        incoming = [{"type": "http.request", "body": request.body, "more_body": False}]
        sent: list[Any] = []

        async def receive() -> dict[str, Any]:
            return incoming.pop() if incoming else {"type": "http.disconnect"}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.application(scope, receive, send)
        if not sent:
            return Answer(status=0, fault="timeout")
        headers = {key.decode(): value.decode() for key, value in sent[0]["headers"]}
        return Answer(status=sent[0]["status"], headers=headers, body=sent[1]["body"])


def build(name: str, action: str, items: list[Item], **settings: object) -> WireRequest:
    request = CATALOG.load(name).build(action, items, SETTINGS[name] | settings, now_ms=now_ms())
    wire = encode(request)
    assert isinstance(wire, WireRequest)
    return wire


def batch(name: str, action: str, most: int = 3) -> list[Item]:
    return make_items(name, action, min(most, CATALOG.load(name).batch_limits(action).max_items))


@pytest.fixture
def caller() -> Caller:
    return Caller({name: [Account(settings=settings, integration=f"{name}_1")] for name, settings in SETTINGS.items()})


@pytest.mark.parametrize(("name", "action"), EVERY_ACTION)
def test_what_the_connector_builds_is_taken(caller: Caller, name: str, action: str) -> None:
    items = batch(name, action)
    outcomes = caller.deliver(name, action, items)
    assert [outcome.outcome_class for outcome in outcomes] == [OutcomeClass.OK] * len(items)
    account = caller.received.account(name)
    assert (account.items, account.refused_items, account.refused_requests) == (len(items), 0, 0)
    assert account.latest[0].actions == [action] or name in TELLS_NO_ACTION
    assert account.latest[0].integration == f"{name}_1"


@pytest.mark.parametrize("name", CATALOG.names)
def test_wrong_credentials_are_refused(caller: Caller, name: str) -> None:
    action = next(iter(CATALOG.load(name).actions))
    changed: dict[str, object] = {key: f"{value}x" for key, value in SETTINGS[name].items() if key != "url"}
    if name == "webhook":
        changed = {"secret": "whsec_" + "A" * 32}
    items = make_items(name, action)
    answer = caller.send(name, build(name, action, items, **changed))
    assert caller.received.account(name).refused_requests == 1
    assert caller.received.account(name).items == 0
    if name not in SILENT:
        outcome = CATALOG.load(name).read(action, items, answer, now_ms=0)[0]
        assert outcome.outcome_class is OutcomeClass.AUTH


@pytest.mark.parametrize("name", CATALOG.names)
def test_missing_credentials_are_refused_even_when_no_account_is_known(name: str) -> None:
    caller = Caller()
    action = next(iter(CATALOG.load(name).actions))
    wire = build(name, action, make_items(name, action))
    auth = CATALOG.load(name).manifest.auth
    proofs = {"Authorization", auth.header if isinstance(auth, HeaderAuth) else ""}
    bare = msgspec.structs.replace(
        wire,
        url=wire.url.partition("?")[0],
        headers=tuple((key, value) for key, value in wire.headers if key not in proofs),
    )
    if isinstance(auth, BodyAuth):
        rest = {key: value for key, value in json.loads(wire.body).items() if key not in auth.fields}
        bare = msgspec.structs.replace(bare, body=json.dumps(rest).encode())
    caller.send(name, bare)
    expected = 0 if name == "webhook" else 1  # without a secret, webhooks prove nothing
    assert caller.received.account(name).refused_requests == expected


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'"x"', b'{"batch":{}}', b'{"batch":[7]}', b'{"batch":[{"type":"nonsense"}]}']
)
def test_broken_body_is_refused(caller: Caller, body: bytes) -> None:
    wire = build("segment", "track", make_items("segment", "track"))
    answer = caller.send("segment", msgspec.structs.replace(wire, body=body))
    assert (answer.status, caller.received.account("segment").items) == (400, 0)


def test_content_type_is_checked(caller: Caller) -> None:
    wire = build("segment", "track", make_items("segment", "track"))
    text = tuple((key, "text/plain" if key == "Content-Type" else value) for key, value in wire.headers)
    assert caller.send("segment", msgspec.structs.replace(wire, headers=text)).status == 400


def test_item_that_breaks_the_schema_is_refused_in_the_vendors_own_way(caller: Caller) -> None:
    bad = Item(delivery_id="bad", payload={"identifiers": {"id": "u"}})
    items = [*make_items("customerio", "track_event", 2), bad]
    outcomes = caller.deliver("customerio", "track_event", items)
    assert [outcome.outcome_class for outcome in outcomes] == [OutcomeClass.OK] * 2 + [OutcomeClass.PERMANENT]
    account = caller.received.account("customerio")
    assert (account.items, account.refused_items) == (2, 1)


def test_silent_vendor_answers_well_to_what_it_drops(caller: Caller) -> None:
    bad = Item(delivery_id="bad", payload={"client_id": "c", "name": "session_start"})
    assert caller.send("ga4", build("ga4", "send_event", [bad])).status == 204
    account = caller.received.account("ga4")
    assert (account.items, account.refused_items) == (0, 1)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/segment/api.segment.io/v2/batch"),
        ("POST", "/segment/evil.test/v1/batch"),
        ("GET", "/segment/api.segment.io/v1/batch"),
        ("POST", "/nobody/api.test/"),
        ("GET", "/"),
    ],
)
def test_unknown_place_is_not_found(caller: Caller, method: str, path: str) -> None:
    wire = build("segment", "track", make_items("segment", "track"))
    answer = caller.call(method, path, "", wire)
    assert answer.status == 404
    assert "fake_vendor" in json.loads(answer.body)


def test_too_many_items_are_refused(caller: Caller) -> None:
    wire = build("segment", "track", make_items("segment", "track", 251))
    assert caller.send("segment", wire).status == 400


def test_repeated_delivery_is_counted_as_a_duplicate(caller: Caller) -> None:
    items = make_items("customerio", "track_event", 3)
    caller.deliver("customerio", "track_event", items)
    caller.deliver("customerio", "track_event", items[:2])
    _, summary = caller.control("GET", "received/customerio?ids=1")
    assert (summary["items"], summary["distinct"], summary["duplicates"]) == (5, 3, 2)
    assert len(summary["ids"]) == 3


def test_vendor_without_a_key_counts_by_payload(caller: Caller) -> None:
    for _ in range(2):
        caller.deliver("ga4", "send_event", make_items("ga4", "send_event"))
    assert caller.control("GET", "received/ga4")[1]["duplicates"] == 1


@pytest.mark.parametrize("name", CATALOG.names)
def test_throttling_asks_to_wait(caller: Caller, name: str) -> None:
    action = next(iter(CATALOG.load(name).actions))
    caller.control("PUT", f"behavior/{name}", {"mode": "throttle", "retry_after_secs": 7, "times": 1})
    items = make_items(name, action)
    first = caller.deliver(name, action, items)[0]
    assert (first.outcome_class, first.retry_after_secs) == (OutcomeClass.THROTTLE, pytest.approx(7.0, abs=0.5))
    assert caller.deliver(name, action, items)[0].outcome_class is OutcomeClass.OK


def test_every_unit_of_waiting_is_written_as_it_is_read() -> None:
    plain = msgspec.to_builtins(CATALOG.manifest("webhook"))
    units = ["http", "secs", "ms", "epoch_secs", "epoch_ms"]
    plain["answers"] = {"retry_after": [{"header": f"x-{unit.replace('_', '-')}", "unit": unit} for unit in units]}
    from paceline.delivery.answers import read_retry_after

    manifest = msgspec.convert(plain, Manifest)
    headers = wait_headers(manifest, 30, now_ms=1_000_000)
    for source in manifest.answers.retry_after:
        assert read_retry_after([source], headers, now_ms=1_000_000) == 30.0


@pytest.mark.parametrize("name", CATALOG.names)
def test_failing_vendor_answers_with_the_status_asked_for(caller: Caller, name: str) -> None:
    action = next(iter(CATALOG.load(name).actions))
    caller.control("PUT", f"behavior/{name}", {"mode": "error", "status": 502})
    outcome = caller.deliver(name, action, make_items(name, action))[0]
    assert (outcome.outcome_class, outcome.status) == (OutcomeClass.TRANSIENT, 502)
    assert caller.received.account(name).items == 0


def test_hanging_vendor_never_answers_and_takes_nothing(caller: Caller) -> None:
    caller.control("PUT", "behavior/segment", {"mode": "hang"})
    answer = caller.send("segment", build("segment", "track", make_items("segment", "track")))
    assert (answer.fault, caller.received.account("segment").items) == ("timeout", 0)


def test_slow_vendor_takes_the_request_before_it_answers(caller: Caller) -> None:
    caller.control("PUT", "behavior/segment", {"mode": "slow", "delay_secs": 0.01})
    assert caller.deliver("segment", "track", make_items("segment", "track"))[0].outcome_class is OutcomeClass.OK
    assert caller.received.account("segment").items == 1


def test_share_of_requests_is_spread_evenly(caller: Caller) -> None:
    caller.control("PUT", "behavior/segment", {"mode": "error", "ratio": 0.25})
    items = make_items("segment", "track")
    failed = [caller.deliver("segment", "track", items)[0].outcome_class is not OutcomeClass.OK for _ in range(40)]
    assert sum(failed) == 10


def test_partial_failure_takes_the_rest_and_refuses_the_same_items_again(caller: Caller) -> None:
    caller.control("PUT", "behavior/customerio", {"mode": "partial", "ratio": 0.5})
    items = make_items("customerio", "track_event", 40)
    first, second = (
        [outcome.outcome_class for outcome in caller.deliver("customerio", "track_event", items)] for _ in range(2)
    )
    assert first == second
    assert set(first) == {OutcomeClass.OK, OutcomeClass.PERMANENT}
    assert caller.received.account("customerio").items == 2 * first.count(OutcomeClass.OK)


def test_partial_failure_of_a_vendor_that_knows_only_whole_requests_refuses_the_whole(caller: Caller) -> None:
    caller.control("PUT", "behavior/segment", {"mode": "partial", "ratio": 0.5})
    items = make_items("segment", "track", 40)
    outcomes = caller.deliver("segment", "track", items)
    assert {(one.outcome_class, one.is_whole_request) for one in outcomes} == {(OutcomeClass.PERMANENT, True)}
    alone = [caller.deliver("segment", "track", [item])[0].outcome_class for item in items]
    assert 0 < alone.count(OutcomeClass.OK) < 40


def test_errors_in_the_body_come_with_a_good_status(caller: Caller) -> None:
    caller.control("PUT", "behavior/customerio", {"mode": "body_errors"})
    items = make_items("customerio", "track_event", 2)
    answer = caller.send("customerio", build("customerio", "track_event", items))
    assert answer.status == 207
    outcomes = CATALOG.load("customerio").read("track_event", items, answer, now_ms=0)
    assert [outcome.outcome_class for outcome in outcomes] == [OutcomeClass.PERMANENT] * 2
    caller.control("PUT", "behavior/segment", {"mode": "body_errors"})
    segment = caller.send("segment", build("segment", "track", make_items("segment", "track")))
    assert (segment.status, json.loads(segment.body)["success"]) == (200, False)


def test_wrong_behavior_is_explained(caller: Caller) -> None:
    assert caller.control("PUT", "behavior/segment", {"mode": "throtle"})[0] == 400
    assert caller.control("PUT", "behavior/segmnt", {"mode": "ok"})[0] == 404
    assert caller.control("GET", "nothing")[0] == 404


def test_reset_forgets_behavior_and_what_was_received(caller: Caller, tmp_path: Path) -> None:
    caller = Caller(folder=tmp_path)
    caller.control("PUT", "behavior/segment", {"mode": "error", "times": 100})
    caller.control("POST", "reset")
    assert caller.deliver("segment", "track", make_items("segment", "track"))[0].outcome_class is OutcomeClass.OK
    caller.control("POST", "reset")
    assert caller.control("GET", "received")[1]["segment"]["items"] == 0
    assert (tmp_path / FILE_NAME).read_bytes() == b""


def test_accounts_can_be_told_later() -> None:
    caller = Caller()
    caller.control("PUT", "accounts/segment", [{"settings": {"write_key": "other"}, "integration": "x"}])
    caller.deliver("segment", "track", make_items("segment", "track"))
    assert caller.received.account("segment").refused_requests == 1


def test_restarted_fake_vendor_goes_on_counting(tmp_path: Path) -> None:
    first = Caller(folder=tmp_path)
    first.deliver("segment", "track", make_items("segment", "track", 3))
    first.received.close()
    with (tmp_path / FILE_NAME).open("ab") as file:
        file.write(b'{"connector":"segment","ids":["torn')
    second = Caller(folder=tmp_path)
    second.deliver("segment", "track", make_items("segment", "track", 3))
    account = second.received.account("segment")
    assert (account.items, len(account.ids), account.requests) == (6, 3, 2)


def test_what_came_is_on_disk_with_its_body(tmp_path: Path) -> None:
    caller = Caller(folder=tmp_path)
    caller.deliver("segment", "track", make_items("segment", "track", 2))
    line = json.loads((tmp_path / FILE_NAME).read_text())
    assert (line["connector"], line["ids"]) == ("segment", ["delivery-0", "delivery-1"])
    assert line["body"]["batch"][0]["event"] == "Order Completed"


def test_counting_alone_keeps_no_bodies(tmp_path: Path) -> None:
    received = Received(tmp_path, keeps_bodies=False)
    application = Caller()
    application.received = received
    application.application = FakeVendors(CATALOG, received)
    application.deliver("segment", "track", make_items("segment", "track", 2))
    line = json.loads((tmp_path / FILE_NAME).read_text())
    assert (line["ids"], line["body"]) == (["delivery-0", "delivery-1"], None)
