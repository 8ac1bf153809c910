"""RudderStack's Slack destination as an integration of ours."""

from __future__ import annotations

import re
from collections.abc import Mapping

import msgspec

from paceline.exchange.integration import ImportedDestination, ImportedIntegration
from paceline.exchange.loss import Loss
from paceline.exchange.rudderstack import required_text, rows_of, text_of
from paceline.exchange.rudderstack_mappings import first_of, in_traits, make_mapping, quoted
from paceline.model.delivery import BodyFormat, Request
from paceline.model.event import EventType
from paceline.model.mapping import MappingFile

_HOLE = re.compile(r"\{\{\{?\s*([A-Za-z_][A-Za-z0-9_.]*)\s*\}?\}\}")
_WORDS = re.compile(r"[A-Za-z0-9 _-]+")
_FULL_NAME = (
    f"(if exists({first_of(*in_traits('firstName', 'firstname', 'first_name'))}) then "
    f"[{first_of(*in_traits('firstName', 'firstname', 'first_name'))} | string, "
    f'{first_of(*in_traits("lastName", "lastname", "last_name"))} | string] | join(" "))'
)
_NAME = (
    f"({first_of(*in_traits('name'))} ?? {_FULL_NAME} ?? {first_of(*in_traits('username', 'email'))} "
    '?? $.userId ?? $.anonymousId ?? "" | string)'
)
_LOOK = {"username": "= RudderStack", "icon_url": "= https://cdn.rudderlabs.com/rudderstack.png"}
_IDENTIFY_TEMPLATE = "Identified {{name}} with {{traits}}"
_TRACK_TEMPLATE = "{{name}} did {{event}}"


def read_destination(config: Mapping[str, object], mappings: Mapping[str, MappingFile]) -> ImportedDestination:
    """The destination; `mappings` are not used, because the words of its messages are its own."""
    losses: list[Loss] = []
    traits = [name for row in rows_of(config, "whitelistedTraitsSettings") if (name := text_of(row, "trait"))]
    made: list[MappingFile] = []
    for row in rows_of(config, "eventTemplateSettings"):
        name, template = text_of(row, "eventName"), text_of(row, "eventTemplate")
        if not (name and template):
            continue
        if row.get("eventRegex") is True and not _WORDS.fullmatch(name):
            losses.append(
                Loss(
                    about="eventTemplateSettings",
                    message=f"the pattern {name!r} cannot be carried over: mappings have no regular expressions",
                    hint="write a mapping for each event that it stands for",
                )
            )
            continue
        made.append(_track(f"track_{len(made) + 1}", template, traits, when=_matches(name, row.get("eventRegex"))))
    made.append(_track("track", text_of(config, "defaultTemplate") or _TRACK_TEMPLATE, traits, when=None))
    identify = text_of(config, "identifyTemplate") or _IDENTIFY_TEMPLATE
    made.append(make_mapping("identify", EventType.IDENTIFY, _fields(identify, traits), to=("slack", "post_message")))
    if any(text_of(row, "eventChannel") for row in rows_of(config, "eventChannelSettings")):
        losses.append(
            Loss(
                about="eventChannelSettings",
                message="a webhook of the new kind posts to its own channel only",
                hint="make one integration a channel, each with its webhook, or use post_to_channel with a bot token",
            )
        )
    settings = {"webhook_url": required_text(config, "webhookUrl")}
    return ImportedDestination(
        integrations=(ImportedIntegration(settings=settings, mappings=tuple(made)),), losses=tuple(losses)
    )


def write_requests(request: Request) -> list[Request]:
    """RudderStack sends the message as JSON text in a form field, as webhooks of the old kind took it."""
    payload = msgspec.json.encode(request.body).decode()
    headers = {**request.headers, "Content-Type": "application/x-www-form-urlencoded"}
    return [msgspec.structs.replace(request, headers=headers, body_format=BodyFormat.FORM, body={"payload": payload})]


def _track(name: str, template: str, traits: list[str], *, when: str | None) -> MappingFile:
    fields = _fields(template, traits)
    return make_mapping(name, EventType.TRACK, fields, to=("slack", "post_message"), when=when)


def _matches(name: str, is_pattern: object) -> str:
    """RudderStack searches a pattern anywhere in the name; a plain name has to be the whole."""
    if is_pattern is True:
        return f"$.event | contains({quoted(name)})"
    return f"$.event == {quoted(name)}"


def _fields(template: str, traits: list[str]) -> dict[str, object]:
    return {"text": _text(template, traits), **_LOOK}


def _text(template: str, traits: list[str]) -> str:
    """A template as an expression: what stands in braces is looked up, all else is written as it is."""
    parts: list[str] = []
    at = 0
    for hole in _HOLE.finditer(template):
        if hole.start() > at:
            parts.append(quoted(template[at : hole.start()]))
        parts.append(_value(hole.group(1), traits))
        at = hole.end()
    if at < len(template) or not parts:
        parts.append(quoted(template[at:]))
    return f'[{", ".join(parts)}] | join("")'


def _value(path: str, traits: list[str]) -> str:
    """What a name in braces stands for; nothing is written for what is missing."""
    if path == "name":
        return _NAME
    if path in {"traits", "traitsList"}:
        told = ", ".join(_told(name) for name in traits)
        return f'([{told}] | join(""))'
    known = {"event", "userId", "anonymousId", "messageId", "type"}
    place = f"$.{path}" if path in known or "." in path else f"$.properties.{path}"
    return f'({place} | as_text ?? "")'


def _told(trait: str) -> str:
    value = first_of(*in_traits(trait))
    return f'(if exists({value}) then {quoted(trait + ": ")} | concat({value} | as_text, " "))'
