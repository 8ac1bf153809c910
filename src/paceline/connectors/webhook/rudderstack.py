"""RudderStack's webhook destination (`WEBHOOK`) as an integration here.

It sends whole events, or for GET and DELETE an event's properties (an identify call's traits) as query parameters. The
guide (https://www.rudderstack.com/docs/destinations/webhooks/setup-guide/, read 2026-11-23) tells of the settings; the
public cases, that an event can say more: `fullPath` replaces the URL and `appendPath` goes behind it. A path behind
the URL is carried over. Another host is not: who may send events could make this system call any address.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

import msgspec

from paceline.exchange.integration import ImportedDestination, ImportedIntegration
from paceline.exchange.loss import Loss
from paceline.exchange.rudderstack import required_text, rows_of, text_of
from paceline.model.event import EventType
from paceline.model.mapping import FieldRule, MappingFields, MappingFile, MappingTo

_LOSSES = (
    Loss(
        about="webhook",
        message="an event cannot name its own URL (fullPath); it goes to the integration's URL, with fullPath in it",
        hint='make an integration for each URL, and say `when: $.fullPath == "…"` in its mappings',
    ),
    Loss(
        about="webhook",
        message="whoever may send events can choose a path behind the URL (appendPath) and add headers (header)",
        hint="drop `path` and `headers` from the mappings when nobody uses them",
    ),
)
_NOTE = "As RudderStack's webhook destination sends it."


def read_destination(config: Mapping[str, object], mappings: Mapping[str, MappingFile]) -> ImportedDestination:
    """The destination as one integration that takes all six calls. Raises UsageError without a URL."""
    method = text_of(config, "webhookMethod").upper() or "POST"
    headers = {
        name: _header_text(row.get("to")) for row in rows_of(config, "headers") if (name := text_of(row, "from"))
    }
    settings: dict[str, object] = {
        "url": required_text(config, "webhookUrl"),
        **({"method": method} if method != "POST" else {}),
        **({"headers": headers} if headers else {}),
    }
    has_body = method not in {"GET", "DELETE"}
    path = _path(str(settings["url"]))
    made = tuple(_as_sent(mapping, path, has_body=has_body) for mapping in mappings.values())
    return ImportedDestination(integrations=(ImportedIntegration(settings=settings, mappings=made),), losses=_LOSSES)


def _path(url: str) -> str:
    """RudderStack puts the two texts together as they are; ours begins with a slash where the URL ends with one."""
    if not url.partition("?")[0].endswith("/"):
        return "$.appendPath"
    is_whole = '$.appendPath | starts_with("/") or $.appendPath | starts_with("?")'
    return f'(if {is_whole} then $.appendPath else concat("/", $.appendPath))'


def _as_sent(mapping: MappingFile, path: str, *, has_body: bool) -> MappingFile:
    fields: MappingFields = {
        "path": FieldRule(value=f"if not exists($.fullPath) then {path}", note="below the integration's URL"),
        "headers": FieldRule(value="try($.header | map_values(@ | as_text))", note="beside the integration's own"),
        "body.*": _body(mapping.from_.type, has_body=has_body),
    }
    return msgspec.structs.replace(
        mapping, to=MappingTo(connector="webhook", action="send_to_path"), fields=fields, note=_NOTE
    )


def _body(call: EventType, *, has_body: bool) -> str:
    if has_body:
        return 'if exists($.fullPath) then $ | omit("header") else $ | omit("header", "appendPath")'
    source = "$.traits ?? $.context.traits" if call is EventType.IDENTIFY else "$.properties"
    return f'({source}) | flatten_keys(".")'


def _header_text(value: object) -> str:
    """A header's value as RudderStack writes it: what is no text, as JSON."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
