"""The integration debt score, from facts."""

from __future__ import annotations

import msgspec
import pytest

from paceline.decision.debt.facts import (
    AdapterFacts,
    CodeFacts,
    ContractFacts,
    DriftFacts,
    FieldFacts,
    IntegrationFacts,
    OverdueFacts,
    Safeguard,
    TransformKind,
    WorkaroundFacts,
    WorkspaceFacts,
)
from paceline.decision.debt.hours import hour_table, learn_hours
from paceline.decision.debt.items import find_debt
from paceline.decision.debt.notes import says_something
from paceline.decision.debt.score import compare_debt, grade_family, rebuild_hours_of, score_debt
from paceline.model.debt import DebtKind, KindHours
from paceline.model.request import DebtGrade

PATHS = ("$$.properties.total", "$$.properties.plan", "$$.properties.coupon")


def adapter(team: str, **changes: object) -> AdapterFacts:
    facts = AdapterFacts(
        teams=(team,),
        family="orders",
        vendor="ga4",
        place="mappings/orders.ga4.yaml:1",
        one_off="no contract for orders",
        fields=(FieldFacts(target="total", place="x:2", sources=PATHS, note="after discounts, in cents"),),
    )
    return msgspec.structs.replace(facts, **changes)


def subjects(facts: WorkspaceFacts, kind: DebtKind) -> list[str]:
    return [item.subject for item in find_debt(facts) if item.kind is kind]


def test_same_fields_for_another_vendor_are_a_duplicate_without_a_contract() -> None:
    both = WorkspaceFacts(adapters=(adapter("growth"), adapter("sales", vendor="hubspot")))
    assert subjects(both, DebtKind.DUPLICATE_ADAPTER) == ["sales/orders/hubspot: duplicate"]


def test_two_vendors_fed_from_one_contract_are_no_duplicates() -> None:
    both = WorkspaceFacts(adapters=(adapter("growth", one_off=""), adapter("sales", vendor="hubspot", one_off="")))
    assert subjects(both, DebtKind.DUPLICATE_ADAPTER) == []


def test_same_team_may_feed_two_vendors_from_the_same_fields() -> None:
    both = WorkspaceFacts(adapters=(adapter("growth"), adapter("growth", vendor="hubspot")))
    assert subjects(both, DebtKind.DUPLICATE_ADAPTER) == []


def test_one_mapping_that_two_teams_share_is_no_duplicate() -> None:
    shared = WorkspaceFacts(adapters=(adapter("growth", teams=("growth", "sales")),))
    assert subjects(shared, DebtKind.DUPLICATE_ADAPTER) == []


@pytest.mark.parametrize(
    ("note", "is_said"),
    [
        ("", False),
        ("Total", False),
        ("TO_TAL", False),
        ("the order's total", True),
        ("the total value", False),
        ("todo", False),
        ("see above", True),
        ("in cents", True),
        ("nach Abzug der Rabatte", True),
        ("割引後の金額です", True),
        ("x", False),
        ("123 456", False),
    ],
)
def test_note_must_say_more_than_the_name(note: str, is_said: bool) -> None:
    assert says_something(note, ["properties.to_tal", "total"]) is is_said


def test_hours_are_those_of_the_table() -> None:
    facts = WorkspaceFacts(
        adapters=(
            adapter(
                "growth",
                fields=(
                    FieldFacts(target="total", place="m:3", unpinned=(TransformKind.CAST,)),
                    FieldFacts(target="x", place="m:4", note="what was said"),
                ),
                missing=(Safeguard.CONTRACT_TEST,),
            ),
        ),
        integrations=(
            IntegrationFacts(
                team="growth", vendor="ga4", place="i:1", missing=(Safeguard.OWNER,), days_overdue=10, extensions=2
            ),
        ),
        code=(
            CodeFacts(vendor="crm", target="api.crm.com/a", place="a.py:3"),
            CodeFacts(vendor="crm", target="api.crm.com/a", place="b.py:9"),
        ),
        workarounds=(WorkaroundFacts(team="growth", what="re-send", place="teams.yaml:3", minutes_per_week=60),),
        overdue=(OverdueFacts(name="toggle route", place="toggles.flagd.json:1", days_overdue=1),),
        drifts=(DriftFacts(family="orders", contract="orders", place="c:1", what="/properties/x is new"),),
    )
    hours = {item.subject: (item.remediation_hours, item.interest_hours_per_week) for item in find_debt(facts)}
    assert hours == {
        "growth/orders/ga4: one-off": (4.5, 0.2),
        "growth/orders/ga4: total undocumented": (0.5, 0.02),
        "growth/orders/ga4: total cast": (1.0, 0.05),
        "growth/orders/ga4: no contract test": (4.0, 0.1),
        "growth/ga4: no owner": (1.0, 0.1),
        "growth/ga4: past its end": (3.0, pytest.approx(0.225)),
        "code: adapter for crm": (4.0, 0.2),
        "code: crm api.crm.com/a": (0.5, 0.02),
        "code: crm api.crm.com/a #2": (0.5, 0.02),
        "growth: by hand: re-send": (6.0, 1.0),
        "toggle route: past its end": (2.1, 0.1),
        "contract orders: stale": (3.0, 0.1),
    }


def test_extension_is_debt_before_the_end_too() -> None:
    facts = WorkspaceFacts(
        integrations=(IntegrationFacts(team="a", vendor="b", place="i:1", days_overdue=-30, extensions=1),)
    )
    (item,) = find_debt(facts)
    assert (item.remediation_hours, item.interest_hours_per_week) == (2.0, pytest.approx(0.15))


def test_sub_scores_are_parts_of_the_principal() -> None:
    facts = WorkspaceFacts(
        adapters=(adapter("growth"), adapter("sales", fields=(FieldFacts(target="total", place="x:1"),))),
        workarounds=(WorkaroundFacts(team="a", what="b", place="x:1", minutes_per_week=1),),
    )
    found = score_debt(find_debt(facts), rebuild_hours=40.0)
    assert found.adapters_hours == pytest.approx(4.25 + 4.25 + 8.0)
    assert found.undocumented_hours == pytest.approx(0.5)
    assert found.workarounds_hours == pytest.approx(6.0)
    assert found.principal_hours == pytest.approx(23.0)


@pytest.mark.parametrize(
    ("hours", "grade"),
    [(0.0, "A"), (2.0, "A"), (2.1, "B"), (4.0, "B"), (8.0, "C"), (8.1, "D"), (20.0, "D"), (20.1, "E")],
)
def test_grades_follow_the_ratio(hours: float, grade: str) -> None:
    (item,) = find_debt(WorkspaceFacts(overdue=(OverdueFacts(name="x", place="x:1", days_overdue=1),)))
    found = score_debt([msgspec.structs.replace(item, remediation_hours=hours)], rebuild_hours=40.0)
    assert found.grade is DebtGrade(grade)


def test_contract_without_described_fields_makes_no_grade_better() -> None:
    assert rebuild_hours_of([ContractFacts(family="a", described_fields=0)] * 9) == rebuild_hours_of([])


def test_grade_of_a_family_counts_its_own_items_only() -> None:
    items = find_debt(WorkspaceFacts(adapters=(adapter("a"), adapter("b", family="sign_ups", fields=()))))
    assert grade_family(items, [], ["orders"]) is DebtGrade.C
    assert grade_family(items, [ContractFacts(family="orders", described_fields=200)], ["orders"]) is DebtGrade.A
    assert grade_family(items, [], ["page_views"]) is DebtGrade.A


def test_change_tells_what_it_adds_and_removes() -> None:
    before = find_debt(WorkspaceFacts(adapters=(adapter("growth"), adapter("sales"))))
    wider = (*adapter("growth").fields, FieldFacts(target="coupon", place="x:3", note="code as it was typed"))
    after = find_debt(WorkspaceFacts(adapters=(adapter("growth", fields=wider),)))
    change = compare_debt(before, after)
    assert {item.subject for item in change.removed} == {"sales/orders/ga4: one-off", "sales/orders/ga4: duplicate"}
    assert {item.subject for item in change.added} == {"growth/orders/ga4: one-off"}
    assert change.added_hours == pytest.approx(0.25)
    assert change.removed_hours == pytest.approx(4.25 + 8.0)


def test_item_that_moved_to_another_team_is_not_new() -> None:
    before = find_debt(WorkspaceFacts(adapters=(adapter("growth"),)))
    after = find_debt(WorkspaceFacts(adapters=(adapter("growth", teams=("growth", "sales")),)))
    change = compare_debt(before, after)
    assert (change.added, change.removed) == ((), ())


def test_stated_hours_replace_the_table_and_learned_ones_build_on_them() -> None:
    stated = {DebtKind.STALE_CONTRACT: KindHours(principal_hours=8.0)}
    assert hour_table(stated, {}).principal[DebtKind.STALE_CONTRACT] == 8.0
    learned = learn_hours([(DebtKind.STALE_CONTRACT, 2.0)] * 8, stated)
    assert learned[DebtKind.STALE_CONTRACT] == pytest.approx(4.0)  # half way, on a scale of factors
    assert learn_hours([(DebtKind.STALE_CONTRACT, 2.0)] * 7, stated) == {}
