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


class MappingFrom(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which events a mapping takes: a track event by name, or every call of another type; and contract versions."""

    type: EventType = EventType.TRACK
    event: str = ""
    contract: str = "*"

    @property
    def event_name(self) -> str:
        """The name under which events look this mapping up; the same rule as for contracts."""
        return self.event if self.type is EventType.TRACK else str(self.type)


class MappingTo(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which action of which connector a mapping feeds."""

    connector: str
    action: str


class FieldRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The long form of a field: exactly one of `value` or `each`, with a note for people.

    `each` names a list in the event; `fields` is then mapped for every item, where `$` is the item and `$$` the event.
    `pii` lists the kinds of personal data that may flow into this field on purpose.
    """

    value: Expression | None = None
    each: Expression | None = None
    fields: dict[str, FieldRule | Expression] | None = None
    note: str = ""
    pii: list[str] = []


class MappingFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One mapping: declarative, total, versioned."""

    mapping: Name
    version: Annotated[int, Meta(ge=1)]
    from_: MappingFrom = msgspec.field(name="from")
    to: MappingTo
    when: Expression | None = None
    fields: dict[TargetPath, FieldRule | Expression]
    note: str = ""


MappingFields = dict[str, FieldRule | Expression]
PayloadValue = Any
