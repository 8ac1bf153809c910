"""The library of Standard Webhooks (standardwebhooks) verifies what our webhooks sign."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from paceline.connectors.catalog import Catalog
from paceline.delivery.encoding import encode
from paceline.model.delivery import Item, WireRequest

standardwebhooks = pytest.importorskip("standardwebhooks")

pytestmark = pytest.mark.sdk

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
CONNECTOR = Catalog(with_entry_points=False).load("webhook")
PAYLOADS: dict[str, dict[str, Any]] = {
    "send": {"name": "Zoë", "total": 12.5, "tags": ["a", None]},
    "send_batch": {"total": 12.5},
    "send_to_path": {"path": "/orders", "body": {"total": 12.5}},
}


def signed(action: str, secret: str = SECRET, *, late_secs: int = 0, count: int = 1) -> WireRequest:
    items = [Item(delivery_id=f"delivery-{number}", payload=PAYLOADS[action]) for number in range(count)]
    settings = {"url": "https://hooks.example.com/in", "secret": secret}
    now_ms = (int(time.time()) - late_secs) * 1000
    wire = encode(CONNECTOR.build(action, items, settings, now_ms=now_ms))
    assert isinstance(wire, WireRequest)
    return wire


def verified(wire: WireRequest, secret: str = SECRET) -> Any:
    return standardwebhooks.Webhook(secret).verify(wire.body, dict(wire.headers))


@pytest.mark.parametrize("action", sorted(PAYLOADS))
def test_signed_request_is_verified_by_the_library(action: str) -> None:
    wire = signed(action)
    assert verified(wire) == json.loads(wire.body)


def test_batch_is_verified_by_the_library() -> None:
    assert [item["id"] for item in verified(signed("send_batch", count=3))] == [
        "delivery-0",
        "delivery-1",
        "delivery-2",
    ]


def test_secret_without_its_prefix_is_the_same_secret() -> None:
    assert verified(signed("send", SECRET.removeprefix("whsec_")))


def test_changed_body_is_refused_by_the_library() -> None:
    wire = signed("send")
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(SECRET).verify(wire.body.replace(b"12.5", b"99.5"), dict(wire.headers))


def test_old_request_is_refused_by_the_library() -> None:
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        verified(signed("send", late_secs=600))


def test_another_secret_is_refused_by_the_library() -> None:
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        verified(signed("send"), "whsec_" + "A" * 32)
