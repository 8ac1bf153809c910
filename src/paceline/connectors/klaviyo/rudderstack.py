"""RudderStack's Klaviyo destination (cloud mode) as integrations of ours, by its public guide."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from paceline.exchange.integration import ImportedDestination, ImportedIntegration
from paceline.exchange.loss import Loss
from paceline.exchange.rudderstack_mappings import first_of, in_traits, make_mapping, quoted
from paceline.exchange.rudderstack_settings import required_text, rows_of, text_of
from paceline.model.event import EventType
from paceline.model.mapping import FieldRule, MappingFile, MappingFrom

_EMAIL = first_of(*in_traits("email"), "$.properties.email")
_PHONE = first_of(*in_traits("phone"), "$.properties.phone")
_E164 = f'if {_PHONE} | starts_with("+") then ("+" | concat({_PHONE} | keep_digits))'
_SUBSCRIBES = "($.traits.properties.subscribe ?? $.context.traits.properties.subscribe)"
# RudderStack compares names without regard to case; the guide's names of events, and our mapping of each.
_RENAMED = {
    "product_viewed.klaviyo": ("product viewed", "product clicked"),
    "product_added.klaviyo": ("product added",),
    "checkout_started.klaviyo": ("checkout started",),
}

# Properties that RudderStack's guide has beside those of the Segment spec.
_CATEGORIES: Mapping[str, Mapping[str, FieldRule | str]] = {
    "product_viewed.klaviyo": {
        "properties.Categories": "$.properties.categories ?? (if exists($.properties.category) then"
        " [$.properties.category])",
        "properties.CompareAtPrice": "$.properties.compare_at_price",
    },
    "product_added.klaviyo": {
        "properties.AddedItemCategories": "$.properties.categories ?? (if exists($.properties.category) then"
        " [$.properties.category])",
    },
}


def read_destination(config: Mapping[str, object], mappings: Mapping[str, MappingFile]) -> ImportedDestination:
    """The destination as two integrations: profiles and events, and consent. Raises UsageError without a key."""
    settings = {"api_key": required_text(config, "privateApiKey")}
    by_email = config.get("enforceEmailAsPrimary") is True
    events = [_renamed(mappings[name], names) for name, names in _RENAMED.items()] + [mappings["track.klaviyo"]]
    screen = _named(mappings["screen.klaviyo"])
    main = ImportedIntegration(
        settings=settings,
        mappings=tuple(
            _without_own_id(one) if by_email else one for one in (*events, screen, mappings["identify.klaviyo"])
        ),
    )
    consent = ImportedIntegration(settings=settings, mappings=_consent(config), purpose="consent")
    return ImportedDestination(integrations=(main, consent), losses=_LOSSES)


def _named(screen: MappingFile) -> MappingFile:
    """The guide: a screen view is a metric with the screen's name."""
    named: dict[str, FieldRule | str] = {"metric.data.attributes.name": '$.name ?? $.event ?? "Viewed Screen"'}
    return msgspec.structs.replace(screen, fields={**screen.fields, **named})


def _renamed(mapping: MappingFile, names: tuple[str, ...]) -> MappingFile:
    """The mapping for every event whose name is one of `names` in any case."""
    is_one = " or ".join(f"($.event | trim | lower) == {quoted(name)}" for name in names)
    when = f"({is_one}) and ({mapping.when})" if mapping.when else is_one
    more = _CATEGORIES.get(mapping.mapping, {})
    return msgspec.structs.replace(
        mapping, from_=MappingFrom(type=EventType.TRACK, event="*"), when=when, fields={**mapping.fields, **more}
    )


def _without_own_id(mapping: MappingFile) -> MappingFile:
    """The setting "enforce email as primary identifier": your id only goes into the property `_id`."""
    fields: dict[str, FieldRule | str] = {
        target: rule for target, rule in mapping.fields.items() if target.rpartition(".")[2] != "external_id"
    }
    holder = "profile.data.attributes.properties._id" if mapping.to.action == "create_event" else None
    if holder:
        fields[holder] = "if not is_blank($.userId) then $.userId"
    return msgspec.structs.replace(mapping, fields=fields)


def _consent(config: Mapping[str, object]) -> tuple[MappingFile, ...]:
    """Subscriptions: on identify when its traits ask for it, on group to the list that the group is."""
    channels = {text_of(row, "consent") for row in rows_of(config, "consent")} or {"email"}
    if config.get("smsConsent") is True:
        channels.add("sms")
    own_list = first_of(*in_traits("properties.listId"))
    default = text_of(config, "listId")
    in_list = _in_list(f"{own_list} ?? {quoted(default)}")
    listed = in_list if default else f"if exists({own_list}) then {_in_list(own_list)}"
    return (
        _subscription("consent", EventType.IDENTIFY, channels, listed, when=f"{_SUBSCRIBES} == true"),
        _subscription(
            "group", EventType.GROUP, channels, _in_list("$.groupId! | string"), when="$.traits.subscribe == true"
        ),
    )


def _in_list(list_id: str) -> str:
    return f'{{data: {{type: "list", id: {list_id}}}}}'


def _subscription(name: str, kind: EventType, channels: set[str], listed: str, *, when: str) -> MappingFile:
    email = f'email: if exists({_EMAIL}) then {{marketing: {{consent: "SUBSCRIBED"}}}}'
    sms = f'sms: if exists({_E164}) then {{marketing: {{consent: "SUBSCRIBED"}}}}'
    wanted = [text for channel, text in (("email", email), ("sms", sms)) if channel in channels]
    fields = {
        "attributes.profiles.data": (
            f'[{{type: "profile", attributes: {{email: {_EMAIL}, phone_number: {_E164},'
            f" subscriptions: {{{', '.join(wanted)}}}}}}}]"
        ),
        "relationships.list": listed,
    }
    return make_mapping(name, kind, fields, to=("klaviyo", "subscribe_profile"), when=when)


_LOSSES = (
    Loss(
        about="device mode",
        message="page views and what Klaviyo's own script sends are not part of the destination's cloud mode",
    ),
)
