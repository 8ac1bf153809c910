"""RudderStack's Segment destination (`SEGMENT`) as an integration here.

RudderStack sends the type, the ids, the event's name, its properties and the person's traits, and nothing else of an
event. The traits are in every call, because RudderStack's libraries keep them in `context.traits`.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from paceline.exchange.integration import ImportedDestination, ImportedIntegration
from paceline.exchange.loss import Loss
from paceline.exchange.rudderstack_mappings import TIME, USER_IDS, first_text
from paceline.exchange.rudderstack_settings import required_text
from paceline.model.mapping import FieldRule, MappingFields, MappingFile, MappingTo

_SENT: MappingFields = {
    "userId": first_text(USER_IDS),
    "anonymousId": first_text(["$.anonymousId"]),
    "event": "$.event",
    "groupId": "$.groupId | string",
    "previousId": "$.previousId | string",
    "traits": "$.traits ?? $.context.traits",
    "properties": "$.properties",
    "timeStamp": FieldRule(value=TIME, note="RudderStack's spelling"),
}
_ADDED: MappingFields = {
    "messageId": FieldRule(value="$.messageId", note="so that Segment recognizes an event that it has already"),
    "timestamp": FieldRule(value=TIME, note="Segment's own name of timeStamp"),
}
_LOSSES = (
    Loss(
        about="segment",
        message="RudderStack gives the time of an event as timeStamp, which Segment's documentation does not know; "
        "these mappings give timestamp too, so Segment has the event's own time from now on",
    ),
    Loss(
        about="segment",
        message="RudderStack sends no messageId; these mappings do, so Segment recognizes what it has already",
    ),
)


def read_destination(config: Mapping[str, object], mappings: Mapping[str, MappingFile]) -> ImportedDestination:
    """The destination as one integration that takes all six calls. Raises UsageError without a write key."""
    settings = {"write_key": required_text(config, "writeKey")}
    made = tuple(
        msgspec.structs.replace(
            mapping,
            to=MappingTo(connector="segment", action="forward"),
            fields={"type": f"= {mapping.from_.type}", **_SENT, **_ADDED},
            note="As RudderStack's Segment destination sends it.",
        )
        for mapping in mappings.values()
    )
    return ImportedDestination(integrations=(ImportedIntegration(settings=settings, mappings=made),), losses=_LOSSES)
