"""RudderStack's destination `TIKTOK_ADS` as integrations: the same requests, made by mappings that a team can change.

What it sends is described in https://www.rudderstack.com/docs/destinations/streaming-destinations/tiktok-ads/ (read
2026-11-23); notes.md says where we do otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from paceline.exchange.integration import ImportedDestination, ImportedIntegration
from paceline.exchange.rudderstack_settings import required_text, rows_of, text_of
from paceline.model.mapping import EVERY_EVENT, FieldRule, MappingFields, MappingFile, MappingFrom, MappingTo

_STANDARD = (
    "AddPaymentInfo",
    "AddToCart",
    "AddToWishlist",
    "ClickButton",
    "CompletePayment",
    "CompleteRegistration",
    "Contact",
    "Download",
    "InitiateCheckout",
    "PlaceAnOrder",
    "Search",
    "SubmitForm",
    "Subscribe",
    "ViewContent",
)
"""TikTok's standard events, which may also be sent under their own names in any case."""
_NAMES = {
    "product added to wishlist": "AddToWishlist",
    "product added": "AddToCart",
    "checkout started": "InitiateCheckout",
    "payment info entered": "AddPaymentInfo",
    "checkout step completed": "CompletePayment",
    "order completed": "PlaceAnOrder",
    **{name.lower(): name for name in _STANDARD},
}
_USER = "$.properties.context.user"
_HASHED = '"email", "phone_number", "external_id"'
_EXTERNAL_ID = '($.context.externalId | to_list)[?@.type == "tiktokExternalId"].id | first'


def read_destination(config: Mapping[str, object], mappings: Mapping[str, MappingFile]) -> ImportedDestination:
    """The destination's events, and one integration more for each further standard event that one event stands for.

    Raises UsageError without an access token or a pixel code.
    """
    settings: dict[str, object] = {
        "access_token": required_text(config, "accessToken"),
        "event_source_id": required_text(config, "pixelCode"),
    }
    tables = _tables(config)
    fields = _fields(is_hashing=config.get("hashUserProperties") is not False)
    name = f"$.event | trim | lower | switch({_json({**_NAMES, **tables[0]})})"
    main = {**fields, "event": f'({name}) | required("the event stands for no standard event of TikTok")'}
    integrations = [ImportedIntegration(settings=settings, mappings=(_mapping("track", main),))]
    for number, table in enumerate(tables[1:], start=2):
        name = f"$.event | trim | lower | switch({_json(table)})"
        more = _mapping(f"track_{number}", {**fields, "event": name}, when=f"exists({name})")
        integrations.append(ImportedIntegration(settings=settings, mappings=(more,), purpose=f"event_{number}"))
    return ImportedDestination(integrations=tuple(integrations))


def _tables(config: Mapping[str, object]) -> list[dict[str, str]]:
    """The destination's own names of events: every event's first standard event, its second, and so on."""
    tables: list[dict[str, str]] = [{}]
    for row in rows_of(config, "eventsToStandard"):
        event, standard = text_of(row, "from").lower(), text_of(row, "to")
        if not event or not standard:
            continue
        table = next((one for one in tables if event not in one), None)
        if table is None:
            tables.append(table := {})
        table[event] = standard
    return tables


def _fields(*, is_hashing: bool) -> MappingFields:
    email = _first(f"{_USER}.email", "$.traits.email", "$.context.traits.email", "$.properties.email")
    phone = _first(f"{_USER}.phone_number", "$.traits.phone", "$.context.traits.phone", "$.properties.phone")
    own_id = f"({_EXTERNAL_ID}) ?? {_first(f'{_USER}.external_id')} | string"
    if is_hashing:
        email, phone, own_id = f"{email} | lower | sha256", f"{phone} | sha256", f"{own_id} | trim | sha256"
    kind = "$$.properties.contentType ?? $$.properties.content_type"
    contents = "$.properties.contents | to_list"
    return {
        "partner_name": FieldRule(value="= RudderStack", note="As before the switch; leave it out or say your own."),
        "event_id": _first("$.properties.eventId"),
        "timestamp": "$.timestamp",
        "test_event_code": _first("$.properties.testEventCode"),
        "context.ad": "$.properties.context.ad ?? $.context.ad ?? missing()",
        "context.page": "$.properties.context.page ?? $.context.page ?? missing()",
        "context.ip": _first("$.context.ip", "$.request_ip"),
        "context.user_agent": _first("$.context.userAgent"),
        "context.user.*": f'if type_of({_USER}) == "object" then {_USER} | omit({_HASHED})',
        "context.user.email": email,
        "context.user.phone_number": phone,
        "context.user.external_id": own_id,
        "properties.contents": FieldRule(
            each=f"({contents}) ?? ($.properties.products | to_list)", fields=_content(kind)
        ),
        "properties.content_category": "$.properties.category ?? missing()",
        "properties.content_name": "$.properties.name ?? missing()",
        "properties.content_id": "$.properties.product_id ?? $.properties.productId | string",
        "properties.content_type": "$.properties.contentType ?? $.properties.content_type ?? missing()",
        **{f"properties.{name}": f"$.properties.{name} ?? missing()" for name in _SAME},
    }


_SAME = ("status", "currency", "value", "description", "query")
"""Properties with the same names on both sides."""


def _content(kind: str) -> MappingFields:
    """One item of the order: a content in TikTok's own form, or else a product in RudderStack's."""
    is_own = "exists($$.properties.contents)"
    named = {"content_category": "category", "content_name": "name", "price": "price", "quantity": "quantity"}
    return {
        "*": f'if {is_own} then $ | omit("content_type")',
        "content_type": f'$.content_type ?? $.contentType ?? {kind} ?? "product_group"',
        "content_id": f"$.content_id ?? (if not {is_own} then $.product_id ?? $.productId | string) ?? missing()",
        **{name: f"$.{name} ?? (if not {is_own} then $.{source}) ?? missing()" for name, source in named.items()},
    }


def _first(*paths: str) -> str:
    """The first of some places that is not blank, as text without white space around it."""
    return "(" + " ?? ".join(f"(if not is_blank({path}) then {path} | string | trim)" for path in paths) + ")"


def _json(table: Mapping[str, str]) -> str:
    return msgspec.json.encode(table).decode()


def _mapping(name: str, fields: MappingFields, *, when: str | None = None) -> MappingFile:
    return MappingFile(
        mapping=f"{name}.tiktok_events",
        version=1,
        from_=MappingFrom(event=EVERY_EVENT),
        to=MappingTo(connector="tiktok_events", action="track_pixel_event"),
        when=when,
        fields=fields,
    )
