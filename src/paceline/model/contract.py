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

    team: str
    role: str = "maintainer"


class Deprecation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The end of a contract version, announced: since when, removed after which day, and what to use instead."""

    deprecated_since: Day
    remove_after: Day
    replacement: str
    reason: str = ""


class ContractFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One contract version.

    `schema` is a JSON Schema (2020-12) of the whole event in the shape of the Segment spec, so any JSON Schema tool
    can validate a message with it. Inside it, `x-pii` (a kind of personal data, such as `email`), `x-purpose` and
    `description` annotate fields. For a track call `event` is the event's name; for other calls `type` says which.
    """

    contract: Name
    version: SemanticVersion
    description: str
    owner: Owner
    type: EventType = EventType.TRACK
    event: str = ""
    schema: dict[str, object]
    deprecation: Deprecation | None = None

    @property
    def event_name(self) -> str:
        """The name under which events look this contract up: the track event's name, or the call's type."""
        return self.event if self.type is EventType.TRACK else str(self.type)
