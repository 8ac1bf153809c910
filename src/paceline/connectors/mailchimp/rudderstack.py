"""RudderStack's Mailchimp destination as an integration of ours."""

from __future__ import annotations

from collections.abc import Mapping

from paceline.errors import UsageError
from paceline.exchange.integration import ImportedDestination, ImportedIntegration
from paceline.exchange.loss import Loss
from paceline.exchange.rudderstack_mappings import IS_MAPPED, TIME, TRAITS, first_of, in_traits, make_mapping
from paceline.exchange.rudderstack_settings import required_text
from paceline.model.event import EventType
from paceline.model.mapping import MappingFile

_EMAIL = first_of(*in_traits("email"), "$.properties.email", "$.context.externalId[0].id")
_HASH = {"value": f"{_EMAIL} | lower | md5", "pii": ["email"]}
_LIST = first_of("$.integrations.MailChimp.listId", "$.integrations.MAILCHIMP.listId")
_STATUS = first_of("$.integrations.MailChimp.subscriptionStatus", "$.integrations.MAILCHIMP.subscriptionStatus")

_FIRST_NAMES = ("firstName", "firstname", "first_name")
_LAST_NAMES = ("lastName", "lastname", "last_name")
_ADDRESS = {
    "addr1": "addressLine1",
    "addr2": "addressLine2",
    "city": "city",
    "state": "state",
    "zip": "zip",
    "country": "country",
}
_NEEDED_OF_ADDRESS = ("addr1", "city", "state", "zip")
_NOT_CUSTOM = ("email", *_FIRST_NAMES, *_LAST_NAMES, "phone", "birthday", "address", "merge_fields", *_ADDRESS.values())


def read_destination(config: Mapping[str, object], mappings: Mapping[str, MappingFile]) -> ImportedDestination:
    """The destination as one integration. Raises UsageError when a setting is missing."""
    settings = {
        "api_key": required_text(config, "apiKey"),
        "audience_id": required_text(config, "audienceId"),
        "data_center": required_text(config, "datacenterId"),
    }
    _check_data_center(settings["api_key"], settings["data_center"])
    fields = _member(has_merge_fields=config.get("enableMergeFields") is True)
    integration = ImportedIntegration(
        settings=settings,
        mappings=(
            _mapping("identify_mapped", EventType.IDENTIFY, "upsert_member", _MAPPED, when=IS_MAPPED),
            _mapping("identify", EventType.IDENTIFY, "upsert_member", fields),
            _mapping("track", EventType.TRACK, "track_event", _EVENT),
        ),
    )
    return ImportedDestination(integrations=(integration,), losses=_LOSSES)


def _check_data_center(api_key: str, data_center: str) -> None:
    """The end of a key names the data center that knows it (Fundamentals, read 2026-11-23); others answer 401."""
    end = api_key.rpartition("-")[2] if "-" in api_key else data_center
    if end.lower() != data_center.lower():
        raise UsageError(
            "the API key belongs to another data center, which is named at its end",
            where="destination_config.datacenterId",
            remedy="use the data center at the end of the key",
        )


def _mapping(
    name: str, kind: EventType, action: str, fields: Mapping[str, object], *, when: str | None = None
) -> MappingFile:
    return make_mapping(name, kind, fields, to=("mailchimp", action), when=when)


def _member(*, has_merge_fields: bool) -> dict[str, object]:
    fields: dict[str, object] = {
        "subscriber_hash": _HASH,
        "list_id": _LIST,
        "email_address": _EMAIL,
        "status": {"value": f'{_STATUS} ?? "subscribed"', "note": "also for contacts that are there already"},
    }
    if not has_merge_fields:
        return fields
    address = {part: first_of(*_address_paths(part, name)) for part, name in _ADDRESS.items()}
    is_whole = " and ".join(f"exists({address[part]})" for part in _NEEDED_OF_ADDRESS)
    return fields | {
        "merge_fields.*": _CUSTOM_FIELDS,
        "merge_fields.FNAME": first_of(*in_traits(*_FIRST_NAMES)),
        "merge_fields.LNAME": first_of(*in_traits(*_LAST_NAMES)),
        "merge_fields.PHONE": first_of(*in_traits("phone"), "$.properties.phone"),
        "merge_fields.BIRTHDAY": f'try({first_of(*in_traits("birthday"))} | format_time("%m/%d"))',
        **{f"merge_fields.ADDRESS.{part}": f"if {is_whole} then {value}" for part, value in address.items()},
    }


def _address_paths(part: str, name: str) -> tuple[str, ...]:
    return in_traits(name, f"address.{name}", f"merge_fields.ADDRESS.{part}")


_OMITTED = ", ".join(f'"{name}"' for name in _NOT_CUSTOM)
# Keys that are computed: the object is written as JSON and read back. Merge tags have at most 10 characters.
_CUSTOM_FIELDS = (
    f'concat("{{", {TRAITS} | omit({_OMITTED}) | entries | filter(type_of(@.value) in ["text", "number", "boolean"])'
    ' | map(concat(@.key | upper | truncate(10) | json, ":", @.value | json)) | join(","), "}") | from_json'
)
_EVENT = {
    "subscriber_hash": {
        "value": f'{_EMAIL} | required("an email address is required") | lower | md5',
        "pii": ["email"],
    },
    "list_id": _LIST,
    "name": '$.event | trim | replace(" ", "_")',
    "occurred_at": f'{TIME} | format_time("%Y-%m-%dT%H:%M:%S+00:00")',
    "is_syncing": "$.properties.isSyncing",
    "properties": (
        'concat("{", $.properties | omit("isSyncing") | entries'
        ' | map(concat(@.key | json, ":", (if type_of(@.value) == "text" then @.value else @.value | json) | json))'
        ' | join(","), "}") | from_json'
    ),
}
_EXTERNAL_EMAIL = first_of("$.context.externalId[0].id", "$.traits.email_address", "$.traits.email")
_MAPPED = {
    "*": "$.traits",
    "subscriber_hash": {"value": f"{_EXTERNAL_EMAIL} | lower | md5", "pii": ["email"]},
    "list_id": '$.context.externalId[0].type | replace("MAILCHIMP-", "")',
    "email_address": _EXTERNAL_EMAIL,
    "status": f'{first_of("$.traits.status")} ?? "subscribed"',
}
_LOSSES = (
    Loss(
        about="identify",
        message=(
            "RudderStack first asks Mailchimp whether the contact is there, and then leaves its status alone; "
            "here the status is sent each time, so somebody who unsubscribed would be subscribed again"
        ),
        hint="put status_if_new in place of status in identify.mailchimp",
    ),
)
