"""SendGrid's own library for Python against the fake SendGrid, and our requests against the library's."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from vendor_sdks import Vendor, our_request, serve_vendor

pytestmark = pytest.mark.sdk

SETTINGS: dict[str, object] = {"api_key": "key-1"}
EMAIL = "ada@example.com"
CONTACT = {"email": EMAIL, "first_name": "Ada", "custom_fields": {"e1_T": "gold"}}


@pytest.fixture(scope="module")
def sendgrid() -> Iterator[Vendor]:
    with serve_vendor("sendgrid", "api.sendgrid.com") as vendor:
        yield vendor


@pytest.fixture
def library(sendgrid: Vendor) -> Any:
    return pytest.importorskip("sendgrid").SendGridAPIClient("key-1", host=sendgrid.url)


def test_mail_that_the_library_composes_is_the_one_that_we_send(sendgrid: Vendor, library: Any) -> None:
    from sendgrid.helpers.mail import (
        Asm,
        ClickTracking,
        CustomArg,
        GroupId,
        GroupsToDisplay,
        Mail,
        MailSettings,
        SandBoxMode,
        TrackingSettings,
    )

    mail = Mail("shop@example.com", EMAIL, "Thank you", "plain", "<p>html</p>")
    mail.reply_to = "help@example.com"
    mail.add_custom_arg(CustomArg("order", "A-1"))
    mail.asm = Asm(GroupId(7), GroupsToDisplay([7, 8]))
    mail.mail_settings = MailSettings(sandbox_mode=SandBoxMode(True))
    mail.tracking_settings = TrackingSettings(click_tracking=ClickTracking(True, False))
    library.send(mail)
    payload = {
        "from": {"email": "shop@example.com"},
        "personalizations": [{"to": [{"email": EMAIL}]}],
        "custom_args": {"order": "A-1"},
        "reply_to": {"email": "help@example.com"},
        "subject": "Thank you",
        "content": [{"type": "text/plain", "value": "plain"}, {"type": "text/html", "value": "<p>html</p>"}],
        "asm": {"group_id": 7, "groups_to_display": [7, 8]},
        "mail_settings": {"sandbox_mode": {"enable": True}},
        "tracking_settings": {"click_tracking": {"enable": True, "enable_text": False}},
    }
    assert sendgrid.last.status == 202
    assert sendgrid.last.act("authorization") == our_request("sendgrid", "send_mail", payload, SETTINGS).act(
        "authorization"
    )


def test_mail_from_a_template_is_the_one_that_we_send(sendgrid: Vendor, library: Any) -> None:
    from sendgrid.helpers.mail import Mail

    mail = Mail("shop@example.com", EMAIL)
    mail.template_id = "d-1"
    mail.dynamic_template_data = {"name": "Ada"}
    library.send(mail)
    payload = {
        "from": {"email": "shop@example.com"},
        "personalizations": [{"to": [{"email": EMAIL}], "dynamic_template_data": {"name": "Ada"}}],
        "template_id": "d-1",
    }
    assert sendgrid.last.status == 202
    assert sendgrid.last.act() == our_request("sendgrid", "send_mail", payload, SETTINGS).act()


CALLS = {
    "upsert_contact": (
        {**CONTACT, "list_ids": ["l-1"]},
        lambda client: client.marketing.contacts.put(request_body={"list_ids": ["l-1"], "contacts": [CONTACT]}),
    ),
    "suppress_in_group": (
        {"group_id": "7", "recipient_emails": EMAIL},
        lambda client: client.asm.groups._("7").suppressions.post(request_body={"recipient_emails": [EMAIL]}),
    ),
    "suppress_everywhere": (
        {"recipient_emails": EMAIL},
        lambda client: client.asm.suppressions._("global").post(request_body={"recipient_emails": [EMAIL]}),
    ),
    "erase_recipient": (
        {"email_addresses": EMAIL},
        lambda client: client.recipients.erasejob.post(request_body={"email_addresses": [EMAIL]}),
    ),
}


@pytest.mark.parametrize("action", CALLS)
def test_call_of_the_library_is_the_one_that_we_make(sendgrid: Vendor, library: Any, action: str) -> None:
    payload, call = CALLS[action]
    call(library.client)
    assert sendgrid.last.status == 202
    assert sendgrid.last.act("authorization") == our_request("sendgrid", action, payload, SETTINGS).act("authorization")


def test_regions_are_those_of_the_library() -> None:
    from sendgrid.base_interface import region_host_dict
    from vendor_sdks import CATALOG

    assert CATALOG.manifest("sendgrid").base_urls == region_host_dict
