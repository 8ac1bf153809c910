"""Finds debt items in facts."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import combinations, groupby

import msgspec

from paceline.decision.debt.facts import (
    AdapterFacts,
    CodeFacts,
    DriftFacts,
    FieldFacts,
    IntegrationFacts,
    OverdueFacts,
    Safeguard,
    SeenFieldFacts,
    WorkaroundFacts,
    WorkspaceFacts,
)
from paceline.decision.debt.hours import (
    HOURS_PER_FIELD,
    INTEREST_PER_EXTENSION,
    OVERDUE_HOURS_PER_DAY,
    TABLE,
    HourTable,
)
from paceline.decision.debt.notes import essence, pasted_notes, says_something
from paceline.decision.overlap import ALIKE, likeness
from paceline.model.debt import DebtKind

LEAST_SHARED_FIELDS = 3
"""Fewer common source fields than this are chance: most mappings read the user's id and the time."""
NOBODY = "nobody"
"""Stands for the team of a mapping that no integration uses."""


class DebtItem(msgspec.Struct, frozen=True, kw_only=True, order=True):
    """One debt: what it is, where it shows, what putting it right takes once, and what it takes every week until then.

    `subject` identifies it and stays the same when files are renamed; `place` is where to look. `families` are the
    events that it hangs on; it has none when it hangs on code. `first_seen` is a commit, where history was looked at.
    """

    subject: str
    kind: DebtKind
    place: str
    remediation_hours: float
    interest_hours_per_week: float
    evidence: str
    remedy: str
    families: tuple[str, ...] = ()
    first_seen: str = ""


def find_debt(facts: WorkspaceFacts, table: HourTable = TABLE) -> tuple[DebtItem, ...]:
    """Every debt item, sorted by subject. Facts about the same subject count once, as the worst of them."""
    finder = _Finder(table, pasted_notes(_notes(facts.adapters)))
    found = [
        *(item for adapter in facts.adapters for item in finder.fields(adapter)),
        *finder.one_offs(facts.adapters),
        *finder.duplicates(facts.adapters),
        *(item for integration in facts.integrations for item in finder.integration(integration)),
        *finder.code(facts.code),
        *finder.workarounds(facts.workarounds),
        *(finder.overdue(one) for one in facts.overdue),
        *finder.drifts(facts.drifts),
        *(finder.seen_field(one) for one in facts.seen_fields),
    ]
    return tuple(_worst(items) for _, items in groupby(sorted(found), key=lambda item: item.subject))


def _worst(items: Iterable[DebtItem]) -> DebtItem:
    same = list(items)
    worst = max(same, key=lambda item: (item.remediation_hours, item.interest_hours_per_week))
    families = tuple(sorted({family for item in same for family in item.families}))
    return msgspec.structs.replace(worst, families=families)


def _notes(adapters: Iterable[AdapterFacts]) -> Iterator[tuple[str, str]]:
    for adapter in adapters:
        for field in adapter.fields:
            if field.note:
                yield f"{adapter.vendor} {field.target}", field.note


_Key = tuple[str, str, str]


def _key(adapter: AdapterFacts) -> _Key:
    return ("+".join(sorted(set(adapter.teams))) or NOBODY, adapter.family, adapter.vendor)


class _Finder:
    def __init__(self, table: HourTable, pasted: frozenset[str]) -> None:
        self._table = table
        self._pasted = pasted

    def _item(  # noqa: PLR0913 (one parameter a part of an item)
        self,
        kind: DebtKind,
        subject: str,
        place: str,
        *,
        evidence: str,
        remedy: str,
        families: tuple[str, ...] = (),
        principal: float | None = None,
        interest: float | None = None,
    ) -> DebtItem:
        return DebtItem(
            subject=subject,
            kind=kind,
            place=place,
            remediation_hours=self._table.principal[kind] if principal is None else principal,
            interest_hours_per_week=self._table.interest[kind] if interest is None else interest,
            evidence=evidence,
            remedy=remedy,
            families=families,
        )

    def fields(self, adapter: AdapterFacts) -> Iterator[DebtItem]:
        name, families = "/".join(_key(adapter)), (adapter.family,)
        for field in adapter.fields:
            if (why := self._undocumented(field)) is not None:
                yield self._item(
                    DebtKind.UNDOCUMENTED_MAPPING,
                    f"{name}: {field.target} undocumented",
                    field.place,
                    evidence=why,
                    remedy="say in `note:` what it means and why it is mapped like this",
                    families=families,
                )
            for transform in sorted(set(field.unpinned)):
                yield self._item(
                    DebtKind.IMPLICIT_TRANSFORM,
                    f"{name}: {field.target} {transform.value}",
                    field.place,
                    evidence=f"no contract test fails when this {transform.value} is removed",
                    remedy="add a case whose payload shows it",
                    families=families,
                )
        for safeguard in adapter.missing:
            yield self._missing(name, safeguard, adapter.place, families)

    def _undocumented(self, field: FieldFacts) -> str | None:
        """What keeps a field from being documented, None when it is."""
        names = [field.target, *field.sources]
        if field.note:
            if not says_something(field.note, names):
                return "its note says no more than its name"
            if essence(field.note) in self._pasted:
                return "its note stands at three or more fields alike"
            return None
        if field.copied_description:
            # A contract's description may name the field that it describes, but must say more.
            if says_something(field.copied_description, names):
                return None
            return "it has no note, and the contract's description says no more than the name"
        return "it has no note"

    def _missing(self, name: str, safeguard: Safeguard, place: str, families: tuple[str, ...]) -> DebtItem:
        return self._item(
            DebtKind.MISSING_SAFEGUARD,
            f"{name}: no {safeguard.value}",
            place,
            evidence=f"there is no {safeguard.value}",
            remedy=_SAFEGUARD_REMEDIES[safeguard],
            principal=self._table.safeguard_hours(safeguard),
            families=families,
        )

    def seen_field(self, seen: SeenFieldFacts) -> DebtItem:
        """A vendor field that came along at run time, and that nobody has named."""
        teams = "+".join(sorted(set(seen.teams))) or NOBODY
        return self._item(
            DebtKind.UNDOCUMENTED_MAPPING,
            f"{teams}/{seen.family}/{seen.vendor}: {seen.field} at run time",
            seen.place,
            evidence=f"{seen.vendor} gets it in {seen.events} of {seen.of} events; no entry and no contract names it",
            remedy="name it in the mapping with a `note:`, declare it in the contract, or leave it out with omit()",
            families=(seen.family,),
        )

    def one_offs(self, adapters: Iterable[AdapterFacts]) -> Iterator[DebtItem]:
        together: dict[_Key, list[AdapterFacts]] = {}
        for adapter in adapters:
            if adapter.one_off:
                together.setdefault(_key(adapter), []).append(adapter)
        for key, parts in together.items():
            fields = {field.target for part in parts for field in part.fields}
            yield self._item(
                DebtKind.ONE_OFF_ADAPTER,
                f"{'/'.join(key)}: one-off",
                min(part.place for part in parts),
                evidence=f"{min(part.one_off for part in parts)}; {len(fields)} fields hang on it",
                remedy="describe the event in a contract, with the fields that are mapped",
                principal=self._table.principal[DebtKind.ONE_OFF_ADAPTER] + HOURS_PER_FIELD * len(fields),
                families=(key[1],),
            )

    def duplicates(self, adapters: Sequence[AdapterFacts]) -> Iterator[DebtItem]:
        """One item for each adapter that another team has already: the first by name counts as the original."""
        groups: dict[_Key, list[AdapterFacts]] = {}
        for adapter in adapters:
            groups.setdefault(_key(adapter), []).append(adapter)
        for key, other, why in duplicated(groups):
            yield self._item(
                DebtKind.DUPLICATE_ADAPTER,
                f"{'/'.join(key)}: duplicate",
                min(part.place for part in groups[key]),
                evidence=f"does the same as {'/'.join(other)}: {why}",
                remedy="let both integrations use one mapping",
                families=tuple(sorted({key[1], other[1]})),
            )

    def integration(self, facts: IntegrationFacts) -> Iterator[DebtItem]:
        name = f"{facts.team}/{facts.vendor}"
        for safeguard in facts.missing:
            yield self._missing(name, safeguard, facts.place, facts.families)
        if facts.days_overdue > 0 or facts.extensions > 0:
            yield self._overdue(f"{name}: past its end", facts.place, facts, facts.families)

    def overdue(self, facts: OverdueFacts) -> DebtItem:
        return self._overdue(f"{facts.name}: past its end", facts.place, facts, facts.families)

    def _overdue(
        self, subject: str, place: str, facts: IntegrationFacts | OverdueFacts, families: tuple[str, ...]
    ) -> DebtItem:
        days = max(facts.days_overdue, 0.0)
        state = f"{days:g} days past its end" if days else "within its end date"
        extended = f", extended {facts.extensions} time{'s' if facts.extensions > 1 else ''}"
        return self._item(
            DebtKind.OVERDUE_TOGGLE,
            subject,
            place,
            evidence=state + (extended if facts.extensions else ""),
            remedy="finish the migration and remove it",
            principal=self._table.principal[DebtKind.OVERDUE_TOGGLE] + OVERDUE_HOURS_PER_DAY * days,
            interest=self._table.interest[DebtKind.OVERDUE_TOGGLE] * INTEREST_PER_EXTENSION**facts.extensions,
            families=families,
        )

    def code(self, facts: Iterable[CodeFacts]) -> Iterator[DebtItem]:
        """One adapter for each vendor that code reaches by itself, and one hidden mapping for each call."""
        ordered = sorted(facts, key=lambda one: (one.vendor, one.target, one.place))
        for vendor, group in groupby(ordered, key=lambda one: one.vendor):
            uses = list(group)
            calls = [use for use in uses if use.is_call]
            first = min(calls or uses, key=lambda use: _place_order(use.place))
            yield self._item(
                DebtKind.ONE_OFF_ADAPTER,
                f"code: adapter for {vendor}",
                first.place,
                evidence=f"{len(calls)} calls, the first of {first.target}",
                remedy=f"send an event instead, and let an integration with the connector {vendor} deliver it",
            )
            for target, same in groupby(calls, key=lambda use: use.target):
                for number, use in enumerate(same, start=1):
                    yield self._item(
                        DebtKind.UNDOCUMENTED_MAPPING,
                        f"code: {vendor} {target}" + (f" #{number}" if number > 1 else ""),
                        use.place,
                        evidence="what it sends stands in no mapping",
                        remedy="write the mapping, and remove the call",
                    )

    def workarounds(self, facts: Iterable[WorkaroundFacts]) -> Iterator[DebtItem]:
        ordered = sorted(facts, key=lambda one: (one.team, one.what, -one.minutes_per_week, one.place))
        for (team, what), same in groupby(ordered, key=lambda one: (one.team, one.what)):
            for number, one in enumerate(same, start=1):
                yield self._item(
                    DebtKind.MANUAL_WORKAROUND,
                    f"{team}: by hand: {what}" + (f" #{number}" if number > 1 else ""),
                    one.place,
                    evidence=one.evidence or f"declared: {one.minutes_per_week:g} minutes a week",
                    remedy="let software do it",
                    interest=one.minutes_per_week / 60.0,
                    families=one.families,
                )

    def drifts(self, facts: Iterable[DriftFacts]) -> Iterator[DebtItem]:
        ordered = sorted(facts, key=lambda one: (one.contract, one.what, one.place))
        for contract, group in groupby(ordered, key=lambda one: one.contract):
            seen = list(group)
            more = f" and {len(seen) - 1} more" if len(seen) > 1 else ""
            yield self._item(
                DebtKind.STALE_CONTRACT,
                f"contract {contract}: stale",
                seen[0].place,
                evidence=f"{seen[0].what}{more}",
                remedy="release a version that describes what is sent, or stop sending it",
                families=tuple(sorted({one.family for one in seen})),
            )


_SAFEGUARD_REMEDIES: Mapping[Safeguard, str] = {
    Safeguard.CONTRACT_TEST: "write a case in tests/ that passes",
    Safeguard.NEGATIVE_SAMPLE: "add a case with `filtered:` or `refused:`",
    Safeguard.OWNER: "name a team of teams.yaml",
    Safeguard.RUNBOOK: "write runbooks/<name>.md: what to look at, what to do, whom to call",
    Safeguard.ALERT: "give it an `sla:` and its team an `on_call:`",
    Safeguard.IDEMPOTENCY: "say in the connector's manifest how it recognizes a repeated delivery",
}


def duplicated(groups: Mapping[_Key, Sequence[AdapterFacts]]) -> Iterator[tuple[_Key, _Key, str]]:
    """Each adapter that repeats another team's, with that one and the reason, by team, family and vendor."""
    original: dict[_Key, _Key] = {key: key for key in groups}
    reasons: dict[_Key, str] = {}

    def find(key: _Key) -> _Key:
        while original[key] != key:
            key = original[key]
        return key

    ordered = sorted(groups)
    paths = {key: {path for part in groups[key] for field in part.fields for path in field.sources} for key in groups}
    for first, second in combinations(ordered, 2):
        if first[0] == second[0]:
            continue
        same_need = first[1:] == second[1:]
        # Several vendors that are fed from one contract are what a contract is for, and no duplicates.
        is_shared = first[1] == second[1] and not any(part.one_off for key in (first, second) for part in groups[key])
        if same_need or (not is_shared and _are_alike(paths[first], paths[second])):
            reasons.setdefault(first, "same event and vendor" if same_need else "same source fields")
            reasons.setdefault(second, "same event and vendor" if same_need else "same source fields")
            low, high = sorted((find(first), find(second)))
            original[high] = low
    for key in ordered:
        if find(key) != key:
            yield key, find(key), reasons[key]


def _are_alike(first: set[str], second: set[str]) -> bool:
    return len(first & second) >= LEAST_SHARED_FIELDS and likeness(first, second) >= ALIKE


def _place_order(place: str) -> tuple[str, int]:
    file, _, line = place.rpartition(":")
    return (file, int(line)) if line.isdigit() else (place, 0)
