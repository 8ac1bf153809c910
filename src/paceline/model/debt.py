"""What users say about integration debt: work done by hand, hours a kind of debt costs, and exemptions with an end."""

from __future__ import annotations

import enum
from typing import Annotated

import msgspec
from msgspec import Meta

from paceline.model.contract import Day

Hours = Annotated[float, Meta(ge=0, le=1000)]


class DebtKind(enum.StrEnum):
    """What kind of debt an item is."""

    ONE_OFF_ADAPTER = "one_off_adapter"
    DUPLICATE_ADAPTER = "duplicate_adapter"
    UNDOCUMENTED_MAPPING = "undocumented_mapping"
    IMPLICIT_TRANSFORM = "implicit_transform"
    MANUAL_WORKAROUND = "manual_workaround"
    MISSING_SAFEGUARD = "missing_safeguard"
    OVERDUE_TOGGLE = "overdue_toggle"
    STALE_CONTRACT = "stale_contract"


class Workaround(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Work that somebody does by hand again and again because no software does it.

    Example: `{what: upload the list of unsubscribed people, minutes: 20, times_per_week: 2, since: 2026-10-05}`
    """

    what: Annotated[str, Meta(min_length=1, description="What is done by hand, in a few words.")]
    minutes: Annotated[float, Meta(gt=0, le=2400, description="How long it takes each time.")]
    times_per_week: Annotated[float, Meta(gt=0, le=168, description="How often; 0.25 is once in four weeks.")]
    since: Annotated[Day | None, Meta(description="The day on which it began.")] = None


class KindHours(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What one item of a kind costs a team; what is left out stays as it is in docs/debt.md."""

    principal_hours: Annotated[Hours | None, Meta(description="Work to put one item right.")] = None
    interest_hours_per_week: Annotated[Hours | None, Meta(description="Work that one item costs every week.")] = None


class Exemption(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One item that a team lives with, knowingly: it is shown, but not counted, until the day `until`."""

    item: Annotated[str, Meta(min_length=1, description="The item's subject, as `paceline debt` prints it.")]
    why: Annotated[str, Meta(min_length=1, description="Why it stays.")]
    until: Annotated[Day, Meta(description="The last day on which it does not count.")]


class DebtSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How `paceline debt` looks at this workspace."""

    hours: Annotated[dict[DebtKind, KindHours], Meta(description="Your own hours, by kind of debt.")] = {}
    code: Annotated[
        list[str], Meta(description="Folders with the team's own code, below or beside the workspace, to be scanned.")
    ] = []
    ignore: Annotated[list[str], Meta(description="Folder names in the code that are not looked into.")] = []
    exemptions: Annotated[list[Exemption], Meta(description="Items that do not count until a day.")] = []
