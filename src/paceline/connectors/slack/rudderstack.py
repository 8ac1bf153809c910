"""RudderStack's Slack destination as integrations here: its templates become mappings.

A template is Handlebars: names in double braces are HTML-escaped, those in triple ones are not, and what is missing is
empty. Sources, read 2026-11-23: https://www.rudderstack.com/docs/destinations/streaming-destinations/slack/,
https://www.rudderstack.com/docs/dev-tools/rudder-cli/destination-types/slack/ and
https://github.com/rudderlabs/rudderstack-docs (destinations/business-messaging/slack.md).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

import msgspec

from paceline.delivery.encoding import CONTENT_TYPES
from paceline.errors import UsageError
from paceline.exchange.integration import ImportedDestination, ImportedIntegration
from paceline.exchange.loss import Loss
from paceline.exchange.rudderstack_mappings import TRAITS, in_traits, make_mapping, quoted
from paceline.exchange.rudderstack_settings import rows_of, text_of
from paceline.model.delivery import BodyFormat, Request
from paceline.model.event import EventType
from paceline.model.mapping import MappingFile

IDENTIFY_TEMPLATE = "Identified {{name}} {{traits}}"
EVENT_TEMPLATE = "{{name}} did {{event}}"
ICON_URL = "https://cdn.rudderlabs.com/rudderstack.png"
_ESCAPES = (
    ("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;"), ("'", "&#x27;"), ("`", "&#x60;"), ("=", "&#x3D;"),
)  # fmt: skip
_TAG = re.compile(r"\{\{\{\s*(?P<raw>[^{}]+?)\s*\}\}\}|\{\{\s*(?P<name>[^{}]+?)\s*\}\}")
_PATH = re.compile(r"[A-Za-z_$][\w$-]*(\.[\w$-]+)*\Z")
# A regular expression as a text with wildcards: what stands for itself, what is escaped, and what can be anything.
_TOKEN = re.compile(
    r"\\(?P<escaped>[^A-Za-z0-9])|(?P<any>(\.|\[[^\]]+\]|\\[wdsWDS])([+*?]|\{[0-9,]+\})?)|(?P<plain>[^\\^$.|?*+()\[\]{}])"
)


class Condition(NamedTuple):
    """A condition on an event's name, and whether it takes more than the regular expression that it was made of."""

    text: str
    is_wider: bool = False


def read_destination(config: Mapping[str, object], mappings: Mapping[str, MappingFile]) -> ImportedDestination:
    """The destination as one integration, and one more for each event that has a webhook of its own.

    Raises UsageError where there is no webhook, or one that is not Slack's.
    """
    losses: list[Loss] = []
    channels = list(_channels(config, losses))
    is_modern = text_of(config, "incomingWebhooksType").lower() == "modern"
    own = [(name, when, row) for name, when, row in channels if is_modern and text_of(row, "eventChannelWebhook")]
    taken = [when for _, when, _ in own]
    main = _main_mappings(config, [] if is_modern else channels, taken, losses)
    webhook = text_of(config, "webhookUrl")
    if not webhook and not own:
        raise UsageError("the destination has no webhookUrl", where="webhookUrl", remedy="add webhookUrl to its config")
    integrations = []
    if webhook:
        integrations.append(ImportedIntegration(settings={"webhook_url": webhook}, mappings=tuple(main)))
    for number, (name, when, row) in enumerate(own):
        settings = {"webhook_url": text_of(row, "eventChannelWebhook")}
        made = _event_mappings(config, when, taken[:number], losses, has_looks=False)
        purpose = re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_") or str(number)
        integrations.append(ImportedIntegration(settings=settings, mappings=tuple(made), purpose=f"events_{purpose}"))
    return ImportedDestination(integrations=tuple(integrations), losses=tuple(dict.fromkeys(losses)))


def write_requests(request: Request) -> list[Request]:
    """RudderStack sends a message as JSON in the field `payload` of a form, the older way of webhooks."""
    payload = msgspec.json.encode(request.body).decode()
    headers = {**request.headers, "Content-Type": CONTENT_TYPES[BodyFormat.FORM]}
    return [msgspec.structs.replace(request, headers=headers, body_format=BodyFormat.FORM, body={"payload": payload})]


def _main_mappings(
    config: Mapping[str, object],
    channels: Sequence[tuple[str, Condition, Mapping[str, object]]],
    elsewhere: Sequence[Condition],
    losses: list[Loss],
) -> Iterator[MappingFile]:
    template = text_of(config, "identifyTemplate") or IDENTIFY_TEMPLATE
    yield _mapping("identify", EventType.IDENTIFY, {"text": _text(template, EventType.IDENTIFY, config, losses)})
    for _, when, row in channels:
        if channel := text_of(row, "eventChannel"):
            yield from _event_mappings(config, when, elsewhere, losses, channel=channel)
    yield from _event_mappings(config, None, elsewhere, losses)


def _event_mappings(
    config: Mapping[str, object],
    only: Condition | None,
    but: Sequence[Condition],
    losses: list[Loss],
    *,
    channel: str = "",
    has_looks: bool = True,
) -> Iterator[MappingFile]:
    """A mapping for each template, and one for the events that have none."""
    templates = [
        (when, text_of(row, "eventTemplate") or EVENT_TEMPLATE)
        for row in rows_of(config, "eventTemplateSettings")
        if (when := _condition(row, losses)) is not None
    ]
    denied = [f"$.event == {quoted(name)}" for name in _denied(config)]
    refused = [*denied, *(one.text for one in but)]
    for number, (when, template) in enumerate([*templates, (None, EVENT_TEMPLATE)]):
        parts = [one.text for one in (only, when) if one is not None]
        parts += [f"not ({one})" for one in refused]
        fields = {"channel": quoted(channel)} if channel else {}
        name = "_".join(["track", *([f"to_{_word(channel)}"] if channel else []), *([str(number + 1)] if when else [])])
        yield _mapping(
            name,
            EventType.TRACK,
            {**fields, "text": _text(template, EventType.TRACK, config, losses)},
            when=" and ".join(f"({one})" for one in parts) or None,
            has_looks=has_looks,
        )


def _mapping(
    name: str, kind: EventType, fields: Mapping[str, object], *, when: str | None = None, has_looks: bool = True
) -> MappingFile:
    looks = {"username": '"RudderStack"', "icon_url": quoted(ICON_URL)} if has_looks else {}
    return make_mapping(name, kind, {**fields, **looks}, to=("slack", "post_to_webhook"), when=when)


def _word(text: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")


def _channels(
    config: Mapping[str, object], losses: list[Loss]
) -> Iterator[tuple[str, Condition, Mapping[str, object]]]:
    for row in rows_of(config, "eventChannelSettings"):
        if (when := _condition(row, losses)) is not None:
            yield text_of(row, "eventName"), when, row


def _denied(config: Mapping[str, object]) -> Iterator[str]:
    for key in ("denyListOfEvents", "blacklistedEvents"):
        yield from (name for row in rows_of(config, key) if (name := text_of(row, "eventName")))


# Names of events.


def _condition(row: Mapping[str, object], losses: list[Loss]) -> Condition | None:
    """Which events a row of the settings is about; None for an empty row, or a regular expression that is beyond us."""
    name = text_of(row, "eventName")
    if not name:
        return None
    if row.get("eventRegex") is not True:
        return Condition(f"$.event == {quoted(name)}")
    found = _read_regex(name)
    if found is None:
        message = f"the regular expression {name!r} for names of events"
        hint = "say in `when` which events are meant: $.event == …, in […], like(…), contains(…)"
        losses.append(Loss(about="event names", message=message, hint=hint))
    elif found.is_wider:
        message = f"the regular expression {name!r} is written with wildcards, which take more: {found.text}"
        losses.append(Loss(about="event names", message=message, hint="narrow the `when` where that matters"))
    return found


def _read_regex(regex: str) -> Condition | None:
    """A condition for a regular expression of plain texts, alternatives, anchors and anything in between.

    >>> _read_regex("^Trial (Started|Ended)$").text
    '$.event | like("Trial Started") or $.event | like("Trial Ended")'
    """
    branches = _branches(regex)
    if branches is None:
        return None
    conditions, is_wider = [], False
    for branch in branches:
        begins, ends = branch.startswith("^"), branch.endswith("$") and not branch.endswith("\\$")
        inner = branch[1 if begins else 0 : -1 if ends else None]
        pattern = _read_plain(inner)
        if pattern is None:
            return None
        text, is_inexact = pattern
        is_wider = is_wider or is_inexact
        conditions.append(f"$.event | like({quoted(('' if begins else '*') + text + ('' if ends else '*'))})")
    return Condition(" or ".join(conditions), is_wider)


def _branches(regex: str) -> list[str] | None:
    """The alternatives of an expression that has them at its top, or in one group."""
    group = re.fullmatch(r"(?P<before>[^()|]*)\((?:\?:)?(?P<inner>[^()]*)\)(?P<after>[^()|+*?{][^()|]*|)", regex)
    if group is not None:
        return [group["before"] + one + group["after"] for one in group["inner"].split("|")]
    return None if "(" in regex else regex.split("|")


def _read_plain(regex: str) -> tuple[str, bool] | None:
    """The text with * for what can be anything, and whether that is wider than the expression."""
    text, place, is_wider = "", 0, False
    while place < len(regex):
        token = _TOKEN.match(regex, place)
        if token is None or (token["plain"] and regex[token.end() : token.end() + 1] in {"?", "*", "+", "{"}):
            return None
        if token["any"]:
            is_wider = is_wider or token["any"] not in {".*", ".*?"}
        text += "*" if token["any"] else token["escaped"] or token["plain"]
        if (token["escaped"] or token["plain"]) == "*":
            return None
        place = token.end()
    return text, is_wider


# Templates.


def _text(template: str, kind: EventType, config: Mapping[str, object], losses: list[Loss]) -> str:
    """A Handlebars template as an expression."""
    parts: list[str] = []
    end = 0
    for tag in _TAG.finditer(template):
        if tag.start() > end:
            parts.append(quoted(template[end : tag.start()]))
        end = tag.end()
        name = tag["raw"] or tag["name"]
        is_raw = tag["raw"] is not None or name.startswith("&")
        value = _variable(name.removeprefix("&").strip(), kind, config)
        if value is None:
            message = f"{tag[0]} of a template: only names are carried over, no helpers and blocks"
            losses.append(Loss(about="templates", message=message, hint="write it as an expression in the mapping"))
        else:
            parts.append(value if is_raw else _escaped(value))
    if end < len(template):
        parts.append(quoted(template[end:]))
    return f"concat({', '.join(parts)})"


def _escaped(value: str) -> str:
    return "(" + " | ".join([value, *(f"replace({quoted(old)}, {quoted(new)})" for old, new in _ESCAPES)]) + ")"


def _variable(name: str, kind: EventType, config: Mapping[str, object]) -> str | None:
    """What a name in a template stands for, as text; empty where it is missing. None for what is no name."""
    if not _PATH.match(name):
        return None
    head, _, rest = name.partition(".")
    match head:
        case "name":
            return _NAME
        case "newline":
            return '"\\n"'
        case "event":
            return _shown("$.event")
        case "traits" if not rest:
            return _traits(config)
        case "traits" | "traitsList":
            return _shown(_step(TRAITS, rest)) if rest else f"({TRAITS} ?? {{}} | json)"
        case "propertiesList" if not rest:
            return "($.properties ?? {} | json)"
        case "properties" | "propertiesList" if rest:
            return _shown(_step("$.properties", rest))
        case _:
            return _shown(_step(TRAITS if kind is EventType.IDENTIFY else "$.properties", name))


def _step(base: str, path: str) -> str:
    return base + "".join(f"[{quoted(key)}]" for key in path.split("."))


def _shown(value: str) -> str:
    """A value as JavaScript writes it into a text; nothing for what is missing."""
    return f'(({value} | as_text) ?? "")'


def _traits(config: Mapping[str, object]) -> str:
    """`key: value ` for each trait that is wanted, or for all of them."""
    wanted = [name for row in rows_of(config, "whitelistedTraitsSettings") if (name := text_of(row, "trait"))]
    if not wanted:
        return f'({TRAITS} ?? {{}} | entries | map(concat(@.key, ": ", {_told("@.value")}, " ")) | join(""))'
    parts = [f'(concat({quoted(name)}, ": ", {_told(_step(TRAITS, name))}, " ") ?? "")' for name in wanted]
    return parts[0] if len(parts) == 1 else f"concat({', '.join(parts)})"


def _told(value: str) -> str:
    return f'(if type_of({value}) in ["object", "list"] then ({value} | json) else ({value} | as_text))'


def _first_told(*paths: str) -> str:
    return " ?? ".join(f"(if not is_blank({path}) then {path} | as_text)" for path in paths)


_NAME = (
    "("
    + " ?? ".join(
        [
            _first_told(*in_traits("name")),
            *(f'concat({place}.firstName, " ", {place}.lastName)' for place in ("$.traits", "$.context.traits")),
            _first_told(*in_traits("username"), "$.properties.email", *in_traits("email")),
            'concat("User ", (if not is_blank($.userId) then $.userId | as_text))',
            'concat("Anonymous user ", (if not is_blank($.anonymousId) then $.anonymousId | as_text))',
            '""',
        ]
    )
    + ")"
)
