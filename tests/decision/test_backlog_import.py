"""Tickets of other trackers as requests."""

from __future__ import annotations

import pytest

from paceline.decision.backlog import Backlog, read_backlog
from paceline.errors import UsageError
from paceline.exchange.backlog_cells import read_day, read_estimate
from paceline.exchange.backlog_import import ImportedBacklog, import_backlog

JIRA = """\
Summary,Issue key,Issue Type,Status,Created,Due date,Labels,Labels,Custom field (Cost of delay per week),Story Points
"Welcome email, personalized",GROW-12,Story,To Do,02/Nov/26 3:04 PM,18/Dec/26,customerio,strategic,500 - 2000 - 6000,3
Alert for large orders,GROW-13,Story,Backlog,2026-11-03 09:04,,webhook,tactical,1000,
Old thing,GROW-2,Story,Done,03/Nov/25 9:04 AM,,,,,
"""
LINEAR = """\
"ID","Team","Title","Description","Status","Estimate","Priority","Labels","Created","Due Date"
"MKT-5","Sales","Purchases for ads","","Todo","3","High","ga4, tactical","Mon Nov 09 2026 10:00:00 GMT","2026-12-20"
"""
GITHUB = """[{"number": 7, "title": "Leads to the CRM", "createdAt": "2026-11-10T09:00:00Z", "state": "OPEN",
 "labels": [{"name": "strategic"}], "url": "https://github.com/o/r/issues/7"},
 {"number": 8, "title": "closed one", "state": "CLOSED"}]"""
TODAY = "2026-11-23"


def taken(text: str, **options: object) -> ImportedBacklog:
    return import_backlog(text, today=TODAY, connectors=["customerio", "ga4", "webhook"], **options)  # type: ignore[arg-type]


def messages(imported: ImportedBacklog) -> str:
    return "\n".join(map(str, imported.losses))


def test_jira_tickets_become_requests_with_what_they_say() -> None:
    imported = taken(JIRA)
    assert (imported.format, imported.done) == ("jira", 1)
    assert imported.requests[0] == {
        "request": "GROW-12",
        "outcome": "Welcome email, personalized",
        "asked": "2026-11-02",
        "deadline": "2026-12-18",
        "kind": "strategic",
        "vendor": "customerio",
        "cost_of_delay": {"per_week": {"low": 500, "likely": 2000, "high": 6000}},
    }
    assert imported.requests[1]["request"] == "GROW-13"


def test_linear_and_github_are_recognized() -> None:
    linear, github = taken(LINEAR), taken(GITHUB)
    assert (linear.format, github.format) == ("linear", "github")
    assert linear.requests[0] == {
        "request": "MKT-5",
        "outcome": "Purchases for ads",
        "asked": "2026-11-09",
        "deadline": "2026-12-20",
        "kind": "tactical",
        "vendor": "ga4",
    }
    assert github.requests == (
        {
            "request": "gh-7",
            "outcome": "Leads to the CRM",
            "asked": "2026-11-10",
            "kind": "strategic",
            "note": "https://github.com/o/r/issues/7",
        },
    )


def test_numbers_that_are_no_range_are_reported_and_not_made_up() -> None:
    imported = taken(JIRA)
    assert "cost_of_delay" not in imported.requests[1]
    assert "'1000' (cost of delay per week) is no range" in messages(imported)
    assert "points are no duration" in messages(imported)


def test_imported_requests_are_a_backlog_that_asks_for_what_is_missing() -> None:
    read = read_backlog({"requests": list(taken(JIRA).requests)})
    assert isinstance(read, Backlog)
    assert not read.requests
    for refused in read.refused.values():
        assert [fault.place.split(".", 2)[2] for fault in refused.faults] == [
            "estimates.sprint.days",
            "estimates.marathon.days",
        ]


def test_semicolons_tabs_and_byte_order_marks_are_read() -> None:
    plain = "Issue key,Summary,Created\nA-1,one,2026-11-02\n"
    for text in (plain.replace(",", ";"), plain.replace(",", "\t"), "\ufeff" + plain, plain.replace("\n", "\r\n")):
        assert taken(text).requests == ({"request": "A-1", "outcome": "one", "asked": "2026-11-02"},)


def test_ticket_without_a_day_is_asked_for_today_and_that_is_said() -> None:
    imported = taken("Issue key,Summary\nA-1,one\n")
    assert imported.requests[0]["asked"] == TODAY
    assert "2026-11-23 is assumed" in messages(imported)


@pytest.mark.parametrize(
    ("cell", "part"), [("11/12/2026", "was not understood"), ("2020-01-01", "is not after the day of the request")]
)
def test_due_date_that_cannot_be_meant_is_left_out_and_said(cell: str, part: str) -> None:
    imported = taken(f"Issue key,Summary,Created,Due date\nA-1,one,2026-11-02,{cell}\n")
    assert "deadline" not in imported.requests[0]
    assert part in messages(imported)


def test_two_tickets_of_one_name_and_one_without_a_name_are_said() -> None:
    imported = taken("Issue key,Summary\nA-1,one\nA-1,two\n,\n!!!,\n")
    assert [request["request"] for request in imported.requests] == ["A-1"]
    assert "there is a ticket 'A-1' before it" in messages(imported)
    assert "no key and no title" in messages(imported)


def test_labels_of_several_vendors_choose_none() -> None:
    imported = taken('Issue key,Summary,Labels\nA-1,one,"ga4, customerio"\n')
    assert "vendor" not in imported.requests[0]
    assert "several vendors" in messages(imported)


def test_risks_are_taken_all_or_not_at_all() -> None:
    head = "Issue key,Summary,Risk privacy,Risk lock in,Risk performance,Risk observability\n"
    assert taken(head + "A-1,one,3,2,1,2\n").requests[0]["risk"] == {
        "privacy": 3,
        "lock_in": 2,
        "performance": 1,
        "observability": 2,
    }
    partly = taken(head + "A-1,one,3,9,,\n")
    assert "risk" not in partly.requests[0]
    assert "the score '9'" in messages(partly)


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n", '"unclosed', "[1]", "[{]", "\x00"])
def test_what_is_no_export_is_refused(text: str) -> None:
    with pytest.raises(UsageError):
        taken(text)


def test_format_may_be_named_where_the_columns_do_not_tell() -> None:
    assert taken("Identifier,Title\nX-1,one\n", format_name="linear").requests[0]["request"] == "X-1"


def test_days_and_ranges_of_trackers_are_read() -> None:
    days = ["23/Nov/26 4:05 PM", "Mon Nov 23 2026 16:05:00 GMT+0000", "2026-11-23T16:05:00.000Z", "Nov 23, 2026"]
    assert {read_day(day) for day in days} == {"2026-11-23"}
    assert read_estimate("1 to 2 to 3") == {"low": 1, "likely": 2, "high": 3}
    assert [read_estimate(text) for text in ("3", "3-2-1", "2-2-2", "-1 2 3", "1,000")] == [None] * 5
