"""What each client library puts on the wire for an event that its caller hands over, and how to compare it.

A library has no argument for some fields, writes some itself, and moves some: that is said here, once a library, so
that the tests compare every other field.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Event = dict[str, Any]

_common = ("userId", "anonymousId", "messageId", "timestamp", "context", "integrations")
_call_fields = {
    "track": ("event", "properties"),
    "identify": ("traits",),
    "group": ("groupId", "traits"),
    "page": ("name", "category", "properties"),
    "screen": ("name", "category", "properties"),
    "alias": ("previousId",),
}


@dataclass(frozen=True)
class Library:
    """One client library.

    `own_context` are the context fields that it fills in itself, whatever its caller gave. `alias_has_anonymous_id`:
    whether its alias call takes one. `identify_traits_at` says where the traits of an identify call travel.
    """

    name: str
    own_context: frozenset[str] = frozenset({"library"})
    alias_has_anonymous_id: bool = False
    identify_traits_at: tuple[str, ...] = ("traits",)


SEGMENT_PYTHON = Library("segment-analytics-python")
RUDDER_PYTHON = Library("rudder-sdk-python", identify_traits_at=("context",))
SEGMENT_NODE = Library("@segment/analytics-node")
RUDDER_NODE = Library(
    "@rudderstack/rudder-sdk-node", alias_has_anonymous_id=True, identify_traits_at=("traits", "context")
)
SEGMENT_BROWSER = Library(
    "@segment/analytics-next",
    own_context=frozenset({"userAgent", "userAgentData", "timezone"}),
    alias_has_anonymous_id=True,
)


def expected_on_wire(event: Event, library: Library) -> Event:
    """The fields of `event` that must arrive, where and as they must arrive."""
    call = event["type"]
    expected = {name: event[name] for name in (*_common, *_call_fields[call]) if name in event} | {"type": call}
    context = {name: value for name, value in event.get("context", {}).items() if name not in library.own_context}
    if call == "identify":
        traits = expected.pop("traits")
        if "traits" in library.identify_traits_at:
            expected["traits"] = traits
        if "context" in library.identify_traits_at:
            context["traits"] = traits
    if call == "alias" and not library.alias_has_anonymous_id:
        expected.pop("anonymousId", None)
    return expected | {"context": context}


def differences(expected: Event, arrived: Event) -> list[str]:
    """Every expected field that is missing or has another value, one sentence each. More fields are fine."""
    found = list(_differ({k: v for k, v in expected.items() if k != "timestamp"}, arrived, ""))
    if datetime.fromisoformat(expected["timestamp"]) != datetime.fromisoformat(arrived["timestamp"]):
        found.append(f"timestamp: {expected['timestamp']} became {arrived['timestamp']}")
    return found


def _differ(expected: object, arrived: object, path: str) -> Iterator[str]:
    match expected, arrived:
        case dict(), dict():
            for name, value in expected.items():
                where = f"{path}.{name}" if path else str(name)
                if name in arrived:
                    yield from _differ(value, arrived[name], where)
                elif value is not None or path:
                    yield f"{where}: missing"
        case list(), list() if len(expected) == len(arrived):
            for number, (one, other) in enumerate(zip(expected, arrived, strict=True)):
                yield from _differ(one, other, f"{path}[{number}]")
        case _:
            is_same = expected == arrived and isinstance(expected, bool) == isinstance(arrived, bool)
            if not is_same:
                yield f"{path}: {json.dumps(expected)} became {json.dumps(arrived)}"
