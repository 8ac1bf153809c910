"""The file kind `mappings/<event>.<connector>.yaml`: how one event becomes one vendor payload."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import msgspec
from msgspec import Meta

from paceline.model.contract import Name
from paceline.model.event import EventType

Expression = Annotated[str, Meta(description="A mapping expression, such as `$.properties.total | number`.")]
if TYPE_CHECKING:
    Written: TypeAlias = str
else:
    # A number, true, false or null without quotes is an expression too: files may have it, and it is text once read.
    Written = Expression | int | float | bool | None
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

    value: Written | None = None
    each: Expression | None = None
    fields: dict[str, FieldRule | Written] | None = None
    note: Annotated[str, Meta(description="For people: why it is mapped like this.")] = ""
    pii: Annotated[
        list[str], Meta(description="Kinds of personal data that may flow into this field on purpose, such as email.")
    ] = []

    def __post_init__(self) -> None:
        value: object = self.value
        if value is not None and not isinstance(value, str):
            msgspec.structs.force_setattr(self, "value", json.dumps(value))
        if self.fields is not None:
            write_constants(self.fields)


class MappingFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One mapping: declarative, total, versioned."""

    mapping: Name
    version: Annotated[int, Meta(ge=1, description="Counts up with every change.")]
    from_: MappingFrom = msgspec.field(name="from")
    to: MappingTo
    when: Expression | None = None
    fields: Annotated[
        dict[TargetPath, FieldRule | Written],
        Meta(description="The payload: where each value goes, and the expression that makes it."),
    ]
    note: Annotated[str, Meta(description="For people: what it is for.")] = ""
    proposed: Annotated[
        bool, Meta(description="Suggested by a tool and not yet accepted by a person; paceline check refuses it.")
    ] = False

    def __post_init__(self) -> None:
        write_constants(self.fields)


def write_constants(fields: dict[str, Any]) -> None:
    """Turn the numbers, booleans and nulls of fresh fields into the expressions that they are: 1 into `1`."""
    for target, rule in fields.items():
        if not isinstance(rule, FieldRule | str):
            fields[target] = json.dumps(rule)


MappingFields = dict[str, FieldRule | Written]
PayloadValue = Any
