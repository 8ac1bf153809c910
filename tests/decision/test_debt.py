"""The integration debt score."""

from __future__ import annotations

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from paceline.decision.debt import (
    AdapterFacts,
    DebtKind,
    DebtScore,
    DriftFacts,
    FieldFacts,
    Safeguard,
    ToggleFacts,
    WorkaroundFacts,
    WorkspaceFacts,
    canonical_hours_of,
    compare_debt,
    find_debt,
    score_debt,
)
from paceline.model.request import DebtGrade

FIELDS = st.lists(
    st.builds(
        FieldFacts,
        target=st.sampled_from(["email", "name", "total", "traits.plan"]),
        sources=st.lists(st.sampled_from(["$.a", "$.b", "$.c"]), max_size=2).map(tuple),
        note=st.sampled_from(["", "email", "Total", "after discounts, in cents"]),
        implicit=st.lists(st.sampled_from(["cast", "default"]), max_size=2).map(tuple),
    ),
    max_size=4,
    unique_by=lambda field: field.target,
).map(tuple)
ADAPTERS = st.builds(
    AdapterFacts,
    team=st.sampled_from(["growth", "sales", "support"]),
    family=st.sampled_from(["orders", "sign_ups"]),
    vendor=st.sampled_from(["ga4", "hubspot"]),
    place=st.sampled_from(["mappings/a.yaml:1", "mappings/b.yaml:3"]),
    is_canonical=st.booleans(),
    fields=FIELDS,
    missing=st.lists(st.sampled_from(list(Safeguard)), max_size=2, unique=True).map(tuple),
    rebuild_hours=st.sampled_from([0.0, 10.0, 80.0]),
)
ONE_OFFS = ADAPTERS.map(lambda adapter: msgspec.structs.replace(adapter, is_canonical=False))


def score(adapters: list[AdapterFacts]) -> DebtScore:
    facts = WorkspaceFacts(adapters=tuple(adapters))
    return score_debt(find_debt(facts), canonical_hours=canonical_hours_of(adapters))


def adapter(team: str, **changes: object) -> AdapterFacts:
    facts = AdapterFacts(
        team=team,
        family="orders",
        vendor="ga4",
        place="mappings/orders.ga4.yaml:1",
        is_canonical=False,
        fields=(FieldFacts(target="total", sources=("$.total",), note="after discounts"),),
    )
    return msgspec.structs.replace(facts, **changes)


@settings(max_examples=200, deadline=None)
@given(adapters=st.lists(ADAPTERS, max_size=6), extra=ONE_OFFS)
def test_one_more_adapter_never_lowers_the_score(adapters: list[AdapterFacts], extra: AdapterFacts) -> None:
    # A file of an integration that exists is no further adapter.
    keys = {(one.team, one.family, one.vendor) for one in adapters}
    assume((extra.team, extra.family, extra.vendor) not in keys)
    assert score([*adapters, extra]).score > score(adapters).score


@settings(max_examples=200, deadline=None)
@given(adapters=st.lists(ADAPTERS, min_size=2, max_size=6), seed=st.randoms(use_true_random=False))
def test_order_does_not_matter(adapters: list[AdapterFacts], seed: object) -> None:
    shuffled = list(adapters)
    seed.shuffle(shuffled)  # type: ignore[attr-defined]
    distinct = {(one.team, one.family, one.vendor) for one in adapters}
    assume(len(distinct) == len(adapters))
    assert score(shuffled) == score(adapters)


@settings(max_examples=200, deadline=None)
@given(adapters=st.lists(ADAPTERS, max_size=6))
def test_renaming_files_changes_nothing_but_places(adapters: list[AdapterFacts]) -> None:
    renamed = [msgspec.structs.replace(one, place=f"elsewhere/{index}.yaml:9") for index, one in enumerate(adapters)]
    assert score(renamed) == score(adapters)


@settings(max_examples=200, deadline=None)
@given(adapters=st.lists(ADAPTERS, min_size=1, max_size=5), at=st.integers(0, 4))
def test_splitting_a_mapping_into_two_files_changes_nothing(adapters: list[AdapterFacts], at: int) -> None:
    whole = adapters[0]
    assume(not whole.is_canonical)
    first = msgspec.structs.replace(whole, fields=whole.fields[:at])
    second = msgspec.structs.replace(whole, fields=whole.fields[at:], place="mappings/z.yaml:1")
    assert score([first, second, *adapters[1:]]) == score(adapters)


def test_merging_two_duplicates_lowers_the_score() -> None:
    assert score([adapter("growth")]).score < score([adapter("growth"), adapter("sales")]).score


def test_same_source_fields_for_another_vendor_are_a_duplicate() -> None:
    items = find_debt(WorkspaceFacts(adapters=(adapter("growth"), adapter("sales", vendor="hubspot"))))
    duplicates = [item for item in items if item.kind is DebtKind.DUPLICATE_ADAPTER]
    assert [item.subject for item in duplicates] == ["sales/orders/hubspot: duplicate"]
    assert "growth/orders/ga4" in duplicates[0].evidence


def test_same_team_may_feed_two_vendors_from_the_same_fields() -> None:
    items = find_debt(WorkspaceFacts(adapters=(adapter("growth"), adapter("growth", vendor="hubspot"))))
    assert not [item for item in items if item.kind is DebtKind.DUPLICATE_ADAPTER]


@pytest.mark.parametrize(("note", "counts"), [("", 1), ("  ", 1), ("Total", 1), ("TO_TAL", 1), ("after discounts", 0)])
def test_note_that_says_no_more_than_the_name_does_not_count(note: str, counts: int) -> None:
    facts = adapter("growth", is_canonical=True, fields=(FieldFacts(target="properties.total", note=note),))
    assert len(find_debt(WorkspaceFacts(adapters=(facts,)))) == counts


def test_hours_are_those_of_the_table() -> None:
    facts = WorkspaceFacts(
        adapters=(
            adapter(
                "growth",
                fields=(FieldFacts(target="total", note="", implicit=("cast",)), FieldFacts(target="x", note="said")),
                missing=(Safeguard.CONTRACT_TEST, Safeguard.OWNER),
            ),
        ),
        workarounds=(WorkaroundFacts(what="re-send the list", place="teams.yaml:3", minutes=30, times_per_week=2),),
        toggles=(
            ToggleFacts(name="ga4_route", place="toggles.flagd.json:1", days_overdue=10, extensions=2),
            ToggleFacts(name="in_time", place="toggles.flagd.json:9", days_overdue=0),
        ),
        drifts=(DriftFacts(contract="order_completed", place="contracts/order_completed/1.2.0.yaml:1"),),
    )
    hours = {item.subject: (item.remediation_hours, item.interest_hours_per_week) for item in find_debt(facts)}
    assert hours == {
        "growth/orders/ga4: one-off": (4.5, 0.2),
        "growth/orders/ga4: total undocumented": (0.5, 0.02),
        "growth/orders/ga4: total cast": (1.0, 0.05),
        "growth/orders/ga4: no contract test": (4.0, 0.1),
        "growth/orders/ga4: no owner": (1.0, 0.1),
        "by hand: re-send the list": (6.0, 1.0),
        "toggle ga4_route": (3.0, pytest.approx(0.225)),
        "contract order_completed": (3.0, 0.1),
    }


def test_sub_scores_are_parts_of_the_principal() -> None:
    facts = WorkspaceFacts(
        adapters=(adapter("growth"), adapter("sales", fields=(FieldFacts(target="total"),))),
        workarounds=(WorkaroundFacts(what="a", place="x:1", minutes=1, times_per_week=1),),
    )
    found = score_debt(find_debt(facts), canonical_hours=0.0)
    assert found.adapters_hours == pytest.approx(4.25 + 4.25 + 8.0)
    assert found.undocumented_hours == pytest.approx(0.5)
    assert found.workarounds_hours == pytest.approx(6.0)
    assert found.principal_hours == pytest.approx(23.0)


@pytest.mark.parametrize(
    ("hours", "grade"),
    [(0.0, "A"), (2.0, "A"), (2.1, "B"), (4.0, "B"), (8.0, "C"), (8.1, "D"), (20.0, "D"), (20.1, "E")],
)
def test_grades_follow_the_ratio(hours: float, grade: str) -> None:
    (item,) = find_debt(WorkspaceFacts(drifts=(DriftFacts(contract="x", place="x:1"),)))
    found = score_debt([msgspec.structs.replace(item, remediation_hours=hours)], canonical_hours=0.0)
    assert found.grade is DebtGrade(grade)
    assert 0.0 <= found.score < 100.0


def test_change_tells_what_it_adds_and_removes() -> None:
    before = find_debt(WorkspaceFacts(adapters=(adapter("growth"), adapter("sales"))))
    wider = adapter("growth", fields=(*adapter("growth").fields, FieldFacts(target="coupon", note="code as typed")))
    after = find_debt(WorkspaceFacts(adapters=(wider,)))
    change = compare_debt(before, after)
    assert {item.subject for item in change.removed} == {"sales/orders/ga4: one-off", "sales/orders/ga4: duplicate"}
    assert {item.subject for item in change.added} == {"growth/orders/ga4: one-off"}
    assert change.added_hours == pytest.approx(0.25)
    assert change.removed_hours == pytest.approx(4.25 + 8.0)
