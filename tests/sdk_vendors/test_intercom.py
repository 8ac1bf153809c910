"""Intercom's own library for Python against the fake Intercom, and our requests against the library's."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit

import pytest
from vendor_sdks import CATALOG, Vendor, our_request, serve_vendor

from paceline.drivers.marks.memory import MemoryMark
from paceline.drivers.store.memory import MemoryStore
from paceline.model.delivery import Answer, Delivery, Item, Outcome, OutcomeClass, WireRequest
from paceline.model.integration import DeliveryLimits
from paceline.model.record import Position
from paceline.observe.telemetry import Telemetry
from paceline.runtime.deliver.credentials import FixedCredentials
from paceline.runtime.deliver.dispatch import Dispatcher, Tried
from paceline.runtime.deliver.dispatch import Vendor as LaneVendor
from paceline.runtime.deliver.gate import Gate
from paceline.testing.simulated_time import SimulatedClock

SETTINGS: dict[str, object] = {"access_token": "token-1"}
ID = "5da6f18e3d7cf967e4582d05"
CONTACT = {
    "external_id": "u-1",
    "email": "ada@example.com",
    "name": "Ada",
    "signed_up_at": 1767225600,
    "custom_attributes": {"plan": "gold"},
}
EVENT = {"event_name": "Signed Up", "created_at": 1767225600, "user_id": "u-1", "metadata": {"plan": "gold"}}
COMPANY = {"company_id": "g-1", "name": "Acme", "size": 3}
CONVERSION = {"type": "user", "visitor": {"user_id": "v-1"}, "user": {"user_id": "u-1"}}
# The action, its payload, and the library's call for the same.
SPOKEN: dict[str, tuple[dict[str, Any], Callable[[Any], object]]] = {
    "upsert_contact": (CONTACT, lambda client: client.contacts.create(request=CONTACT)),
    "update_contact": (
        {"id": ID, "name": "Ada", "phone": "+4930123456"},
        lambda client: client.contacts.update(ID, name="Ada", phone="+4930123456"),
    ),
    "convert_visitor": (CONVERSION, lambda client: client.visitors.merge_to_contact(**CONVERSION)),
    "upsert_company": (COMPANY, lambda client: client.companies.create_or_update(request=COMPANY)),
    "track_event": (EVENT, lambda client: client.events.create(request=EVENT)),
    "delete_contact": (
        {"external_id": "u-1"},
        lambda client: client.contacts.show_contact_by_external_id("u-1"),
    ),
    "delete_contact_by_id": ({"id": ID}, lambda client: client.contacts.delete(ID)),
}


@pytest.fixture(scope="module")
def intercom() -> Iterator[Vendor]:
    with serve_vendor("intercom", "api.intercom.io") as vendor:
        yield vendor


@pytest.mark.sdk
@pytest.mark.parametrize("action", SPOKEN)
def test_library_is_taken_by_the_fake_vendor_and_says_the_same_as_we_do(intercom: Vendor, action: str) -> None:
    payload, call = SPOKEN[action]
    call(pytest.importorskip("intercom").Intercom(token="token-1", base_url=intercom.url))
    assert intercom.last.status == 200
    # The library leaves the version to the app's own setting; a request without a body needs no type of it.
    headers = ("authorization", "content-type") if intercom.last.body else ("authorization",)
    assert intercom.last.act(*headers) == our_request("intercom", action, payload, SETTINGS).act(*headers)


def outcomes(action: str, status: int, body: object) -> OutcomeClass:
    answer = Answer(status=status, body=json.dumps(body).encode())
    [one] = CATALOG.load("intercom").read(action, [Item(delivery_id="1", payload={})], answer, now_ms=0)
    return one.outcome_class


def errors(code: str, message: str = "…") -> dict[str, Any]:
    return {"type": "error.list", "request_id": "r-1", "errors": [{"code": code, "message": message}]}


@pytest.mark.parametrize(
    ("action", "status", "code", "expected"),
    [
        ("track_event", 401, "token_revoked", OutcomeClass.AUTH),
        ("track_event", 403, "api_plan_restricted", OutcomeClass.AUTH),
        ("track_event", 429, "rate_limit_exceeded", OutcomeClass.THROTTLE),
        ("track_event", 404, "not_found", OutcomeClass.PERMANENT),
        ("track_event", 400, "parameter_invalid", OutcomeClass.PERMANENT),
        ("track_event", 500, "server_error", OutcomeClass.TRANSIENT),
        ("upsert_contact", 409, "conflict", OutcomeClass.PERMANENT),
        ("delete_contact", 404, "not_found", OutcomeClass.OK),
        ("delete_contact", 401, "unauthorized", OutcomeClass.AUTH),
    ],
)
def test_code_of_an_answer_says_what_to_do(action: str, status: int, code: str, expected: OutcomeClass) -> None:
    assert outcomes(action, status, errors(code)) is expected


def test_contact_that_was_only_found_is_not_deleted() -> None:
    assert outcomes("delete_contact", 200, {"type": "contact"}) is OutcomeClass.PERMANENT
    assert outcomes("delete_contact", 200, {"type": "contact", "id": ID, "deleted": True}) is OutcomeClass.OK


class Scripted:
    """Answers each call with the next answer, and notes what was called."""

    def __init__(self, *answers: tuple[int, object]) -> None:
        self._answers = list(answers)
        self.calls: list[tuple[str, str, Any]] = []

    async def send(self, request: WireRequest, *, timeout_secs: float) -> Answer:
        body = json.loads(request.body) if request.body else None
        self.calls.append((request.method, urlsplit(request.url).path, body))
        status, said = self._answers.pop(0)
        return Answer(status=status, body=json.dumps(said).encode())

    async def close(self) -> None:
        return None


def deliver(action: str, payload: Mapping[str, Any], sender: Scripted) -> Outcome:
    """One delivery, as a lane makes it."""
    delivery = Delivery(
        id="d-1",
        position=Position(0, 0),
        key="u-1",
        mapping="m",
        action=action,
        item=Item(delivery_id="d-1", payload=dict(payload)),
        event_id="e-1",
        event_name="identify",
        source="web",
    )

    async def send() -> Outcome:
        clock = SimulatedClock()
        vendor = LaneVendor(
            connector=CATALOG.load("intercom"),
            credentials=FixedCredentials(SETTINGS),
            sender=sender,
            limits=DeliveryLimits(),
        )
        gate = Gate("intercom:1", clock, Telemetry(io.StringIO()), MemoryStore())
        dispatcher = Dispatcher(vendor, gate, clock, mark=MemoryMark(), stopping=asyncio.Event(), keeps_order=False)
        [result] = await dispatcher.send([delivery])
        assert isinstance(result, Tried)
        return result.outcome

    return asyncio.run(send())


CONFLICT = errors("conflict", f"A contact matching those details already exists with id={ID}")


def test_contact_that_exists_is_updated_by_the_id_in_the_answer() -> None:
    sender = Scripted((409, CONFLICT), (200, {"type": "contact", "id": ID}))
    assert deliver("upsert_contact", CONTACT, sender).outcome_class is OutcomeClass.OK
    assert sender.calls == [("POST", "/contacts", CONTACT), ("PUT", f"/contacts/{ID}", CONTACT)]


def test_answer_to_the_second_call_is_the_one_that_counts() -> None:
    sender = Scripted((409, CONFLICT), (429, errors("rate_limit_exceeded")))
    assert deliver("upsert_contact", CONTACT, sender).outcome_class is OutcomeClass.THROTTLE


def test_there_is_never_a_third_call() -> None:
    sender = Scripted((409, CONFLICT), (409, CONFLICT))
    assert deliver("upsert_contact", CONTACT, sender).outcome_class is OutcomeClass.PERMANENT
    assert len(sender.calls) == 2


def test_conflict_that_names_nobody_is_final() -> None:
    sender = Scripted((409, errors("conflict", "A contact is in the way")))
    outcome = deliver("upsert_contact", CONTACT, sender)
    assert (outcome.outcome_class, outcome.vendor_code) == (OutcomeClass.PERMANENT, "conflict")


def test_contact_is_looked_up_and_then_deleted() -> None:
    sender = Scripted((200, {"type": "contact", "id": ID}), (200, {"id": ID, "type": "contact", "deleted": True}))
    assert deliver("delete_contact", {"external_id": "u/1"}, sender).outcome_class is OutcomeClass.OK
    found = ("GET", "/contacts/find_by_external_id/u%2F1", None)
    assert sender.calls == [found, ("DELETE", f"/contacts/{ID}", None)]


@pytest.mark.parametrize("answered", [{"id": "../companies/1"}, {"id": 5}, {}])
def test_id_that_is_none_leads_to_no_second_call(answered: dict[str, object]) -> None:
    sender = Scripted((200, answered))
    assert deliver("delete_contact", {"external_id": "u-1"}, sender).outcome_class is OutcomeClass.PERMANENT
    assert len(sender.calls) == 1
