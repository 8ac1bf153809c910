"""Gates, checks and rules of thumb."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from decision_requests import changed, estimate, exact, known_case

from paceline.decision.checks import check_request
from paceline.decision.decide import decide
from paceline.decision.gates import CheckState, Gate, allowed_options, cheapest_unlock, pass_gates
from paceline.decision.inputs import resolve_inputs
from paceline.decision.intake import read_request
from paceline.decision.report import Report, Verdict
from paceline.model.integration import Stage
from paceline.model.request import Request

Row = dict[str, Any]
S, H, M = Stage.SPRINT, Stage.HYBRID, Stage.MARATHON
CONTROLS = ["consent_check", "field_allow_list", "region_pin", "deletion_path"]


def read(change: Callable[[Row], object] = lambda row: None) -> Request:
    request = read_request(changed(known_case(), change))
    assert isinstance(request, Request), request
    return request


def gates_of(change: Callable[[Row], object]) -> dict[str, Gate]:
    request = read(change)
    return {gate.id: gate for gate in pass_gates(request, resolve_inputs(request))}


def report_of(change: Callable[[Row], object] = lambda row: None) -> Report:
    return decide(read(change))


def tactical(row: Row) -> None:
    row["kind"] = "tactical"
    row["teams"] = {"now": 1}


CLOSED: list[tuple[str, Callable[[Row], object], str, tuple[Stage, ...]]] = [
    ("high lock-in", lambda row: row["risk"].update(lock_in=4), "G1", (S,)),
    ("high observability risk", lambda row: row["risk"].update(observability=5), "G1", (S,)),
    ("high privacy without controls", lambda row: row["risk"].update(privacy=4), "G2", (S, H)),
    (
        "high privacy with three of four controls",
        lambda row: (row["risk"].update(privacy=4), row.update(interim_controls=CONTROLS[:3])),
        "G2",
        (S, H),
    ),
    ("residency", lambda row: row.update(residency="eu"), "G3", (S,)),
    ("compliance regime", lambda row: row.update(compliance=["hipaa"]), "G3", (S,)),
    ("deadline before the optimistic marathon", lambda row: row.update(deadline="2027-01-08"), "G4", (M,)),
    ("tactical and alone", tactical, "G5", (H, M)),
    ("strategic with three teams", lambda row: row["teams"].update(now=3), "G6", (S,)),
    (
        "strategic with likely three teams",
        lambda row: row["teams"].update(in_24_months=estimate(1, 3, 4)),
        "G6",
        (S,),
    ),
    ("debt grade D", lambda row: row.update(existing={"debt_grade": "D"}), "G8", (S,)),
]


@pytest.mark.parametrize(
    ("change", "identity", "closed"), [case[1:] for case in CLOSED], ids=[case[0] for case in CLOSED]
)
def test_gate_closes_options_and_says_how_to_open_them(
    change: Callable[[Row], object], identity: str, closed: tuple[Stage, ...]
) -> None:
    gate = gates_of(change)[identity]
    assert gate.state is CheckState.FAILED
    assert gate.blocks == closed
    assert gate.because
    assert gate.unlock
    assert gate.effort_hours > 0


OPEN: list[tuple[str, Callable[[Row], object], str]] = [
    ("all is written down", lambda row: None, "G0"),
    ("risk 3 of 5", lambda row: row["risk"].update(privacy=3, lock_in=3), "G1"),
    (
        "high privacy with all controls",
        lambda row: (row["risk"].update(privacy=4), row.update(interim_controls=CONTROLS)),
        "G2",
    ),
    ("no residency", lambda row: row.update(residency=" "), "G3"),
    ("deadline after the optimistic marathon", lambda row: row.update(deadline="2027-01-12"), "G4"),
    ("tactical with a second team", lambda row: (tactical(row), row["teams"].update(now=2)), "G5"),
    ("tactical with canonical events", lambda row: (tactical(row), row.update(schema="canonical")), "G5"),
    (
        "tactical with look-alikes to merge",
        lambda row: (tactical(row), row.update(existing={"similar_adapters": 2})),
        "G5",
    ),
    ("tactical and regulated", lambda row: (tactical(row), row.update(residency="eu")), "G5"),
    ("tactical with three teams", lambda row: (tactical(row), row["teams"].update(now=3)), "G6"),
    ("an owner of the platform", lambda row: None, "G7"),
    ("debt grade C", lambda row: row.update(existing={"debt_grade": "C"}), "G8"),
    (
        "debt grade E, paid down",
        lambda row: row.update(existing={"debt_grade": "E", "pays_down": "merge two adapters"}),
        "G8",
    ),
]


@pytest.mark.parametrize(("change", "identity"), [case[1:] for case in OPEN], ids=[case[0] for case in OPEN])
def test_gate_stays_open(change: Callable[[Row], object], identity: str) -> None:
    assert gates_of(change)[identity].state is CheckState.PASSED


@pytest.mark.parametrize(
    ("change", "identity"),
    [
        (lambda row: row.pop("risk"), "G1"),
        (lambda row: row.pop("risk"), "G2"),
        (lambda row: None, "G4"),
        (lambda row: None, "G8"),
    ],
)
def test_gate_without_its_facts_is_not_evaluated(change: Callable[[Row], object], identity: str) -> None:
    assert gates_of(change)[identity].state is CheckState.NOT_EVALUATED


@pytest.mark.parametrize("missing", ["acceptance", "owner", "sla", "risk"])
def test_request_is_not_ready_without_what_must_be_written_down(missing: str) -> None:
    report = report_of(lambda row: row.pop(missing))
    assert report.verdict is Verdict.NOT_READY
    assert report.leaning is not None


def test_acceptance_test_for_now_alone_is_not_ready() -> None:
    report = report_of(lambda row: row["acceptance"].pop("downstream"))
    assert report.verdict is Verdict.NOT_READY
    assert "downstream" in report.why[0]


def test_marathon_without_an_owner_is_provisional() -> None:
    report = report_of(lambda row: (row.update(platform_owner="", residency="eu"), row["risk"].update(privacy=5)))
    assert report.verdict is Verdict.MARATHON
    assert report.is_provisional


def test_when_gates_close_everything_the_cheapest_unlock_is_told() -> None:
    report = report_of(lambda row: (row.update(deadline="2026-12-01"), row["risk"].update(privacy=4)))
    assert report.verdict is Verdict.BLOCKED
    assert report.leaning is None
    assert report.confidence is None
    assert report.unlock is not None
    assert report.unlock.option is H
    assert report.unlock.gates == ("G2",)
    assert "consent check" in report.counterfactual


def test_nothing_closed_needs_no_unlock() -> None:
    gates = tuple(gates_of(lambda row: None).values())
    assert allowed_options(gates) == (S, H, M)
    assert cheapest_unlock(gates) is None


VOTES: list[tuple[str, Callable[[Row], object], set[tuple[str, Stage]]]] = [
    ("nothing special", lambda row: row.pop("cost_of_delay"), set()),
    ("three teams", lambda row: (row.pop("cost_of_delay"), row["teams"].update(now=3)), {("H1", M)}),
    ("residency", lambda row: (row.pop("cost_of_delay"), row.update(residency="eu")), {("H2", M)}),
    (
        "look-alikes",
        lambda row: (row.pop("cost_of_delay"), row.update(existing={"similar_adapters": 2})),
        {("H3", M)},
    ),
    ("urgent by money", lambda row: None, {("H4", S), ("H6", H)}),
    (
        "urgent by date",
        lambda row: (row.pop("cost_of_delay"), row.update(deadline="2027-01-01")),
        {("H4", S), ("H6", H)},
    ),
    (
        "cheap and for one campaign",
        lambda row: (
            tactical(row),
            row.pop("cost_of_delay"),
            row["shared"].update(needed_weeks=estimate(4, 6, 8)),
        ),
        {("H5", S)},
    ),
]


@pytest.mark.parametrize(("change", "expected"), [case[1:] for case in VOTES], ids=[case[0] for case in VOTES])
def test_rules_of_thumb_vote_with_evidence(change: Callable[[Row], object], expected: set[tuple[str, Stage]]) -> None:
    votes = report_of(change).votes
    assert {(vote.id, vote.option) for vote in votes} == expected
    assert all(vote.because for vote in votes)


def test_votes_settle_what_lies_closer_together_than_a_spike_costs() -> None:
    def nearly_equal(row: Row) -> None:
        row["teams"]["in_24_months"] = exact(2.4)
        row["shared"]["finding_out_hours"] = 1000

    without = report_of(lambda row: (nearly_equal(row), row.pop("cost_of_delay")))
    rivals = {option.option: option.total["24"].mean for option in without.options}
    assert abs(rivals[S] - rivals[H]) < 1000 * 90 / 6
    voted = report_of(
        lambda row: (nearly_equal(row), row.update(existing={"similar_adapters": 3}), row.pop("cost_of_delay"))
    )
    assert voted.leaning is M
    assert voted.cheapest is not M
    assert "rules of thumb settle it" in voted.why[0]


def test_questions_have_three_answers_and_silence_is_not_yes() -> None:
    states = {check.id: check.state for check in check_request(read(), H)}
    assert states == {
        "C1": CheckState.PASSED,
        "C2": CheckState.NOT_EVALUATED,
        "C3": CheckState.PASSED,
        "C4": CheckState.FAILED,
        "C5": CheckState.NOT_EVALUATED,
        "C6": CheckState.PASSED,
    }


def test_questions_that_are_answered_pass() -> None:
    complete = read(
        lambda row: row.update(schema="canonical", migration_plan="rfcs/0004.md", contract_tests=True, monitoring=True)
    )
    assert {check.state for check in check_request(complete, H)} == {CheckState.PASSED}


def test_change_without_tests_fails_its_question() -> None:
    states = {check.id: check.state for check in check_request(read(lambda row: row.update(contract_tests=False)), S)}
    assert states["C5"] is CheckState.FAILED


def test_marathon_needs_no_end() -> None:
    states = {check.id: check.state for check in check_request(read(), M)}
    assert states["C4"] is CheckState.PASSED
