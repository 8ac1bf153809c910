"""The file kind `teams.yaml`: teams, their people and time zones, whom to call, and councils."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from paceline.model.contract import Name
from paceline.model.debt import Workaround


class Person(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One person. `time_zone` is an IANA name; `country` (ISO 3166) finds public holidays."""

    name: str
    time_zone: Annotated[str, Meta(description="An IANA name, such as Europe/Berlin.")]
    email: str = ""
    country: Annotated[str, Meta(description="ISO 3166 code, for public holidays.")] = ""


class Team(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A team that can own things. `on_call` is where an alert goes: a URL, an address or a person's name."""

    people: Annotated[list[Person], Meta(min_length=1)]
    on_call: Annotated[str, Meta(description="Where an alert goes: a URL, an address or a person's name.")]
    description: str = ""
    workarounds: Annotated[
        list[Workaround], Meta(description="What the team does by hand, again and again, where no integration exists.")
    ] = []


class Council(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A cross-team group that decides on shared needs."""

    teams: Annotated[list[str], Meta(min_length=1)]
    description: str = ""


class TeamsFile(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """teams.yaml."""

    teams: dict[Name, Team]
    councils: dict[Name, Council] = {}
