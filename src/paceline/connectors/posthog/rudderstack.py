"""RudderStack's destination `POSTHOG` as an integration: the same requests, made by mappings that a team can change.

What it sends is described in https://www.rudderstack.com/docs/destinations/streaming-destinations/posthog/ (read
2026-11-23); notes.md says where we do otherwise.
"""

from __future__ import annotations

from collections.abc import Mapping

from paceline.exchange import user_agents
from paceline.exchange.integration import ImportedDestination, ImportedIntegration
from paceline.exchange.rudderstack_mappings import TIME, USER_IDS, first_text
from paceline.exchange.rudderstack_settings import required_text, text_of
from paceline.model.event import EventType
from paceline.model.mapping import EVERY_EVENT, MappingFields, MappingFile, MappingFrom, MappingTo

_WEB = '$.channel == "web" and exists($.context.userAgent)'
_AGENT = "$.context.userAgent"
_REGIONS = {
    "": "us_app",
    "https://app.posthog.com": "us_app",
    "https://us.i.posthog.com": "us",
    "https://eu.i.posthog.com": "eu",
}
_CONTEXT = {
    "$current_url": "page.url",
    "$pathname": "page.path",
    "$performance_page_loaded": "page.loaded",
    "$screen_height": "screen.height",
    "$screen_width": "screen.width",
    "$screen_density": "screen.density",
    "$lib": "library.name",
    "$lib_version": "library.version",
    "$device_id": "device.id",
    "$device_manufacturer": "device.manufacturer",
    "$device_model": "device.model",
    "$device_name": "device.name",
    "$os_version": "os.version",
    "$timezone": "timezone",
    "$locale": "locale",
    "$useragent": "userAgent",
    "$network_carrier": "network.carrier",
    "$app_name": "app.name",
    "$app_version": "app.version",
    "$app_namespace": "app.namespace",
    "$app_build": "app.build",
    "utm_source": "campaign.source",
    "utm_medium": "campaign.medium",
    "utm_campaign": "campaign.name",
    "utm_content": "campaign.content",
    "utm_term": "campaign.term",
}
"""Properties of PostHog's that every event has, by their places in the context."""


def read_destination(config: Mapping[str, object], mappings: Mapping[str, MappingFile]) -> ImportedDestination:
    """The destination as one integration. Raises UsageError without an API key."""
    instance = text_of(config, "yourInstance").rstrip("/")
    region = _REGIONS.get(instance, "self_hosted")
    settings: dict[str, object] = {"project_api_key": required_text(config, "teamApiKey"), "region": region}
    if region == "self_hosted":
        settings["instance_url"] = instance
    group = _group_properties() if config.get("useV2Group") is True else _group_as_it_came()
    person = {"distinct_id": first_text([*USER_IDS, "$.anonymousId"])}
    viewed: MappingFields = {"name": "$.name ?? missing()", "category": "$.category ?? missing()"}
    own: MappingFields = {
        "properties.*": "$.properties ?? missing()",
        "properties.$set": "$.context.traits ?? missing()",
    }
    names = {"event": "= $screen", "properties.$screen_name": "$.event ?? $.name ?? $.properties.name ?? missing()"}
    integration = ImportedIntegration(
        settings=settings,
        mappings=(
            _mapping(EventType.TRACK, "capture", {"event": "$.event", **person, **own}),
            _mapping(
                EventType.IDENTIFY,
                "identify",
                {"event": "= $identify", **person, "$set": "($.traits ?? $.context.traits)!"},
            ),
            _mapping(EventType.PAGE, "page", {"event": "= $pageview", **person, **own, **viewed}),
            _mapping(EventType.SCREEN, "screen", {**names, **person, **own, **viewed}),
            _mapping(EventType.GROUP, "group", {"event": "= $groupidentify", **person, **group}),
            _mapping(
                EventType.ALIAS,
                "alias",
                {
                    "event": "= $create_alias",
                    "properties.alias": f"({first_text([*USER_IDS, '$.anonymousId'])})!",
                    "properties.distinct_id": "$.previousId! | string",
                },
            ),
        ),
    )
    return ImportedDestination(integrations=(integration,))


def _group_as_it_came() -> MappingFields:
    return {
        "groupId": _present("$.groupId", "$.traits.groupId"),
        "traits": "$.traits ?? $.context.traits ?? missing()",
        "properties.$set": "$.context.traits ?? missing()",
    }


def _group_properties() -> MappingFields:
    key = first_text(["$.groupId", "$.traits.groupId"])
    one = f'from_json(concat("{{", json($.traits.groupType), ":", json({key}), "}}"))'
    return {
        "properties.$group_key": key,
        "properties.$group_type": _present("$.traits.groupType"),
        "properties.$group_set": '($.traits ?? {}) | omit("groupType")',
        "properties.$groups": f'if type_of($.traits.groupType) == "text" and exists({key}) then {one}',
        "properties.$set": "$.context.traits ?? missing()",
    }


def _common() -> MappingFields:
    """What every event says about its time, its device and the page."""
    fields: MappingFields = {
        "messageId": "$.messageId",
        "timestamp": TIME,
        "properties.$time": "$.originalTimestamp ?? $.timestamp",
        "properties.$timestamp": TIME,
        "properties.distinct_id": first_text(["$.userId", "$.anonymousId"]),
        "properties.$anon_distinct_id": _present("$.anonymousId"),
        "properties.$ip": _present("$.request_ip", "$.context.ip"),
        "properties.$os": f"(if {_WEB} then ({user_agents.system(_AGENT)})) ?? {_present('$.context.os.name')}",
        "properties.$browser": f"if {_WEB} then ({user_agents.browser(_AGENT)})",
        "properties.$browser_version": f"if {_WEB} then ({user_agents.browser_version(_AGENT)})",
        "properties.$host": 'try($.context.page.url | split("://") | at(1) | split("/") | first | split("?") | first)',
        "properties.$viewport_height": _present("$.properties.viewport_height"),
        "properties.$viewport_width": _present("$.properties.viewport_width"),
    }
    for name, path in _CONTEXT.items():
        fields[f"properties.{name}"] = _present(f"$.context.{path}")
    return fields


def _present(*paths: str) -> str:
    """The first of some places that is not blank."""
    return " ?? ".join(f"(if not is_blank({path}) then {path})" for path in paths)


def _mapping(kind: EventType, category: str, fields: MappingFields) -> MappingFile:
    return MappingFile(
        mapping=f"{kind.value}.posthog",
        version=1,
        from_=MappingFrom(type=kind, event=EVERY_EVENT if kind is EventType.TRACK else ""),
        to=MappingTo(connector="posthog", action="capture_one"),
        fields={**_common(), **fields, "type": f"= {category}"},
    )
