"""The file kind `mappings/<event>.<connector>.yaml`: how one event becomes one vendor payload."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import Meta

from paceline.model.contract import Name
from paceline.model.event import EventType

Expression = Annotated[str, Meta(description="A mapping expression, such as `$.properties.total | number`.")]
TargetPath = Annotated[
    str,
    Meta(description="Where the value goes in the vendor's payload: names joined by dots, `\\.` for a literal dot."),
]


EVERY_EVENT = "*"


class MappingFrom(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events a mapping takes: a track event by name, or every call of another type; and contract versions.

    `event: "*"` takes every track event. In an integration it comes after the mappings that name the event.
    """

    type: EventType = EventType.TRACK
    event: Annotated[
        str,
        Meta(description="A track event's name, such as Order Completed, or * for all. Empty for other calls."),
    ] = ""
    contract: Annotated[
        str, Meta(description="Versions of the contract that this mapping works for, such as >=1.2 <2.")
    ] = "*"

    @property
    def event_name(self) -> str:
        """The name under which events look this mapping up; the same rule as for contracts."""
        return self.event if self.type is EventType.TRACK else str(self.type)


class MappingTo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which action of which connector a mapping feeds."""

    connector: Annotated[str, Meta(description="The vendor's connector, such as customerio.")]
    action: Annotated[str, Meta(description="One of the connector's actions, such as track_event.")]


class FieldRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The long form of a field: exactly one of `value` or `each`, with a note for people.

    `each` names a list in the event; `fields` is then mapped for every item, where `$` is the item and `$$` the event.
    `pii` lists the kinds of personal data that may flow into this field on purpose.
    """

    value: Expression | None = None
    each: Expression | None = None
    fields: dict[str, FieldRule | Expression] | None = None
    note: Annotated[str, Meta(description="For people: why it is mapped like this.")] = ""
    pii: Annotated[
        list[str], Meta(description="Kinds of personal data that may flow into this field on purpose, such as email.")
    ] = []


class MappingFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One mapping: declarative, total, versioned."""

    mapping: Name
    version: Annotated[int, Meta(ge=1, description="Counts up with every change.")]
    from_: MappingFrom = msgspec.field(name="from")
    to: MappingTo
    when: Expression | None = None
    fields: Annotated[
        dict[TargetPath, FieldRule | Expression],
        Meta(description="The payload: where each value goes, and the expression that makes it."),
    ]
    note: Annotated[str, Meta(description="For people: what it is for.")] = ""


MappingFields = dict[str, FieldRule | Expression]
PayloadValue = Any
