"""The usual client for Python against the fake Salesforce, and our requests against the client's."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from vendor_sdks import CATALOG, Vendor, our_batch, our_request, serve_vendor

from paceline.model.delivery import Answer, Item, OutcomeClass

HOST = "acme.my.salesforce.com"
SETTINGS: dict[str, object] = {"access_token": "session-1", "instance_url": f"https://{HOST}"}
HEADERS = ("authorization", "content-type")
CONTACTS = [{"External_Id__c": f"u-{n}", "LastName": f"Name {n}", "Email": f"u{n}@example.com"} for n in range(2)]
UPSERT = "composite/sobjects/Contact/External_Id__c"
Call = Callable[[Any], object]


@pytest.fixture(scope="module")
def salesforce() -> Iterator[Vendor]:
    with serve_vendor("salesforce", HOST) as vendor:
        yield vendor


def redirected(vendor: Vendor) -> Any:
    """A session whose calls of the org arrive at the fake vendor."""
    requests = pytest.importorskip("requests")
    adapters = pytest.importorskip("requests.adapters")

    class ToVendor(adapters.HTTPAdapter):
        def send(self, request: Any, **options: Any) -> Any:
            request.url = request.url.replace(f"https://{HOST}", vendor.url, 1)
            return super().send(request, **options)

    session = requests.Session()
    session.mount(f"https://{HOST}", ToVendor())
    return session


@pytest.fixture(scope="module")
def client(salesforce: Vendor) -> Any:
    library = pytest.importorskip("simple_salesforce")
    url = f"https://{HOST}"
    return library.Salesforce(session_id="session-1", instance_url=url, version="67.0", session=redirected(salesforce))


def records(kind: str, *rows: dict[str, Any]) -> dict[str, Any]:
    return {"allOrNone": False, "records": [{"attributes": {"type": kind}, **row} for row in rows]}


BY_ID = {"external_id_field": "External_Id__c"}
ONE = {"object": "Contact", **BY_ID, "external_id": "u-1"}
SPOKEN: dict[str, tuple[list[dict[str, Any]], Call]] = {
    "upsert_contact": (
        [{**BY_ID, **contact} for contact in CONTACTS],
        lambda sf: sf.restful(UPSERT, method="PATCH", json=records("Contact", *CONTACTS)),
    ),
    "upsert_lead": (
        [{**BY_ID, "External_Id__c": "u-1", "LastName": "Lovelace", "Company": "Acme"}],
        lambda sf: sf.restful(
            "composite/sobjects/Lead/External_Id__c",
            method="PATCH",
            json=records("Lead", {"External_Id__c": "u-1", "LastName": "Lovelace", "Company": "Acme"}),
        ),
    ),
    "add_campaign_member": (
        [{"CampaignId": "701D0000000IMKF", "Contact": {"External_Id__c": "u-1"}}],
        lambda sf: sf.restful(
            "composite/sobjects",
            method="POST",
            json=records("CampaignMember", {"CampaignId": "701D0000000IMKF", "Contact": {"External_Id__c": "u-1"}}),
        ),
    ),
    "upsert_one": (
        [{**ONE, "LastName": "Lovelace"}],
        lambda sf: sf.Contact.upsert("External_Id__c/u-1", {"LastName": "Lovelace"}),
    ),
    "delete_record": ([ONE], lambda sf: sf.Contact.delete("External_Id__c/u-1")),
}


@pytest.mark.sdk
@pytest.mark.parametrize("action", SPOKEN)
def test_client_is_taken_by_the_fake_vendor_and_says_the_same_as_we_do(
    salesforce: Vendor, client: Any, action: str
) -> None:
    payloads, call = SPOKEN[action]
    call(client)
    headers = HEADERS if action != "delete_record" else ("authorization",)
    assert salesforce.last.status == 200
    assert salesforce.last.act(*headers) == our_batch("salesforce", action, payloads, SETTINGS).act(*headers)


@pytest.mark.sdk
def test_client_gets_a_token_of_the_fake_vendor_and_may_use_it(salesforce: Vendor) -> None:
    library = pytest.importorskip("simple_salesforce")
    client = library.Salesforce(
        consumer_key="app",
        consumer_secret="s3cret",
        domain=HOST.removesuffix(".salesforce.com"),
        session=redirected(salesforce),
        version="67.0",
    )
    client.restful(UPSERT, method="PATCH", json=records("Contact", *CONTACTS))
    assert [one.status for one in salesforce.seen[-2:]] == [200, 200]


CLIENT_ERRORS = [
    (401, "INVALID_SESSION_ID", "Session expired or invalid", OutcomeClass.AUTH),
    (403, "REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", OutcomeClass.QUOTA),
    (
        403,
        "REQUEST_LIMIT_EXCEEDED",
        "ConcurrentRequests (Concurrent API Requests) Limit exceeded.",
        OutcomeClass.THROTTLE,
    ),
    (403, "INSUFFICIENT_ACCESS", "…", OutcomeClass.CONFIG),
    (400, "UNABLE_TO_LOCK_ROW", "unable to obtain exclusive access to this record", OutcomeClass.TRANSIENT),
    (400, "JSON_PARSER_ERROR", "…", OutcomeClass.PERMANENT),
    (404, "NOT_FOUND", "The requested resource does not exist", OutcomeClass.PERMANENT),
    (500, "UNKNOWN_EXCEPTION", "…", OutcomeClass.TRANSIENT),
    (503, "SERVER_UNAVAILABLE", "…", OutcomeClass.TRANSIENT),
]


@pytest.mark.parametrize(("status", "code", "message", "expected"), CLIENT_ERRORS)
def test_code_of_an_answer_says_what_to_do(status: int, code: str, message: str, expected: OutcomeClass) -> None:
    body = json.dumps([{"message": message, "errorCode": code}]).encode()
    answer = Answer(status=status, body=body)
    [outcome] = CATALOG.load("salesforce").read("upsert_contact", items(1), answer, now_ms=0)
    assert outcome.outcome_class is expected
    assert outcome.vendor_code == code


def items(count: int) -> list[Item]:
    return [Item(delivery_id=str(n), payload={}) for n in range(count)]


def result(code: str = "") -> dict[str, Any]:
    errors = [{"statusCode": code, "message": "…", "fields": []}] if code else []
    return {"success": not code, "errors": errors}


def classes(action: str, *codes: str) -> list[OutcomeClass]:
    answer = Answer(status=200, body=json.dumps([result(code) for code in codes]).encode())
    outcomes = CATALOG.load("salesforce").read(action, items(len(codes)), answer, now_ms=0)
    return [one.outcome_class for one in outcomes]


def test_each_record_has_its_own_outcome() -> None:
    found = classes(
        "upsert_contact", "", "UNABLE_TO_LOCK_ROW", "REQUIRED_FIELD_MISSING", "INSUFFICIENT_ACCESS_OR_READONLY"
    )
    ok, transient = OutcomeClass.OK, OutcomeClass.TRANSIENT
    assert found == [ok, transient, OutcomeClass.PERMANENT, OutcomeClass.CONFIG]


def test_somebody_who_is_a_member_of_the_campaign_counts_as_added() -> None:
    assert classes("add_campaign_member", "DUPLICATE_VALUE") == [OutcomeClass.OK]
    assert classes("create_record", "DUPLICATE_VALUE") == [OutcomeClass.PERMANENT]


def test_fewer_results_than_records_deliver_nothing() -> None:
    answer = Answer(status=200, body=json.dumps([result()]).encode())
    outcomes = CATALOG.load("salesforce").read("upsert_contact", items(2), answer, now_ms=0)
    assert OutcomeClass.OK not in {one.outcome_class for one in outcomes}


def test_records_of_two_objects_do_not_share_a_request() -> None:
    connector = CATALOG.load("salesforce")
    keys = [
        connector.batch_key("upsert_record", {"attributes": {"type": kind}, **BY_ID, "External_Id__c": "1"})
        for kind in ("Order__c", "Visit__c")
    ]
    assert keys[0] != keys[1]


def test_value_of_an_external_id_cannot_leave_its_place_in_the_path() -> None:
    seen = our_request("salesforce", "delete_record", {**ONE, "external_id": "../../x?y"}, SETTINGS)
    assert seen.path.endswith("/External_Id__c/..%2F..%2Fx%3Fy")
