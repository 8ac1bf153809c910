"""The file kind `teams.yaml`: teams, their people and time zones, whom to call, and councils."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from paceline.model.contract import Day, Name
from paceline.model.debt import Workaround

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_HOUR = "([01][0-9]|2[0-3]):[0-5][0-9]"


class Away(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days on which a person is away: from the first to the last, both included."""

    first: Annotated[Day, Meta(description="The first day.")]
    last: Annotated[Day, Meta(description="The last day.")]
    why: Annotated[str, Meta(description="Shown where it leaves a gap; what is nobody's business stays out.")] = "away"


class RotaShift(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A shift on call, by the clock of whoever takes it.

    Several people take turns by the week, Monday to Sunday: the first of them in the week of `since`.

    Example: `{people: [Ines Duarte, Priya Nair], days: [mon, tue, wed, thu, fri], hours: "08:00-20:00"}`
    """

    people: Annotated[list[str], Meta(min_length=1, description="People of the team, by name.")]
    hours: Annotated[
        str,
        Meta(
            pattern=f"^{_HOUR}-{_HOUR}$",
            description="Such as 22:00-06:00, which ends on the next day; 00:00-00:00 is a whole day.",
        ),
    ]
    days: Annotated[tuple[Weekday, ...], Meta(min_length=1, description="The days on which it begins.")] = (
        "mon",
        "tue",
        "wed",
        "thu",
        "fri",
        "sat",
        "sun",
    )
    since: Annotated[Day, Meta(description="A day in the week of the first person.")] = "2024-01-01"


class Person(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One person. `time_zone` is an IANA name; `country` (ISO 3166) finds public holidays.

    `week` and `hours` are when they work, which is what review windows count.
    """

    name: str
    time_zone: Annotated[str, Meta(description="An IANA name, such as Europe/Berlin.")]
    email: str = ""
    country: Annotated[str, Meta(description="ISO 3166 code, for public holidays.")] = ""
    week: Annotated[tuple[Weekday, ...], Meta(min_length=1, description="The days that they work on.")] = (
        "mon",
        "tue",
        "wed",
        "thu",
        "fri",
    )
    hours: Annotated[
        str,
        Meta(pattern=f"^{_HOUR}-{_HOUR}$", description="When they work, by their own clock, such as 09:00-17:00."),
    ] = "09:00-17:00"
    away: Annotated[list[Away], Meta(description="Days off, for review windows and for the rota.")] = []


class Team(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A team that can own things. `on_call` is where an alert goes: a URL, an address or a person's name."""

    people: Annotated[list[Person], Meta(min_length=1)]
    on_call: Annotated[str, Meta(description="Where an alert goes: a URL, an address or a person's name.")]
    rota: Annotated[
        list[RotaShift],
        Meta(description="Who is on call when, so that gaps are found; empty where another tool has the rota."),
    ] = []
    code_owners: Annotated[
        list[str],
        Meta(description="What CODEOWNERS calls the team, such as @shop/growth; without it, @…/NAME and addresses."),
    ] = []
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
