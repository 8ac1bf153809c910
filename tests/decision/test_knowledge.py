"""What a workspace knows about a request."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from decision_requests import changed, known_case

from paceline.decision.intake import read_request
from paceline.decision.knowledge import (
    Fact,
    KnownActual,
    KnownAdapter,
    KnownContract,
    KnownFacts,
    KnownGrade,
    KnownTeam,
    event_family,
    fill_in,
    unknown_teams,
)
from paceline.model.integration import Stage
from paceline.model.request import DebtGrade, Estimate, Request, SchemaChoice, Source

Row = dict[str, Any]
CONTRACT = KnownContract(
    contract="signed_up",
    event="Signed Up",
    place="contracts/signed_up/1.0.0.yaml:8",
    personal={"$.userId": ("user_id",), "$.traits.email": ("email",)},
)
ADAPTER = KnownAdapter(
    integration="welcome",
    mapping="signed_up.customerio",
    team="growth",
    stage=Stage.SPRINT,
    event="Signed Up",
    vendor="customerio",
    fields=("$.traits.email", "$.userId"),
    place="mappings/signed_up.customerio.yaml:4",
    configured="integrations/welcome.yaml:3",
)
TEAM = KnownTeam(team="growth", on_call="https://oncall", time_zones=("Europe/Rome",), place="teams.yaml:3")
KNOWN = KnownFacts(
    contracts=(CONTRACT,), adapters=(ADAPTER,), connectors={"customerio": "built in", "ga4": "built in"}, teams=(TEAM,)
)


def request(**changes: object) -> Request:
    row = changed(known_case(), lambda row: row.update(changes))
    row["shared"].pop("vendor_access_days", None)
    row.pop("platform_owner", None)
    read = read_request(row)
    assert isinstance(read, Request), read
    return read


def facts(known: KnownFacts, **changes: object) -> dict[str, Fact]:
    return {fact.path: fact for fact in fill_in(request(**changes), known)[1]}


def test_what_the_request_leaves_open_is_filled_in_with_its_evidence() -> None:
    completed, found = fill_in(request(), KNOWN)
    assert completed.schema is SchemaChoice.CANONICAL
    assert completed.data_classes == ["email", "user_id"]
    assert completed.existing.similar_adapters == 1
    assert completed.reverse.consumers == 1
    assert completed.shared.vendor_access_days is not None
    assert completed.shared.vendor_access_days.source is Source.MEASURED
    used = {fact.path for fact in found if fact.is_used}
    assert used == {
        "schema",
        "data_classes",
        "existing.similar_adapters",
        "reverse.consumers",
        "shared.vendor_access_days",
    }
    assert all(fact.evidence for fact in found if fact.is_used)
    access = next(fact for fact in found if fact.path == "shared.vendor_access_days")
    assert access.evidence == ("integrations/welcome.yaml:3",)


def test_what_the_request_states_is_never_changed() -> None:
    stated = request(
        schema="one_off", data_classes=["name"], existing={"similar_adapters": 4}, reverse={"consumers": 9}
    )
    completed, found = fill_in(stated, KNOWN)
    assert completed.schema is SchemaChoice.ONE_OFF
    assert (completed.data_classes, completed.existing.similar_adapters, completed.reverse.consumers) == (
        ["name"],
        4,
        9,
    )
    assert [fact.path for fact in found if fact.is_contrary] == ["schema"]


def test_nothing_is_known_without_a_workspace() -> None:
    assert fill_in(request(), KnownFacts()) == (request(), ())


def test_only_the_personal_data_of_the_needed_fields_counts() -> None:
    assert facts(KNOWN, fields=["$.traits"])["data_classes"].value == ["email"]


def test_canonical_event_without_a_contract_is_contradicted_with_the_nearest_one() -> None:
    fact = facts(KNOWN, schema="canonical", events=["Signd Up"])["schema"]
    assert fact.is_contrary
    assert "did you mean 'Signed Up'?" in fact.says


def test_adapter_of_another_vendor_is_similar_when_it_reads_the_same_fields() -> None:
    alike = facts(KNOWN, vendor="ga4", fields=["$.traits.email", "$.userId"])["existing.similar_adapters"]
    assert (alike.value, alike.evidence) == (1, ("mappings/signed_up.customerio.yaml:4",))
    other = facts(KNOWN, vendor="ga4", fields=["$.properties.total"])["existing.similar_adapters"]
    assert other.value == 0


def test_marathon_that_sends_the_same_already_is_pointed_at_and_is_no_duplicate() -> None:
    settled_adapter = msgspec.structs.replace(ADAPTER, stage=Stage.MARATHON)
    settled = KnownFacts(adapters=(settled_adapter,), connectors=KNOWN.connectors)
    found = facts(settled)
    assert found["existing.similar_adapters"].value == 0
    assert "already" in found["vendor"].says


def test_unknown_vendor_gets_the_nearest_connector() -> None:
    assert "did you mean 'customerio'?" in facts(KNOWN, vendor="custmerio")["vendor"].says


@pytest.mark.parametrize(("team", "count"), [("growth", 0), ("grwoth", 1)])
def test_team_that_does_not_exist_is_a_fault(team: str, count: int) -> None:
    faults = unknown_teams(request(owner={"team": team}), KNOWN)
    assert len(faults) == count
    assert all(fault.remedy == "did you mean 'growth'?" for fault in faults)


def test_actuals_of_similar_work_fill_in_an_estimate_with_their_source() -> None:
    actual = KnownActual(
        path="estimates.sprint.ops_hours_per_week",
        estimate=Estimate(low=0.4, likely=0.8, high=1.5, source=Source.HISTORY),
        because="three adapters to customerio in the last year",
        places=("actuals.yaml:4",),
        vendor="customerio",
    )
    completed, _ = fill_in(request(), KnownFacts(actuals=(actual,)))
    ops = completed.estimates.sprint.ops_hours_per_week
    assert ops is not None
    assert (ops.likely, ops.source) == (0.8, Source.HISTORY)
    assert "actuals.yaml:4" in ops.note
    assert fill_in(request(vendor="ga4"), KnownFacts(actuals=(actual,)))[1] == ()


def test_debt_grade_of_the_family_is_filled_in() -> None:
    grade = KnownGrade(event="signed_up", grade=DebtGrade.D, place="debt")
    completed, _ = fill_in(request(), KnownFacts(grades=(grade,)))
    assert completed.existing.debt_grade is DebtGrade.D


def test_ways_of_writing_an_event_are_one_family() -> None:
    assert {event_family(name) for name in ("Signed Up", "signed_up", "SignedUp", "signedUp", "SIGNED UP")} == {
        "signed_up"
    }
    assert event_family("Order2Completed") == "order_2_completed"


def test_worst_grade_of_several_events_counts() -> None:
    grades = tuple(
        KnownGrade(event=event, grade=DebtGrade(grade), place="mappings/a.yaml:2")
        for event, grade in (("signed_up", "B"), ("order_completed", "E"), ("page", "D"))
    )
    known = msgspec.structs.replace(KNOWN, grades=grades)
    completed, _ = fill_in(request(events=["Signed Up", "Order Completed", "page"]), known)
    assert completed.existing.debt_grade is DebtGrade.E


def test_better_grade_than_the_workspace_has_is_contradicted() -> None:
    known = msgspec.structs.replace(
        KNOWN, grades=(KnownGrade(event="signed_up", grade=DebtGrade.D, place="mappings/a.yaml:2"),)
    )
    stated = request(events=["Signed Up"], existing={"debt_grade": "A"})
    completed, found = fill_in(stated, known)
    assert completed.existing.debt_grade is DebtGrade.A
    assert [fact.is_contrary for fact in found if fact.path == "existing.debt_grade"] == [True]


def test_past_that_does_not_fit_what_the_request_says_is_not_filled_in() -> None:
    slow = KnownActual(
        path="estimates.sprint.build_hours",
        estimate=Estimate(low=8000, likely=9000, high=9999, source=Source.HISTORY),
        because="three took that",
        places=("actuals/a.yaml",),
    )
    row = changed(known_case(), lambda row: row["estimates"]["sprint"].pop("build_hours", None))
    read = read_request(row)
    assert isinstance(read, Request)
    completed, found = fill_in(read, KnownFacts(actuals=(slow,)))
    assert completed == read
    assert not any(fact.is_used for fact in found)
