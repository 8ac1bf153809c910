"""What the next stage demands, what of it is there, and what a file says afterwards."""

from __future__ import annotations

import datetime as dt
import enum
from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from paceline.model.integration import Stage

STAGES: Final = (Stage.SPRINT, Stage.HYBRID, Stage.MARATHON)
STAGE_DAYS: Final = 84
"""Twelve weeks: how long a hybrid lasts when nobody says otherwise."""

DATED_KEYS: Final = ("stage", "route", "started", "expires", "extensions", "after_expiry", "migration")
"""The keys of an integration that a promotion changes, and that taking it back puts back. No mapping is touched."""


class Met(enum.StrEnum):
    """Whether a demand is met."""

    YES = "met"
    NO = "missing"
    UNKNOWN = "not evaluated"
    """Never counts as met."""


class Demand(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that a stage demands: whether it is there, why one thinks so, and the command that brings it about."""

    what: str
    met: Met
    because: str
    command: str = ""
    places: tuple[str, ...] = ()


def missing(demands: Sequence[Demand]) -> list[Demand]:
    """The demands that stand in the way."""
    return [demand for demand in demands if demand.met is not Met.YES]


def is_forward(stage: Stage, to: Stage) -> bool:
    """Whether a stage comes after another one.

    >>> is_forward(Stage.SPRINT, Stage.MARATHON), is_forward(Stage.HYBRID, Stage.HYBRID)
    (True, False)
    """
    return STAGES.index(to) > STAGES.index(stage)


def promoted(
    file: Mapping[str, object], to: Stage, *, today: dt.date, expires: dt.date | None, plan: str
) -> dict[str, object]:
    """The content of an integration's file in its new stage; every other key as it is, and in its order.

    A hybrid ends on `expires` and its migration goes on to the marathon. A marathon has no end and no migration any
    more, and reads the bus where it read events directly.
    """
    changed = {key: value for key, value in file.items() if key != "extensions"}
    changed |= {"stage": str(to), "started": today.isoformat()}
    if to is Stage.HYBRID:
        assert expires is not None
        migration = file.get("migration")
        before = migration if isinstance(migration, dict) else {}
        milestones = [day for day in before.get("milestones", []) if today.isoformat() <= day <= expires.isoformat()]
        follow = {"to": str(Stage.MARATHON), "plan": plan, **({"milestones": milestones} if milestones else {})}
        return changed | {"expires": expires.isoformat(), "migration": follow}
    for key in ("expires", "migration", "after_expiry"):
        changed.pop(key, None)
    if changed.get("route", "direct") == "direct":
        changed["route"] = "bus"
    return changed


def taken_back(file: Mapping[str, object], before: Mapping[str, object]) -> dict[str, object]:
    """The content of a file with what a promotion had changed put back; what was edited since stays."""
    kept = {
        key: before[key] if key in DATED_KEYS else value
        for key, value in file.items()
        if key in before or key not in DATED_KEYS
    }
    return kept | {key: before[key] for key in DATED_KEYS if key in before and key not in kept}
