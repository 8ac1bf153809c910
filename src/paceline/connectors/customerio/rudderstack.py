"""RudderStack's Customer.io destination (`CUSTOMERIO`) as an integration here.

RudderStack calls version 1 of the Track API for people, events and devices, and version 2 for groups. What it does was
read from its guide (https://www.rudderstack.com/docs/destinations/streaming-destinations/customer-io/cloud-mode/, read
2026-11-23) and from its public cases.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from paceline.exchange.integration import ImportedDestination, ImportedIntegration
from paceline.exchange.loss import Loss
from paceline.exchange.rudderstack_mappings import EMAILS, TIME, USER_IDS, first_text
from paceline.exchange.rudderstack_settings import required_text, text_of
from paceline.model.delivery import Request
from paceline.model.event import EventType
from paceline.model.mapping import MappingFields, MappingFile, MappingFrom, MappingTo

_PERSON = first_text([*USER_IDS, *EMAILS])
_NOBODY = "no user id and no e-mail address"
_IDENTIFIER = f'({_PERSON}) | required("{_NOBODY}")'
_IS_KNOWN = " or ".join(f"not is_blank({path})" for path in [*USER_IDS, *EMAILS])
_TOKEN = "$.context.device.token"  # noqa: S105 - where a device's token for push messages is
_UNIX_TIME = f"({TIME}) | unix_secs"
_TRAITS = "($.traits ?? $.context.traits ?? {})"
_TYPE = "$.context.device.type | lower"
_PLATFORM = f'{_TYPE} | switch({{ipados: "ios", tvos: "ios", watchos: "ios"}}, {_TYPE}) | one_of("ios", "android")'
_PAGE_NAME = '$.name ?? $.properties.url ?? $.properties.title ?? $.properties.path ?? "page"'
# An event and not a view: the guide shows `Viewed Main Screen` in the place of the screen's name.
_SCREEN_NAME = 'concat("Viewed ", $.event ?? $.name ?? $.properties.name, " Screen") ?? "Viewed Screen"'
# An address has a dot after its @; `user@1` is an id.
_IS_EMAIL = '(({id}) | like("*@*.*"))'

_LOSSES = (
    Loss(
        about="customerio",
        message="groups go to /api/v2/batch as {batch: […]}, several in a request; attributes that Customer.io does "
        "not take with an object's delete, add_relationships and delete_relationships stay out",
    ),
    Loss(
        about="customerio",
        message="devices whose type is neither ios nor android are refused; Customer.io takes no other platform",
    ),
    Loss(about="customerio", message="page and screen views without a name get one; Customer.io requires it"),
)


def read_destination(config: Mapping[str, object], mappings: Mapping[str, MappingFile]) -> ImportedDestination:
    """The destination as one integration. Raises UsageError without site ID or API key."""
    is_eu = config.get("datacenterEU") is True or text_of(config, "datacenter").upper() == "EU"
    settings: dict[str, object] = {
        "site_id": required_text(config, "siteID"),
        "api_key": required_text(config, "apiKey"),
        **({"region": "eu"} if is_eu else {}),
    }
    made = (
        _identify(),
        *_devices(text_of(config, "deviceTokenEventName")),
        *_events("track", MappingFrom(event="*"), "event", "$.event | truncate_bytes(100)"),
        *_events("page", MappingFrom(type=EventType.PAGE), "page", _PAGE_NAME),
        *_events("screen", MappingFrom(type=EventType.SCREEN), "event", _SCREEN_NAME),
        *_groups(),
        _alias(),
    )
    return ImportedDestination(integrations=(ImportedIntegration(settings=settings, mappings=made),), losses=_LOSSES)


def _identify() -> MappingFile:
    return _mapping(
        "identify",
        MappingFrom(type=EventType.IDENTIFY),
        "v1_update_person",
        {
            "identifier": _IDENTIFIER,
            "*": f"merge({_TRAITS} | omit('anonymousId', 'address', 'createdAt'), {_TRAITS}.address ?? {{}},"
            " $.user_properties ?? {})",
            "anonymous_id": first_text(["$.anonymousId"]),
            "created_at": f"if type_of({_TRAITS}.createdAt) == 'number' then {_TRAITS}.createdAt"
            f" else try({_TRAITS}.createdAt | unix_secs)",
            "_timestamp": _UNIX_TIME,
        },
        note="The fields of the address stand beside the other traits, as RudderStack has them.",
    )


def _devices(token_event: str) -> list[MappingFile]:
    """Events of an app's life that tell of a device; the one that the destination names is one of them."""
    added = ["Application Installed", "Application Opened", *([token_event] if token_event else [])]
    fields: MappingFields = {
        "identifier": _IDENTIFIER,
        "device.*": "$.properties",
        "device.id": f"{_TOKEN} | string",
        "device.platform": _PLATFORM,
        "device.last_used": _UNIX_TIME,
    }
    devices = [
        _mapping(
            "device_token" if event == token_event else event.lower().replace(" ", "_"),
            MappingFrom(event=event),
            "v1_add_device",
            fields,
            when=f"exists({_TOKEN}) and ({_IS_KNOWN})",
            note="Without a token or a person it is an event like any other.",
        )
        for event in dict.fromkeys(added)
    ]
    gone: MappingFields = {
        "identifier": _IDENTIFIER,
        "device_id": f'{_TOKEN} | string | required("no device token")',
    }
    uninstalled = "Application Uninstalled"
    return [*devices, _mapping("application_uninstalled", MappingFrom(event=uninstalled), "v1_delete_device", gone)]


def _events(call: str, taken: MappingFrom, kind: str, name: str) -> list[MappingFile]:
    """What a person did, and else what somebody unknown did."""
    fields: MappingFields = {"type": f"= {kind}", "name": name, "timestamp": _UNIX_TIME, "data": "$.properties"}
    return [
        _mapping(call, taken, "v1_track_event", {"identifier": _IDENTIFIER, **fields}, when=_IS_KNOWN),
        _mapping(
            f"{call}_anonymous",
            taken,
            "track_anonymous_event",
            {"anonymous_id": first_text(["$.anonymousId"]), **fields},
        ),
    ]


def _groups() -> list[MappingFile]:
    """Groups are objects; `traits.action` says what is to be done with one."""
    person = {
        "cio_relationships": f"if {_IS_KNOWN} then [{{identifiers: {_identifiers(_PERSON)}}}]",
    }
    thing: MappingFields = {
        "identifiers.object_id": "$.groupId ?? $.traits.groupId | string",
        "identifiers.object_type_id": '($.traits.objectTypeId | string) ?? "1"',
    }
    attributes: MappingFields = {"attributes": '$.traits | omit("action", "objectTypeId")'}
    actions: Mapping[str, tuple[str, MappingFields]] = {
        "delete": ("delete_object", thing),
        "add_relationships": ("add_people_to_object", {**thing, **person}),
        "delete_relationships": ("remove_people_from_object", {**thing, **person}),
    }
    special = [
        _mapping(
            f"group_{asked}",
            MappingFrom(type=EventType.GROUP),
            action,
            fields,
            when=f'($.traits.action ?? $.properties.action) == "{asked}"',
        )
        for asked, (action, fields) in actions.items()
    ]
    usual = _mapping("group", MappingFrom(type=EventType.GROUP), "identify_object", {**thing, **attributes, **person})
    return [*special, usual]


def _alias() -> MappingFile:
    return _mapping(
        "alias",
        MappingFrom(type=EventType.ALIAS),
        "v1_merge_people",
        {
            "primary": _identifiers(first_text(["$.userId"])),
            "secondary": _identifiers(first_text(["$.previousId"])),
        },
    )


def _identifiers(person: str) -> str:
    is_email = _IS_EMAIL.format(id=person)
    return f"(if {is_email} then {{email: {person}}} else {{id: {person}}})"


def _mapping(
    name: str, taken: MappingFrom, action: str, fields: MappingFields, *, when: str | None = None, note: str = ""
) -> MappingFile:
    return MappingFile(
        mapping=f"{name}.customerio",
        version=1,
        from_=taken,
        to=MappingTo(connector="customerio", action=action),
        when=when,
        fields=fields,
        note=note,
    )


def write_requests(request: Request) -> list[Request]:
    """RudderStack shows what goes into a batch of the Track API v2 by itself; its router makes the batch."""
    if not isinstance(request.body, dict) or "batch" not in request.body:
        return [request]
    return [msgspec.structs.replace(request, body=item) for item in request.body["batch"]]
