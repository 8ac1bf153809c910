"""What the door does with events that break a contract, and with what no contract declares."""

from __future__ import annotations

import enum

import msgspec

from paceline.model.contract import Name


class OnBroken(enum.StrEnum):
    """What becomes of an event that breaks its contract: kept but not delivered, not accepted, or delivered with a
    note in `context.protocols.violations`."""

    QUARANTINE = "quarantine"
    REJECT = "reject"
    STAMP = "stamp"


class OnUndeclaredEvent(enum.StrEnum):
    """What becomes of an event that no contract describes."""

    ALLOW = "allow"
    QUARANTINE = "quarantine"
    REJECT = "reject"


class OnUndeclaredField(enum.StrEnum):
    """What becomes of a payload's fields that the contract does not name. `allow` leaves it to the contract whether it
    is closed; `drop` removes them before the contract judges; `quarantine` treats the event as broken."""

    ALLOW = "allow"
    DROP = "drop"
    QUARANTINE = "quarantine"


class DoorRules(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What holds where neither the source nor the contract wants it otherwise."""

    broken: OnBroken = OnBroken.QUARANTINE
    undeclared_event: OnUndeclaredEvent = OnUndeclaredEvent.ALLOW
    undeclared_field: OnUndeclaredField = OnUndeclaredField.ALLOW


class DoorChanges(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a source or a contract wants otherwise; what is left out stays as it is."""

    broken: OnBroken | None = None
    undeclared_event: OnUndeclaredEvent | None = None
    undeclared_field: OnUndeclaredField | None = None


class DoorSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The rules at the door: for everything, and for single contracts. A source can have changes of its own; what a
    contract says here wins over its source."""

    default: DoorRules = DoorRules()
    contracts: dict[Name, DoorChanges] = {}
