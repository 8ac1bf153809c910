"""RudderStack's SendGrid destination as an integration of ours."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from paceline.exchange.integration import ImportedDestination, ImportedIntegration
from paceline.exchange.loss import Loss
from paceline.exchange.rudderstack_mappings import TRAITS, first_of, in_traits, make_mapping, quoted
from paceline.exchange.rudderstack_settings import required_text, rows_of, text_of
from paceline.model.delivery import Request
from paceline.model.event import EventType
from paceline.model.mapping import MappingFile

_EMAIL = first_of(*in_traits("email"), "$.properties.email", "$.context.externalId[0].id")
_ZIP_NAMES = ("zip", "zipcode", "zip_code", "zipCode", "postalcode", "postal_code", "postalCode")
_ZIPS = (*_ZIP_NAMES, *(f"address.{name}" for name in _ZIP_NAMES))
_STREET = f'if type_of({TRAITS}.address) == "text" then {TRAITS}.address'
_CONTACT: Mapping[str, object] = {
    "email": f'{_EMAIL} | required("an email address is required")',
    "phone_number": first_of(*in_traits("phone"), "$.properties.phone"),
    "first_name": first_of(*in_traits("firstName", "firstname", "first_name")),
    "last_name": first_of(*in_traits("lastName", "lastname", "last_name")),
    "address_line_1": _STREET,
    "city": first_of(*in_traits("address.city")),
    "state_province_region": first_of(*in_traits("region")),
    "country": first_of(*in_traits("country")),
    "postal_code": first_of(*in_traits(*_ZIPS)),
    "whatsapp": first_of(*in_traits("whatsappNumber")),
    "facebook": first_of(*in_traits("facebookUrl")),
    "custom_fields": first_of(*in_traits("customFields")),
}
_MAIL_FIELDS = (
    *("personalizations", "from", "replyTo", "replyToList", "subject", "content", "attachments", "templateId"),
    *("headers", "categories", "customArgs", "sendAt", "batchId", "asm", "IPPoolName", "mailSettings"),
    *("trackingSettings", "sections"),
)
_UTM = ("utmSource", "utmMedium", "utmTerm", "utmContent", "utmCampaign")


def read_destination(config: Mapping[str, object], mappings: Mapping[str, MappingFile]) -> ImportedDestination:
    """The destination as one integration: contacts, and mails for named events. Raises UsageError without a key."""
    settings: dict[str, object] = {"api_key": required_text(config, "apiKey")}
    if list_id := text_of(config, "listId"):
        settings["list_ids"] = [list_id]
    contact = make_mapping("identify", EventType.IDENTIFY, _CONTACT, to=("sendgrid", "upsert_contact"))
    names = [name for row in rows_of(config, "eventNamesSettings") if (name := text_of(row, "event"))]
    mails = []
    if names:
        when = " or ".join(f"($.event | trim | lower) == {quoted(name.lower())}" for name in names)
        mails = [make_mapping("mail", EventType.TRACK, _mail(config), to=("sendgrid", "send_mail"), when=when)]
    integration = ImportedIntegration(settings=settings, mappings=(contact, *mails))
    return ImportedDestination(integrations=(integration,), losses=_LOSSES)


def _mail(config: Mapping[str, object]) -> dict[str, object]:
    """The mail that an event asks for; what its properties do not say comes from the destination's settings."""
    known = ", ".join(quoted(name) for name in _MAIL_FIELDS)
    return {
        "personalizations": _personalizations(config),
        "from": _either("$.properties.from", _person(config, "fromEmail", "fromName")),
        "reply_to": _either(
            "if exists($.properties.replyTo.email) then $.properties.replyTo",
            _person(config, "replyToEmail", "replyToName"),
        ),
        "reply_to_list": "$.properties.replyToList",
        "subject": _either("$.properties.subject", text_of(config, "subject")),
        "content": _either("$.properties.content", _contents(config)),
        "attachments": _either("$.properties.attachments", _attachments(config)),
        "template_id": _either("$.properties.templateId", text_of(config, "templateId")),
        "headers": "$.properties.headers",
        "categories": "$.properties.categories",
        "custom_args": (
            "$.properties.customArgs ?? "
            f"(if ($.properties | omit({known}) | length) > 0 then ($.properties | omit({known})))"
        ),
        "send_at": "$.properties.sendAt | integer",
        "batch_id": "$.properties.batchId",
        "asm": _either(
            "if exists($.properties.asm.groupId) then {group_id: $.properties.asm.groupId | integer,"
            " groups_to_display: $.properties.asm.groupsToDisplay}",
            _unsubscribe_groups(config),
        ),
        "ip_pool_name": _either("$.properties.IPPoolName", text_of(config, "IPPoolName")),
        **_mail_settings(config),
        "tracking_settings": _plain(_tracking(config)),
    }


def _either(expression: str, setting: object) -> str:
    """What the event says, or else the setting, where there is one."""
    return f"({expression}) ?? {quoted(setting)}" if setting else expression


def _plain(setting: object) -> str | None:
    return quoted(setting) if setting else None


def _personalizations(config: Mapping[str, object]) -> object:
    named: dict[str, object] = {
        "each": "$.properties.personalizations",
        "fields": {"*": '$ | omit("to")', "to": "$.to[?exists(@.email)]"},
    }
    if config.get("mailFromTraits") is not True:
        return named
    return f"$.properties.personalizations ?? [{{to: [{{email: {first_of(*in_traits('email'))}}}]}}]"


def _person(config: Mapping[str, object], email: str, name: str) -> Mapping[str, str]:
    address = text_of(config, email)
    return {"email": address} | ({"name": text_of(config, name)} if text_of(config, name) else {}) if address else {}


def _contents(config: Mapping[str, object]) -> list[Mapping[str, str]]:
    rows = [{"type": text_of(row, "type"), "value": text_of(row, "value")} for row in rows_of(config, "contents")]
    return [row for row in rows if row["type"] and row["value"]]


def _attachments(config: Mapping[str, object]) -> list[Mapping[str, str]]:
    names = {"content": "content", "filename": "filename", "type": "type", "disposition": "disposition"}
    rows = [
        {field: text for field, key in {**names, "content_id": "contentId"}.items() if (text := text_of(row, key))}
        for row in rows_of(config, "attachments")
    ]
    return [row for row in rows if "content" in row and "filename" in row]


def _unsubscribe_groups(config: Mapping[str, object]) -> Mapping[str, object]:
    group = text_of(config, "group")
    if not group.isdigit():
        return {}
    shown = [int(text) for row in rows_of(config, "groupsToDisplay") if (text := text_of(row, "groupId")).isdigit()]
    return {"group_id": int(group)} | ({"groups_to_display": shown} if shown else {})


def _mail_settings(config: Mapping[str, object]) -> dict[str, object]:
    """The event's own switches beat the destination's."""
    fields: dict[str, object] = {}
    switches = {
        "bypassListManagement": "bypass_list_management",
        "bypassBounceManagement": "bypass_bounce_management",
        "bypassSpamManagement": "bypass_spam_management",
        "bypassUnsubscribeManagement": "bypass_unsubscribe_management",
        "sandboxMode": "sandbox_mode",
    }
    for name, field in switches.items():
        is_on = f"($.properties.mailSettings.{name} ?? {quoted(config.get(name) is True)})"
        fields[f"mail_settings.{field}.enable"] = f"if {is_on} then true"
    has_footer = f"($.properties.mailSettings.footer ?? {quoted(config.get('footer') is True)})"
    fields["mail_settings.footer.enable"] = f"if {has_footer} then true"
    for part, key, setting in (("text", "footerText", "text"), ("html", "footerHtml", "html")):
        value = _either(f"$.properties.mailSettings.{key}", text_of(config, setting))
        fields[f"mail_settings.footer.{part}"] = f"if {has_footer} then ({value})"
    return fields


def _tracking(config: Mapping[str, object]) -> Mapping[str, object]:
    found: dict[str, object] = {}
    if config.get("clickTracking") is True:
        found["click_tracking"] = {"enable": True, "enable_text": config.get("clickTrackingEnableText") is True}
    if config.get("openTracking") is True:
        tag = text_of(config, "openTrackingSubstitutionTag")
        found["open_tracking"] = {"enable": True} | ({"substitution_tag": tag} if tag else {})
    if config.get("subscriptionTracking") is True:
        texts = {"text": "text", "html": "html", "substitution_tag": "substitutionTag"}
        found["subscription_tracking"] = {"enable": True} | {
            field: text for field, key in texts.items() if (text := text_of(config, key))
        }
    if config.get("ganalytics") is True:
        found["ganalytics"] = {"enable": True} | {
            f"utm_{key.removeprefix('utm').lower()}": text for key in _UTM if (text := text_of(config, key))
        }
    return found


_LOSSES = (
    Loss(
        about="identify",
        message="custom fields that RudderStack looks up at SendGrid by their names",
        hint="map them to their ids (custom_fields.e1_T); SendGrid's page of custom fields shows them",
    ),
)


def write_requests(request: Request) -> list[Request]:
    """RudderStack calls a contact and its lists by names of its own, which its router turns into SendGrid's."""
    body = request.body
    if not isinstance(body, dict) or "contacts" not in body:
        return [request]
    lists = ",".join(body.get("list_ids", ()))
    return [
        msgspec.structs.replace(
            request, body={"contactDetails": contact} | ({"contactListIds": lists} if lists else {})
        )
        for contact in body["contacts"]
    ]
