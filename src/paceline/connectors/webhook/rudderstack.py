"""RudderStack's webhook destination (`WEBHOOK`) as an integration here.

It sends whole events, or for GET and DELETE an event's properties (an identify call's traits) as query parameters. The
guide (https://www.rudderstack.com/docs/destinations/webhooks/setup-guide/, read 2026-11-23) tells of the settings; the
public cases, that an event can say more: `fullPath` replaces the URL and `appendPath` goes behind it. Both are carried
over where they stay on the URL's host. Another host is not: who may send events could make this system call any
address.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from urllib.parse import urlsplit

import msgspec

from paceline.exchange.integration import ImportedDestination, ImportedIntegration
from paceline.exchange.loss import Loss
from paceline.exchange.rudderstack_mappings import quoted
from paceline.exchange.rudderstack_settings import required_text, rows_of, text_of
from paceline.model.event import EventType
from paceline.model.mapping import FieldRule, MappingFields, MappingFile, MappingTo

_LOSSES = (
    Loss(
        about="webhook",
        message="an event cannot name another host (fullPath); it goes to the integration's URL, with fullPath in it",
        hint='make an integration for each URL, and say `when: $.fullPath == "…"` in its mappings',
    ),
    Loss(
        about="webhook",
        message="who may send events can choose a path of the URL's host (fullPath, appendPath) and headers (header)",
        hint="drop `root_path`, `path` and `headers` from the mappings when nobody uses them",
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
    made = tuple(_as_sent(mapping, str(settings["url"]), has_body=has_body) for mapping in mappings.values())
    return ImportedDestination(integrations=(ImportedIntegration(settings=settings, mappings=made),), losses=_LOSSES)


def _path(url: str) -> str:
    """RudderStack puts the two texts together as they are; ours begins with a slash where the URL ends with one."""
    if not url.partition("?")[0].endswith("/"):
        return "$.appendPath"
    is_whole = '$.appendPath | starts_with("/") or $.appendPath | starts_with("?")'
    return f'(if {is_whole} then $.appendPath else concat("/", $.appendPath))'


_WHOLE = 'concat($.fullPath, $.appendPath ?? "")'
"""RudderStack puts the two texts together as they are."""


def _on_host(url: str) -> str:
    """Whether the event's URL stays on the scheme, host and port of the destination's, as a condition."""
    return f"{_WHOLE} | starts_with({quoted(_origin(url) + '/')})"


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _as_sent(mapping: MappingFile, url: str, *, has_body: bool) -> MappingFile:
    fields: MappingFields = {
        "root_path": FieldRule(
            value=f"if {_on_host(url)} then {_WHOLE} | slice({len(_origin(url))})",
            note="in place of the path of the integration's URL",
        ),
        "path": FieldRule(value=f"if not exists($.fullPath) then {_path(url)}", note="below the integration's URL"),
        "headers": FieldRule(value="try($.header | map_values(@ | as_text))", note="beside the integration's own"),
        "body.*": _body(mapping.from_.type, url, has_body=has_body),
    }
    return msgspec.structs.replace(
        mapping, to=MappingTo(connector="webhook", action="send_to_path"), fields=fields, note=_NOTE
    )


def _body(call: EventType, url: str, *, has_body: bool) -> str:
    if has_body:
        kept = f'(if exists($.fullPath) and not {_on_host(url)} then $ else $ | omit("fullPath", "appendPath"))'
        return f'{kept} | omit("header")'
    source = "$.traits ?? $.context.traits" if call is EventType.IDENTIFY else "$.properties"
    return f'({source}) | flatten_keys(".")'


def _header_text(value: object) -> str:
    """A header's value as RudderStack writes it: what is no text, as JSON."""
    return value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))
