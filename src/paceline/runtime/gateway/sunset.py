"""What the gateway says at an address that ends, or has ended."""

from __future__ import annotations

from collections.abc import Iterable

from paceline.lifecycle.expiry import SunsetNotice, sunset_headers
from paceline.runtime.gateway.door import WebhookAddress
from paceline.runtime.gateway.refusal import Header, RequestRefusal


def sunset_notice(address: WebhookAddress, *, now_ms: int) -> Iterable[Header]:
    """`Deprecation` and `Sunset` headers from 30 days before the end on; nothing before that."""
    if not address.ends_ms or now_ms < address.since_ms:
        return ()
    notice = SunsetNotice(since_ms=address.since_ms, ends_ms=address.ends_ms, plan=address.plan)
    return [(name.encode(), value.encode("latin-1", "replace")) for name, value in sunset_headers(notice)]


def gone(name: str, address: WebhookAddress) -> RequestRefusal:
    """The refusal of a request to an address that has ended."""
    instead = f"; use {address.replacement}" if address.replacement else ""
    return RequestRefusal(status=410, code="gone", message=f"the integration {name} has ended{instead}")
