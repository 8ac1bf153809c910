"""What debt is found in: facts about mappings, integrations, contracts, code and hand work, each with its place.

A `place` reads `file:line` and is only shown.
"""

from __future__ import annotations

import enum

import msgspec


class Safeguard(enum.StrEnum):
    """What should stand beside a mapping or an integration."""

    CONTRACT_TEST = "contract test"
    NEGATIVE_SAMPLE = "negative sample"
    OWNER = "owner"
    RUNBOOK = "runbook"
    ALERT = "alert"
    IDEMPOTENCY = "retry and idempotency declaration"


class TransformKind(enum.StrEnum):
    """What a field's expression does beside copying."""

    DEFAULT = "default"
    CAST = "cast"
    UNIT = "unit conversion"
    TIME = "conversion of time"
    JOINED = "joined value"
    CONSTANT = "constant"
    COLLAPSE = "choice between values"


class FieldFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One mapped field: where it goes, what it is made from, and what says what it means.

    `target` begins with the action when the vendor has several. `copied_description` is what the contract says about
    the source of a field that is a plain copy. `unpinned` are transforms that no contract test would miss.
    """

    target: str
    place: str
    sources: tuple[str, ...] = ()
    note: str = ""
    copied_description: str = ""
    unpinned: tuple[TransformKind, ...] = ()


class AdapterFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One mapping, with the teams whose integrations use it. `one_off` says why its source is no canonical contract."""

    teams: tuple[str, ...]
    family: str
    vendor: str
    place: str
    one_off: str = ""
    fields: tuple[FieldFacts, ...] = ()
    missing: tuple[Safeguard, ...] = ()


class IntegrationFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One integration: what it lacks, and how long it is past its end. `families` are the events that it takes."""

    team: str
    vendor: str
    place: str
    families: tuple[str, ...] = ()
    missing: tuple[Safeguard, ...] = ()
    days_overdue: float = 0.0
    extensions: int = 0


class ContractFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One contract: its family, and how many fields of its payload have a description that says something."""

    family: str
    described_fields: int


class CodeFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Code of the team that reaches a vendor by itself.

    `target` is the host and path that is called or the function of the vendor's library; `is_call` is false for what
    only shows that the vendor is reached, such as an import.
    """

    vendor: str
    target: str
    place: str
    is_call: bool = True


class WorkaroundFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Work that is done by hand again and again. `evidence` is empty for what a team declared itself."""

    team: str
    what: str
    place: str
    minutes_per_week: float
    evidence: str = ""
    families: tuple[str, ...] = ()


class SeenFieldFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A field that a vendor was sent at run time (in `events` of `of` events looked at), and that nothing names."""

    teams: tuple[str, ...]
    family: str
    vendor: str
    field: str
    place: str
    events: int
    of: int


class OverdueFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Something dated that should be gone: a toggle, or a contract version after its removal date."""

    name: str
    place: str
    days_overdue: float
    extensions: int = 0
    families: tuple[str, ...] = ()


class DriftFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A way in which events were seen to differ from their contract."""

    family: str
    contract: str
    place: str
    what: str


class WorkspaceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that debt is found in."""

    adapters: tuple[AdapterFacts, ...] = ()
    integrations: tuple[IntegrationFacts, ...] = ()
    contracts: tuple[ContractFacts, ...] = ()
    code: tuple[CodeFacts, ...] = ()
    workarounds: tuple[WorkaroundFacts, ...] = ()
    overdue: tuple[OverdueFacts, ...] = ()
    drifts: tuple[DriftFacts, ...] = ()
    seen_fields: tuple[SeenFieldFacts, ...] = ()
