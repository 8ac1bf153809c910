"""A whole backlog: tags, order, clashes, shared pieces, look-alikes and tickets."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

import msgspec
import pytest
import yaml
from decision_requests import changed, estimate, exact, known_case

from paceline.decision.clashes import ClashKind
from paceline.decision.intake import read_request
from paceline.decision.priority import Job, queue
from paceline.decision.rendering import printable, render_triage_markdown, render_triage_text
from paceline.decision.report import Verdict
from paceline.decision.ticket_rows import COLUMNS, render_csv
from paceline.decision.triage import Ask, Asked, Triage, triage
from paceline.model.integration import Stage
from paceline.model.request import Request

Row = dict[str, Any]
CASES = Path(__file__).parent / "cases" / "rules"


def make(name: str, base: Row | None = None, **changes: object) -> Request:
    row = changed(base or known_case(), lambda row: row.update({"request": name, **changes}))
    request = read_request(row)
    assert isinstance(request, Request), request
    return request


def rule_case(name: str) -> Row:
    row: Row = yaml.safe_load((CASES / f"{name}.yaml").read_text())["request"]
    return row


def of(*requests: Request, **options: Any) -> Triage:
    return triage([(request, ()) for request in requests], **options)


def webhook(name: str = "hook", **changes: object) -> Request:
    return make(name, rule_case("one_campaign_webhook"), **changes)


def test_each_request_gets_the_verdict_of_decide_as_its_tag() -> None:
    found = of(make("a"), webhook("b"), make("c", rule_case("eu_identity_store")))
    assert {ticket.request: ticket.tag for ticket in found.tickets} == {
        "a": Verdict.HYBRID,
        "b": Verdict.SPRINT,
        "c": Verdict.MARATHON,
    }
    assert found.counts == {"sprint": 1, "hybrid": 1, "marathon": 1, "not_ready": 0, "blocked": 0}
    assert all(found.reports[ticket.request].summary == ticket.summary for ticket in found.tickets)


def test_order_is_cost_of_delay_over_the_work_until_the_first_delivery() -> None:
    cheap = make("cheap", cost_of_delay={"per_week": estimate(10, 20, 40)})
    dear = make("dear", cost_of_delay={"per_week": estimate(5000, 9000, 20_000)})
    nothing = make("nothing", cost_of_delay={"profile": "none"})
    found = of(nothing, cheap, dear)
    assert [(ticket.request, ticket.rank) for ticket in found.tickets] == [("dear", 1), ("cheap", 2), ("nothing", 3)]
    first = found.tickets[0].priority
    assert first is not None
    assert first.value == pytest.approx(first.cost_of_delay_per_week / first.weeks, rel=1e-6)
    assert found.tickets[2].priority is not None
    assert found.tickets[2].priority.value == 0.0


def test_cost_of_delay_that_nobody_stated_is_marked() -> None:
    request = changed(known_case(), lambda row: row.pop("cost_of_delay"))
    found = of(make("a", request))
    assert found.tickets[0].priority is not None
    assert found.tickets[0].priority.is_assumed
    assert "*" in render_triage_text(found)


def test_what_is_not_ready_comes_last_and_says_what_is_missing() -> None:
    unready = make("unready", owner=None)
    asked = Asked(
        request="GROW-7", outcome="x", asks=(Ask(path="kind", what="missing", remedy="write it", place="b.yaml:4"),)
    )
    found = of(unready, make("ready"), refused=[asked])
    assert [ticket.request for ticket in found.tickets] == ["ready", "unready", "GROW-7"]
    assert found.counts["not_ready"] == 2
    text = render_triage_text(found)
    assert "GROW-7: b.yaml:4 kind: write it" in text
    assert "no owner" in text


def test_numbers_that_are_worth_knowing_are_asked_for() -> None:
    asks = of(make("a")).tickets[0].asks
    worth = [ask for ask in asks if ask.worth is not None]
    assert worth
    assert worth == sorted(worth, key=lambda ask: -(ask.worth or 0.0))
    assert worth[0].path == "estimates.sprint.ops_hours_per_week"


def test_sprint_ticket_has_a_dated_end_and_contract_tests() -> None:
    (ticket,) = of(webhook("hook", events=["Order Completed"], vendor="webhook")).tickets
    assert ticket.tag is Verdict.SPRINT
    assert ticket.ends
    assert ticket.plan[-1].by == ticket.ends
    assert any("Order Completed" in line and "rejected" in line for line in ticket.contract_tests)
    assert any("idempotency" in line for line in ticket.contract_tests)
    assert len(ticket.checks) == 6


def test_sprint_lives_as_long_as_it_is_needed_and_at_most_ninety_days() -> None:
    short = webhook("short", shared={"needed_weeks": estimate(3, 4, 6)})
    long = webhook("long", shared={"needed_weeks": estimate(30, 40, 60)})
    ends = {ticket.request: ticket.ends for ticket in of(short, long).tickets}
    assert ends == {"short": _day(short, 28), "long": _day(long, 90)}


def _day(request: Request, days: int) -> str:
    from paceline.decision.calendar import day_after

    return day_after(request.asked, days)


def test_hybrid_plan_ends_with_its_expiry_and_goes_through_the_milestones() -> None:
    found = of(make("a"))
    (ticket,) = found.tickets
    expiry = found.reports["a"].expiry
    assert expiry is not None
    days = [step.by for step in ticket.plan]
    assert days[-1] == ticket.ends == expiry.date
    assert set(expiry.milestone_dates) <= set(days)
    assert days == sorted(days)


def test_team_with_too_much_to_do_is_late_and_the_clash_says_by_how_much() -> None:
    first = make("first", cost_of_delay={"per_week": estimate(5000, 9000, 20_000)}, platform_owner="platform")
    second = make("second", platform_owner="platform")
    (clash,) = [clash for clash in of(first, second).clashes if clash.kind is ClashKind.CAPACITY]
    assert clash.about == "platform"
    assert clash.requests == ("first", "second")
    assert "second (platform piece) is done on" in clash.says
    relaxed = of(first, second, at_once={"platform": 2})
    assert not [clash for clash in relaxed.clashes if clash.kind is ClashKind.CAPACITY]


def test_queue_takes_turns_in_order() -> None:
    jobs = [Job(request=name, team="t", days=days) for name, days in (("a", 10.0), ("b", 4.0), ("c", 1.0))]
    assert [turn.starts_after_days for turn in queue(jobs, first_day="2026-11-23", at_once=1)] == [0.0, 10.0, 14.0]
    assert [turn.starts_after_days for turn in queue(jobs, first_day="2026-11-23", at_once=2)] == [0.0, 0.0, 4.0]


def test_one_event_under_two_names_and_in_two_shapes_is_a_clash() -> None:
    first = make("first", events=["Signed Up"], schema="canonical")
    second = make("second", events=["signed_up"], schema="one_off")
    says = [clash.says for clash in of(first, second).clashes if clash.kind is ClashKind.EVENT]
    assert len(says) == 2
    assert "'Signed Up' and 'signed_up'" in says[0]
    assert "canonical in first" in says[1]


def test_two_teams_at_one_vendor_account_is_a_clash_and_one_team_is_none() -> None:
    other = make("second", owner={"team": "sales"})
    assert [clash.about for clash in of(make("first"), other).clashes if clash.kind is ClashKind.ACCOUNT] == [
        "customerio"
    ]
    assert not [clash for clash in of(make("first"), make("second")).clashes if clash.kind is ClashKind.ACCOUNT]


def test_shared_piece_saves_all_builds_but_the_largest() -> None:
    hours = {"first": 300, "second": 200, "third": 100}
    requests = []
    for name, build in hours.items():
        row = changed(
            known_case(), lambda row, build=build: row["estimates"]["marathon"].update(build_hours=exact(build))
        )
        row["estimates"]["marathon"]["onboarding_hours_per_team"] = exact(10)
        row["estimates"]["sprint"]["build_hours"] = exact(40)
        row["shared"] |= {"hourly_rate": exact(100), "duplicate_factor": exact(0.5)}
        requests.append(make(name, row))
    found = of(*requests)
    assert all(ticket.leaning is not Stage.SPRINT for ticket in found.tickets)
    (piece,) = found.shared
    assert piece.saved_hours == pytest.approx((200 - 10) + (100 - 10))
    assert piece.saved_money == pytest.approx(piece.saved_hours * 100)
    assert piece.requests == ("first", "second", "third")


def test_sprints_of_several_teams_are_told_what_they_would_be_together() -> None:
    teams = ("growth", "sales", "support")
    requests = [make(team, owner={"team": team}, cost_of_delay={"profile": "none"}) for team in teams]
    (piece,) = of(*requests).shared
    assert piece.teams == teams
    assert piece.together is Stage.MARATHON


def test_requests_with_the_same_events_and_vendor_look_alike() -> None:
    found = of(make("first"), make("second"), make("third", vendor="ga4"))
    (alike,) = found.look_alikes
    assert alike.requests == ("first", "second")
    by_fields = of(make("first", fields=["$.a", "$.b"]), make("third", vendor="ga4", fields=["$.a", "$.b"]))
    assert by_fields.look_alikes[0].requests == ("first", "third")


def test_csv_has_one_row_a_ticket_and_survives_a_round_trip() -> None:
    found = of(make("a"), webhook("b", outcome='=cmd|"x", and\na second line'))
    rows = list(csv.DictReader(io.StringIO(render_csv(found))))
    assert tuple(rows[0]) == COLUMNS
    assert [row["Request"] for row in rows] == [ticket.request for ticket in found.tickets]
    by_name = {row["Request"]: row for row in rows}
    assert by_name["b"]["Tag"] == "sprint"
    assert by_name["b"]["Migration plan"].count("\n") == 2
    assert "[ ] " in by_name["b"]["Contract tests"]
    assert not any(cell.startswith(("=", "+", "-", "@")) for row in rows for cell in row.values())


def test_markdown_has_every_ticket_with_plan_and_contract_tests() -> None:
    text = render_triage_markdown(of(make("a"), webhook("b")))
    for part in ("## a: hybrid", "## b: sprint", "### Migration plan", "- [ ] ", "### Six questions before any code"):
        assert part in text


def test_text_of_a_request_cannot_move_the_cursor() -> None:
    text = render_triage_text(of(make("a", outcome="clean"), refused=[Asked(request="\x1b[2Jx", outcome="", asks=())]))
    assert "\x1b" not in text
    assert printable("a\u202eb\x07c\nd") == "abc\nd"


def test_same_backlog_gives_the_same_bytes() -> None:
    requests = [make("a"), webhook("b")]
    assert msgspec.json.encode(of(*requests)) == msgspec.json.encode(of(*requests))


def test_empty_backlog_is_no_error() -> None:
    found = of()
    assert found.tickets == ()
    assert render_triage_text(found).startswith("0 requests: none")
