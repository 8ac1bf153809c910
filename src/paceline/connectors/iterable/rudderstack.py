"""RudderStack's Iterable destination (cloud mode) as integrations of ours."""

from __future__ import annotations

from collections.abc import Mapping

from paceline.exchange.integration import ImportedDestination, ImportedIntegration
from paceline.exchange.loss import Loss
from paceline.exchange.rudderstack_mappings import IS_MAPPED, TIME, TRAITS, USER_IDS, first_of, in_traits, make_mapping
from paceline.exchange.rudderstack_settings import required_text, text_of
from paceline.model.event import EventType
from paceline.model.mapping import MappingFile

_USER_ID = first_of(*USER_IDS, "$.anonymousId")
_USER_ID_TEXT = f"{_USER_ID} | string"
_EMAIL = first_of(*in_traits("email"))
_EVENT_EMAIL = first_of("$.properties.email", "$.context.traits.email")
_CREATED = first_of(*in_traits("createdAt"), TIME)
_CREATED_AT = f'if type_of({_CREATED}) == "text" then ({_CREATED} | unix_ms) else {_CREATED}'
_NAME = first_of("$.name", "$.properties.name")
_CATEGORY = first_of("$.properties.category", "$.category")
_EXTERNAL_TYPE = '($.context.externalId[0].type ?? "" | replace_any_case("ITERABLE-", ""))'
_IS_CATALOG = f'{IS_MAPPED} and {_EXTERNAL_TYPE} != "users"'
_APPLE = '["ios", "watchos", "ipados", "tvos", "visionos"]'
_ITEM: Mapping[str, object] = {
    "id": "$.product_id | string",
    "sku": "$.sku",
    "name": "$.name",
    "description": "$.description",
    "categories": 'if type_of($.category) == "text" then ($.category | split(",")) else $.category',
    "price": "$.price | number",
    "quantity": "$.quantity | integer",
    "imageUrl": "$.image_url",
    "url": "$.url",
}


def read_destination(config: Mapping[str, object], mappings: Mapping[str, MappingFile]) -> ImportedDestination:
    """The destination as two integrations: users and events, and devices. Raises UsageError without an API key."""
    region = "eu" if text_of(config, "dataCenter").upper() == "EUDC" else "us"
    settings = {"api_key": required_text(config, "apiKey"), "region": region}
    device_key = text_of(config, "registerDeviceOrBrowserApiKey") or settings["api_key"]
    return ImportedDestination(
        integrations=(
            ImportedIntegration(settings=settings, mappings=_mappings(config)),
            ImportedIntegration(
                settings={**settings, "api_key": device_key}, mappings=_device_mappings(), purpose="devices"
            ),
        ),
        losses=_LOSSES,
    )


def _mappings(config: Mapping[str, object]) -> tuple[MappingFile, ...]:
    merges = _constant(config.get("mergeNestedObjects") is not False)
    prefers = _constant(config.get("preferUserId") is not False)
    how: dict[str, object] = {"preferUserId": prefers, "mergeNestedObjects": merges}
    user: dict[str, object] = {"email": _EMAIL, "userId": _USER_ID_TEXT, "dataFields": TRAITS, **how}
    commerce: dict[str, object] = {f"user.{name}": value for name, value in user.items()} | {"items": _ITEMS}
    return (
        _mapping(
            "order_completed", EventType.TRACK, "track_purchase", _PURCHASE | commerce, when=_is("order completed")
        ),
        _mapping("cart", EventType.TRACK, "update_cart", commerce, when=_is("product added", "product removed")),
        _mapping("track", EventType.TRACK, "track_event", _event("$.event")),
        *_views(config),
        _mapping("catalog", EventType.IDENTIFY, "write_catalog_items", _CATALOG_ITEM, when=_IS_CATALOG),
        _mapping("identify_mapped", EventType.IDENTIFY, "update_user", _MAPPED | how, when=IS_MAPPED),
        _mapping("identify", EventType.IDENTIFY, "update_user", user),
        _mapping("alias", EventType.ALIAS, "update_email", {"currentEmail": "$.previousId!", "newEmail": "$.userId!"}),
    )


def _views(config: Mapping[str, object]) -> list[MappingFile]:
    """Pages and screens, as far as the destination's settings let them through."""
    wanted = [
        condition
        for key, condition in (
            ("trackAllPages", "true"),
            ("trackCategorisedPages", f"exists({_CATEGORY})"),
            ("trackNamedPages", f"exists({_NAME})"),
        )
        if config.get(key) is True
    ]
    if not wanted:
        return []
    when = None if "true" in wanted else " or ".join(wanted)
    views = []
    for kind in (EventType.PAGE, EventType.SCREEN):
        single = f'"Loaded a {kind.capitalize()}"'
        is_single = config.get("mapToSingleEvent") is True
        name = single if is_single else f'concat({_NAME}, " {kind}") ?? {single}'
        views.append(_mapping(str(kind), kind, "track_event", _event(name), when=when))
    return views


def _device_mappings() -> tuple[MappingFile, ...]:
    who = {"email": _EMAIL, "userId": _USER_ID_TEXT}
    device = {
        **who,
        "device.token": "$.context.device.token",
        "device.applicationName": "$.context.device.name",
        "device.platform": f'if ($.context.device.type | lower) in {_APPLE} then "APNS" else "GCM"',
        "preferUserId": "true",
    }
    browser = {**who, "browserToken": "$.context.os.token"}
    return (
        _mapping("device", EventType.IDENTIFY, "register_device", device, when="not is_blank($.context.device.token)"),
        _mapping("browser", EventType.IDENTIFY, "register_browser", browser, when="not is_blank($.context.os.token)"),
    )


def _mapping(
    name: str, kind: EventType, action: str, fields: Mapping[str, object], *, when: str | None = None
) -> MappingFile:
    return make_mapping(name, kind, fields, to=("iterable", action), when=when)


def _is(*names: str) -> str:
    return " or ".join(f'($.event | trim | lower) == "{name}"' for name in names)


def _constant(is_on: bool) -> str:
    return "true" if is_on else "false"


def _event(name: str) -> dict[str, object]:
    return {
        "email": _EVENT_EMAIL,
        "userId": _USER_ID_TEXT,
        "eventName": name,
        "createdAt": {"value": _CREATED_AT, "note": "milliseconds, as RudderStack sends them"},
        "dataFields": "$.properties",
        "campaignId": "try($.properties.campaignId | integer)",
        "templateId": "try($.properties.templateId | integer)",
    }


_ITEMS: dict[str, object] = {"each": "$.properties.products ?? [$.properties]", "fields": dict(_ITEM)}
_PURCHASE: dict[str, object] = {
    "id": "$.properties.orderId | string",
    "total": "$.properties.total | number",
    "createdAt": _CREATED_AT,
    "campaignId": "try($.properties.campaignId | integer)",
    "templateId": "try($.properties.templateId | integer)",
    "dataFields": "$.properties",
}
# A key that is computed: the object is written as JSON and read back.
_EXTERNAL_KEY = (
    '(concat("{", $.context.externalId[0].identifierType | json, ":", $.context.externalId[0].id | json, "}")'
    " | from_json)"
)
_MAPPED: dict[str, object] = {
    "email": first_of("$.traits.email", f"{_EXTERNAL_KEY}.email"),
    "userId": _USER_ID_TEXT,
    "dataFields": f"merge({TRAITS}, {_EXTERNAL_KEY} ?? {{}})",
}
_CATALOG_ITEM: Mapping[str, object] = {
    "catalog": _EXTERNAL_TYPE,
    "documents": f'concat("{{", $.context.externalId[0].id | string | json, ":", {TRAITS} | json, "}}") | from_json',
    "replaceUploadedFieldsOnly": "true",
}
_LOSSES = (
    Loss(
        about="batching",
        message="RudderStack collects events and users and sends them to the bulk endpoints; here they go one by one",
        hint="map to track_events and update_users where ten requests a second are enough",
    ),
    Loss(
        about="device mode",
        message="in-app messages and what Iterable's web SDK sends are not part of the destination's cloud mode",
    ),
)
