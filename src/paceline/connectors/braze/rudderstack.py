"""RudderStack's Braze destination (cloud mode) as integrations of ours."""

from __future__ import annotations

from collections.abc import Mapping

from paceline.exchange.integration import ImportedDestination, ImportedIntegration
from paceline.exchange.loss import Loss
from paceline.exchange.rudderstack_mappings import IS_MAPPED, TIME, TRAITS, USER_IDS, first_of, make_mapping
from paceline.exchange.rudderstack_settings import required_text
from paceline.model.event import EventType
from paceline.model.mapping import MappingFile

_EXTERNAL_ID = first_of(*USER_IDS)
_APP_ID = first_of("$$.integrations.BRAZE.appId", "$$.integrations.Braze.appId")
_IDENTIFIERS = (
    f"external_id: {_EXTERNAL_ID}, user_alias: if not exists({_EXTERNAL_ID}) then {{alias_name: $.anonymousId, "
    f'alias_label: "rudder_id"}}, _update_existing_only: if not exists({_EXTERNAL_ID}) then false'
)
_GENDERS = '{m: "M", male: "M", f: "F", female: "F", o: "O", other: "O", n: "N", p: "P"}'
_GENDER = f"{TRAITS}.gender"
_PROFILE = ", ".join(
    (
        f"country: {TRAITS}.address.country",
        f"dob: {TRAITS}.birthday",
        f"email: {TRAITS}.email | lower",
        f"first_name: {TRAITS}.firstName",
        f'gender: if type_of({_GENDER}) == "text" then ({_GENDER} | lower | switch({_GENDERS})) else {_GENDER}',
        f"home_city: {TRAITS}.address.city",
        f"image_url: {TRAITS}.avatar",
        f"last_name: {TRAITS}.lastName",
        f"phone: {TRAITS}.phone",
    )
)
_RENAMED = '"address", "birthday", "email", "firstName", "gender", "lastName", "phone", "avatar"'
_ATTRIBUTES = f"if ({TRAITS} | length) > 0 then merge({TRAITS} | omit({_RENAMED}), {{{_PROFILE}}}, {{{_IDENTIFIERS}}})"
_OWN_FIELDS = '"product_id", "price", "currency", "quantity", "sku"'


def read_destination(config: Mapping[str, object], mappings: Mapping[str, MappingFile]) -> ImportedDestination:
    """The destination as one integration that maps as RudderStack does. Raises UsageError without an API key."""
    center = str(config.get("dataCenter") or "us-01").strip().lower()
    settings = {"rest_api_key": required_text(config, "restApiKey"), "region": center}
    return ImportedDestination(
        integrations=(ImportedIntegration(settings=settings, mappings=_mappings(config)),), losses=_LOSSES
    )


def _mappings(config: Mapping[str, object]) -> tuple[MappingFile, ...]:
    page_name = first_of("$.name", "$.properties.name")
    return (
        _mapping("order_completed", EventType.TRACK, "track_purchases", _purchases(config), when=_IS_ORDER),
        _mapping("track", EventType.TRACK, "track_event", _event("$.event")),
        _mapping("page", EventType.PAGE, "track_event", _event(f'{page_name} ?? "Page Viewed"')),
        _mapping("screen", EventType.SCREEN, "track_event", _event(f'{page_name} ?? "Screen Viewed"')),
        _mapping("identify_mapped", EventType.IDENTIFY, "update_user", _MAPPED, when=IS_MAPPED),
        _mapping("identify", EventType.IDENTIFY, "update_user", {"attributes": _ATTRIBUTES}),
        _group(config),
        _mapping(
            "alias",
            EventType.ALIAS,
            "merge_users",
            {
                "identifier_to_merge.external_id": "$.previousId!",
                "identifier_to_keep.external_id": f"{_EXTERNAL_ID}!",
            },
        ),
    )


_IS_ORDER = '($.event | trim | lower) == "order completed"'
_MAPPED = {
    "attributes.*": TRAITS,
    "attributes.external_id": first_of("$.context.externalId[0].id", *USER_IDS),
}
_PARTNER = {"value": "= RudderStack", "note": "Counts as RudderStack's request at Braze; drop it after the migration."}


def _mapping(
    name: str, kind: EventType, action: str, fields: Mapping[str, object], *, when: str | None = None
) -> MappingFile:
    return make_mapping(name, kind, fields, to=("braze", action), when=when)


def _event(name: str) -> dict[str, object]:
    return {
        "attributes": _ATTRIBUTES,
        "events.*": f"{{{_IDENTIFIERS}}}",
        "events.app_id": _APP_ID,
        "events.name": name,
        "events.time": TIME,
        "events.properties": "$.properties",
        "partner": _PARTNER,
    }


def _purchases(config: Mapping[str, object]) -> dict[str, object]:
    identifiers = _IDENTIFIERS.replace("$.", "$$.")
    has_more = config.get("sendPurchaseEventWithExtraProperties") is True
    fields: dict[str, object] = {
        "*": f"{{{identifiers}}}",
        "app_id": _APP_ID,
        "product_id": "$.product_id ?? $.sku",
        "price": "$.price | number",
        "currency": "$.currency ?? $$.properties.currency",
        "quantity": "$.quantity! | integer",
        "time": TIME.replace("$.", "$$."),
    }
    if has_more:
        fields["properties"] = f"if ($ | omit({_OWN_FIELDS}) | length) > 0 then ($ | omit({_OWN_FIELDS}))"
    return {
        "attributes": _ATTRIBUTES,
        "purchases": {"each": "$.properties.products", "fields": fields},
        "partner": _PARTNER,
    }


def _group(config: Mapping[str, object]) -> MappingFile:
    if config.get("enableSubscriptionGroupInGroupCall") is True:
        fields: dict[str, object] = {
            "subscription_group_id": "$.groupId! | string",
            "subscription_state": f'{first_of("$.traits.subscriptionState")} ?? "subscribed"',
            "external_ids": f"if exists({_EXTERNAL_ID}) then [{_EXTERNAL_ID}]",
            "emails": "if exists($.traits.email) then [$.traits.email]",
            "phones": "if exists($.traits.phone) then [$.traits.phone]",
        }
        return _mapping("group", EventType.GROUP, "set_subscription", fields)
    # A key that is computed: the object is written as JSON and read back.
    member = 'concat("{", concat("ab_rudder_group_", $.groupId!) | json, ": true}") | from_json'
    return _mapping("group", EventType.GROUP, "update_user", {"attributes": f"merge({member}, {{{_IDENTIFIERS}}})"})


_LOSSES = (
    Loss(
        about="identify",
        message="RudderStack also joins the anonymous user to the identified one (/users/identify) on identify",
        hint="add an integration with a mapping to identify_user; alias calls with previousId are carried over",
    ),
    Loss(
        about="device mode",
        message="what the Braze SDK sends from browsers and apps is not part of the destination's cloud mode",
    ),
    Loss(
        about="supportDedup",
        message="RudderStack can keep what it sent last and send only what changed; that costs data points here",
        hint="name fewer attributes in identify.braze",
    ),
)
