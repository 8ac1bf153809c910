"""The file kind `contracts/<name>/<version>.yaml`: one version of the shape and meaning of one event."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from paceline.model.event import EventType

Name = Annotated[
    str,
    Meta(
        pattern=r"^[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*$", description="Lower-case words joined by _ (and . for scopes)."
    ),
]
SemanticVersion = Annotated[
    str, Meta(pattern=r"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)$", description="major.minor.patch")
]
Day = Annotated[str, Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$", description="A day as YYYY-MM-DD.")]


class Owner(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Who answers for something: a team of teams.yaml, and the role inside it."""

    team: Annotated[str, Meta(description="A team of teams.yaml.")]
    role: Annotated[str, Meta(description="Who inside the team, such as maintainer.")] = "maintainer"


class Deprecation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The end of a contract version, announced: since when, removed after which day, and what to use instead."""

    deprecated_since: Day
    remove_after: Day
    replacement: Annotated[str, Meta(description="What to use instead.")]
    reason: str = ""


class ContractFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One contract version.

    `schema` is a JSON Schema (2020-12) of the whole event in the shape of the Segment spec, so any JSON Schema tool
    can validate a message with it. Inside it, `x-pii` (a kind of personal data, such as `email`), `x-purpose` and
    `description` annotate fields. For a track call `event` is the event's name; for other calls `type` says which.
    """

    contract: Name
    version: SemanticVersion
    description: Annotated[str, Meta(description="What happened when this event is sent, who sends it and when.")]
    owner: Owner
    type: EventType = EventType.TRACK
    event: Annotated[
        str,
        Meta(description="A track event's name as senders write it, such as Order Completed. Empty for other calls."),
    ] = ""
    schema: Annotated[
        dict[str, object], Meta(description="JSON Schema (2020-12) of the whole event. x-pii marks personal data.")
    ]
    deprecation: Deprecation | None = None

    @property
    def event_name(self) -> str:
        """The name under which events look this contract up: the track event's name, or the call's type."""
        return self.event if self.type is EventType.TRACK else str(self.type)
