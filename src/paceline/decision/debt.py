"""The integration debt score: what one-off adapters, hidden rules and hand work cost to put right, and cost every week.

Pure: facts about a workspace go in, items and scores come out. Facts name teams, families of events and vendors, never
files; a place is only shown. So renaming files or splitting a mapping in two changes nothing.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations

import msgspec

from paceline.model.request import DebtGrade

ALIKE = 0.6
"""From this overlap (Jaccard) of source fields on, adapters of two teams are duplicates."""
BASE_HOURS = 40.0
"""What is set against debt before anything canonical exists: about one platform piece."""
_GRADES = ((0.05, DebtGrade.A), (0.10, DebtGrade.B), (0.20, DebtGrade.C), (0.50, DebtGrade.D))
_STEEPNESS = 0.2


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


class Safeguard(enum.StrEnum):
    """What an integration should have beside its mapping."""

    CONTRACT_TEST = "contract test"
    NEGATIVE_SAMPLE = "negative sample"
    OWNER = "owner"
    RUNBOOK = "runbook"
    ALERT = "alert"
    IDEMPOTENCY = "retry and idempotency declaration"


_SAFEGUARD_HOURS: Mapping[Safeguard, float] = {
    Safeguard.CONTRACT_TEST: 4.0,
    Safeguard.NEGATIVE_SAMPLE: 1.0,
    Safeguard.OWNER: 1.0,
    Safeguard.RUNBOOK: 3.0,
    Safeguard.ALERT: 2.0,
    Safeguard.IDEMPOTENCY: 2.0,
}


class FieldFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One mapped field: where it goes, what it is made from, its note, and its undeclared rules.

    `implicit` names undeclared transforms: a default, a cast, a unit, a time zone, a joined id, a constant, or an enum
    that lost values.
    """

    target: str
    sources: tuple[str, ...] = ()
    note: str = ""
    implicit: tuple[str, ...] = ()


class AdapterFacts(msgspec.Struct, frozen=True, kw_only=True):
    """One mapping file of one team's integration. `is_canonical` when its source is a canonical contract."""

    team: str
    family: str
    vendor: str
    place: str
    is_canonical: bool
    fields: tuple[FieldFacts, ...] = ()
    missing: tuple[Safeguard, ...] = ()
    rebuild_hours: float = 0.0


class WorkaroundFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Work that is done by hand again and again."""

    what: str
    place: str
    minutes: float
    times_per_week: float


class ToggleFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A dated choice during a migration, and how long it has been overdue."""

    name: str
    place: str
    days_overdue: float
    extensions: int = 0


class DriftFacts(msgspec.Struct, frozen=True, kw_only=True):
    """A contract whose events were seen to differ from it, which nobody has acknowledged."""

    contract: str
    place: str


class WorkspaceFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that debt is found in."""

    adapters: tuple[AdapterFacts, ...] = ()
    workarounds: tuple[WorkaroundFacts, ...] = ()
    toggles: tuple[ToggleFacts, ...] = ()
    drifts: tuple[DriftFacts, ...] = ()


class DebtItem(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One debt: what it is, where it shows, what putting it right takes once, and what it takes every week until then.

    `subject` identifies it and stays the same when files are renamed; `place` is where to look.
    """

    subject: str
    kind: DebtKind
    place: str
    remediation_hours: float
    interest_hours_per_week: float
    evidence: str


class DebtScore(msgspec.Struct, frozen=True, kw_only=True):
    """The debt of a workspace.

    `principal_hours` and `interest_hours_per_week` are sums; `ratio` sets the principal against what is built properly,
    `grade` and `score` (0 none, 100 hopeless) follow from it. The three sub-scores are principals.
    """

    principal_hours: float
    interest_hours_per_week: float
    ratio: float
    grade: DebtGrade
    score: float
    adapters_hours: float
    undocumented_hours: float
    workarounds_hours: float


class DebtChange(msgspec.Struct, frozen=True, kw_only=True):
    """What a change does to the debt: a gate looks at what is new, not at what was there before."""

    added: tuple[DebtItem, ...]
    removed: tuple[DebtItem, ...]
    added_hours: float
    removed_hours: float


def find_debt(facts: WorkspaceFacts) -> tuple[DebtItem, ...]:
    """Every debt item of a workspace, sorted by subject."""
    groups = _integrations(facts.adapters)
    found = [
        *(item for group in groups.values() for item in _integration_debt(group)),
        *_duplicates(groups),
        *map(_workaround, facts.workarounds),
        *(_toggle(toggle) for toggle in facts.toggles if toggle.days_overdue > 0),
        *map(_drift, facts.drifts),
    ]
    return tuple(sorted({item.subject: item for item in sorted(found, reverse=True)}.values()))


def score_debt(items: Iterable[DebtItem], *, canonical_hours: float) -> DebtScore:
    """The score of debt items.

    `canonical_hours` is what the integrations on canonical events would take to rebuild (`canonical_hours_of`).
    Adapters are not counted there: a share of everything would fall, and the grade improve, when one more adapter is
    added to a workspace that is deep in debt.
    """
    hours: dict[DebtKind, float] = dict.fromkeys(DebtKind, 0.0)
    interest = 0.0
    for item in sorted(items):
        hours[item.kind] += item.remediation_hours
        interest += item.interest_hours_per_week
    principal = math.fsum(hours.values())
    ratio = principal / (BASE_HOURS + canonical_hours)
    return DebtScore(
        principal_hours=principal,
        interest_hours_per_week=interest,
        ratio=ratio,
        grade=next((grade for limit, grade in _GRADES if ratio <= limit), DebtGrade.E),
        score=100.0 * (1.0 - math.exp(-ratio / _STEEPNESS)),
        adapters_hours=hours[DebtKind.ONE_OFF_ADAPTER] + hours[DebtKind.DUPLICATE_ADAPTER],
        undocumented_hours=hours[DebtKind.UNDOCUMENTED_MAPPING] + hours[DebtKind.IMPLICIT_TRANSFORM],
        workarounds_hours=hours[DebtKind.MANUAL_WORKAROUND],
    )


def canonical_hours_of(adapters: Iterable[AdapterFacts]) -> float:
    """What the integrations on canonical events would take to rebuild."""
    return math.fsum(sorted(adapter.rebuild_hours for adapter in adapters if adapter.is_canonical))


def compare_debt(before: Sequence[DebtItem], after: Sequence[DebtItem]) -> DebtChange:
    """What a change adds and removes; an item that became larger counts with what it grew by."""
    old, new = {item.subject: item for item in before}, {item.subject: item for item in after}
    added = tuple(item for subject, item in new.items() if _hours(item) > _hours(old.get(subject)))
    removed = tuple(item for subject, item in old.items() if _hours(item) > _hours(new.get(subject)))
    return DebtChange(
        added=added,
        removed=removed,
        added_hours=math.fsum(_hours(item) - _hours(old.get(item.subject)) for item in added),
        removed_hours=math.fsum(_hours(item) - _hours(new.get(item.subject)) for item in removed),
    )


def _hours(item: DebtItem | None) -> float:
    return item.remediation_hours if item is not None else 0.0


_Key = tuple[str, str, str]


def _integrations(adapters: Iterable[AdapterFacts]) -> Mapping[_Key, AdapterFacts]:
    """Mapping files of one team, family and vendor put together: how they are cut into files does not matter."""
    together: dict[_Key, list[AdapterFacts]] = {}
    for adapter in adapters:
        together.setdefault((adapter.team, adapter.family, adapter.vendor), []).append(adapter)
    return {key: _merge(parts) for key, parts in sorted(together.items())}


def _merge(parts: Sequence[AdapterFacts]) -> AdapterFacts:
    fields = {field.target: field for part in parts for field in sorted(part.fields, key=_documented_last)}
    return msgspec.structs.replace(
        parts[0],
        place=min(part.place for part in parts),
        is_canonical=all(part.is_canonical for part in parts),
        fields=tuple(fields[target] for target in sorted(fields)),
        missing=tuple(sorted({safeguard for part in parts for safeguard in part.missing})),
    )


def _documented_last(field: FieldFacts) -> tuple[bool, str]:
    return _is_documented(field), field.target


def _is_documented(field: FieldFacts) -> bool:
    """Whether a note says more than the field's name does."""
    letters = [character for character in field.note.lower() if character.isalnum()]
    name = [character for character in field.target.lower().rpartition(".")[2] if character.isalnum()]
    return len(letters) > 0 and letters != name


def _integration_debt(group: AdapterFacts) -> Iterator[DebtItem]:
    name = f"{group.team}/{group.family}/{group.vendor}"
    if not group.is_canonical:
        yield DebtItem(
            subject=f"{name}: one-off",
            kind=DebtKind.ONE_OFF_ADAPTER,
            place=group.place,
            remediation_hours=4.0 + 0.25 * len(group.fields),
            interest_hours_per_week=0.2,
            evidence=f"an adapter with {len(group.fields)} fields whose source is no canonical contract",
        )
    for field in group.fields:
        if not _is_documented(field):
            yield DebtItem(
                subject=f"{name}: {field.target} undocumented",
                kind=DebtKind.UNDOCUMENTED_MAPPING,
                place=group.place,
                remediation_hours=0.5,
                interest_hours_per_week=0.02,
                evidence=f"{field.target} is mapped without a note that says more than its name",
            )
        for transform in sorted(set(field.implicit)):
            yield DebtItem(
                subject=f"{name}: {field.target} {transform}",
                kind=DebtKind.IMPLICIT_TRANSFORM,
                place=group.place,
                remediation_hours=1.0,
                interest_hours_per_week=0.05,
                evidence=f"{field.target} has a {transform} that no rule declares",
            )
    for safeguard in group.missing:
        yield DebtItem(
            subject=f"{name}: no {safeguard.value}",
            kind=DebtKind.MISSING_SAFEGUARD,
            place=group.place,
            remediation_hours=_SAFEGUARD_HOURS[safeguard],
            interest_hours_per_week=0.1,
            evidence=f"there is no {safeguard.value}",
        )


def _duplicates(groups: Mapping[_Key, AdapterFacts]) -> Iterator[DebtItem]:
    """One item for each adapter that another team has already: the first by name counts as the original."""
    original: dict[_Key, _Key] = {key: key for key in groups}

    def find(key: _Key) -> _Key:
        while original[key] != key:
            key = original[key]
        return key

    paths = {key: {path for field in group.fields for path in field.sources} for key, group in groups.items()}
    for first, second in combinations(groups, 2):
        same_need = first[1:] == second[1:]
        if first[0] != second[0] and (same_need or _overlap(paths[first], paths[second])):
            low, high = sorted((find(first), find(second)))
            original[high] = low
    for key, group in groups.items():
        if find(key) != key:
            other = "/".join(find(key))
            yield DebtItem(
                subject=f"{'/'.join(key)}: duplicate",
                kind=DebtKind.DUPLICATE_ADAPTER,
                place=group.place,
                remediation_hours=8.0,
                interest_hours_per_week=0.3,
                evidence=f"does the same as {other}",
            )


def _overlap(first: set[str], second: set[str]) -> bool:
    return len(first & second) >= ALIKE * len(first | second) > 0


def _workaround(facts: WorkaroundFacts) -> DebtItem:
    return DebtItem(
        subject=f"by hand: {facts.what}",
        kind=DebtKind.MANUAL_WORKAROUND,
        place=facts.place,
        remediation_hours=6.0,
        interest_hours_per_week=facts.minutes * facts.times_per_week / 60.0,
        evidence=f"{facts.minutes:g} minutes {facts.times_per_week:g} times a week",
    )


def _toggle(facts: ToggleFacts) -> DebtItem:
    return DebtItem(
        subject=f"toggle {facts.name}",
        kind=DebtKind.OVERDUE_TOGGLE,
        place=facts.place,
        remediation_hours=2.0 + 0.1 * facts.days_overdue,
        interest_hours_per_week=0.1 * 1.5**facts.extensions,
        evidence=f"{facts.days_overdue:g} days past its end, extended {facts.extensions} times",
    )


def _drift(facts: DriftFacts) -> DebtItem:
    return DebtItem(
        subject=f"contract {facts.contract}",
        kind=DebtKind.STALE_CONTRACT,
        place=facts.place,
        remediation_hours=3.0,
        interest_hours_per_week=0.1,
        evidence="events differ from the contract, and nobody has acknowledged it",
    )
