"""What must not matter to a decision, and what a change to one request may do to the others.

PACELINE_DECISION_REQUESTS says how many random requests each property is tried on (25 without it).
"""

from __future__ import annotations

import datetime as dt
import functools
import os
import random
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from decision_requests import changed, estimate, estimates_of, exact, random_request, scale

from paceline.decision.confidence import Confidence
from paceline.decision.decide import decide
from paceline.decision.deliberation import Deliberation, deliberate
from paceline.decision.formulas import OPTIONS
from paceline.decision.intake import read_request
from paceline.decision.report import Report
from paceline.decision.triage import Triage, triage
from paceline.model.integration import Stage
from paceline.model.request import Request

Row = dict[str, Any]
REQUESTS = int(os.environ.get("PACELINE_DECISION_REQUESTS", "25"))
SURENESS = {None: -1, Confidence.LOW: 0, Confidence.MEDIUM: 1, Confidence.HIGH: 2}


def read(row: Row) -> Request:
    request = read_request(row)
    assert isinstance(request, Request), request
    return request


@functools.lru_cache(maxsize=64)
def original(number: int) -> Row:
    row = random_request(random.Random(number))
    if number % 3 == 0:
        row["losses"] = [
            {
                "what": f"leak {index}",
                "per_year": estimate(0.1, 0.5 + index, 3),
                "cost": estimate(1000, 5000, 20_000),
                "prevented_by_platform": estimate(0.2, 0.5, 0.9),
            }
            for index in range(2)
        ]
    row["compliance"] = ["GDPR", "HIPAA"] if number % 5 == 0 else []
    row["events"] = ["Signed Up", "Order Completed"][: number % 3]
    return row


def rows(*, share: float = 1.0) -> Iterator[tuple[Row, random.Random]]:
    """Random requests; only a share of them where a property needs whole reports, which take longer."""
    for number in range(max(int(REQUESTS * share), 1)):
        yield original(number), random.Random(number)


def without_dates(report: Report) -> bytes:
    plain = msgspec.to_builtins(report)
    plain["asked"] = ""
    if plain["expiry"]:
        plain["expiry"] |= {"date": "", "milestone_dates": [], "review_date": ""}
        plain["summary"] = plain["summary"].replace(report.expiry.date, "") if report.expiry else ""
    return msgspec.json.encode(plain)


def moved(day: str, days: int) -> str:
    return (dt.date.fromisoformat(day) + dt.timedelta(days=days)).isoformat()


def test_moving_every_date_by_the_same_days_moves_the_dates_and_nothing_else() -> None:
    for row, dice in rows(share=0.5):
        days = dice.choice([-400, -7, 1, 3, 1000])

        def move(row: Row, days: int = days) -> None:
            row["asked"] = moved(row["asked"], days)
            if "deadline" in row:
                row["deadline"] = moved(row["deadline"], days)

        before, after = decide(read(row)), decide(read(changed(row, move)))
        assert without_dates(before) == without_dates(after)
        if before.expiry and after.expiry:
            assert moved(before.expiry.date, days) == after.expiry.date


def shuffled(value: Any, dice: random.Random) -> Any:
    """The same keys in another order, and lists whose order says nothing in another order."""
    if isinstance(value, dict):
        items = [(key, shuffled(part, dice)) for key, part in value.items()]
        dice.shuffle(items)
        return dict(items)
    if isinstance(value, list):
        return dice.sample(value, len(value))
    return value


def test_order_of_keys_and_lists_changes_no_number() -> None:
    for row, dice in rows(share=0.5):
        before, after = decide(read(row)), decide(read(shuffled(row, dice)))
        for name in ("verdict", "summary", "options", "confidence", "flips", "tornado", "knowledge", "votes", "why"):
            assert getattr(before, name) == getattr(after, name), name


UNITS: list[tuple[tuple[str, ...], str, float]] = [
    (("estimates", "sprint", "days"), "hours", 24.0),
    (("estimates", "marathon", "days"), "weeks", 1 / 7),
    (("estimates", "sprint", "build_hours"), "working_days", 1 / 8),
    (("estimates", "marathon", "build_hours"), "working_weeks", 1 / 40),
    (("cost_of_delay", "window_weeks"), "days", 7.0),
    (("shared", "replacement_probability"), "percent", 100.0),
    (("shared", "ops_growth_per_year"), "percent", 100.0),
]


def test_other_units_give_the_same_decision() -> None:
    tried = 0
    for row, _ in rows():

        def convert(row: Row) -> None:
            for path, unit, factor in UNITS:
                node: Any = row
                for step in path:
                    node = node.get(step, {}) if isinstance(node, dict) else {}
                if node:
                    scale(node, factor)
                    node["unit"] = unit

        before, after = deliberate(read(row)), deliberate(read(changed(row, convert)))
        tried += 1
        assert (before.leaning, before.confidence, before.winners) == (after.leaning, after.confidence, after.winners)
        assert after.scores == pytest.approx(before.scores, rel=1e-9)
    assert tried == REQUESTS


def never_turns_toward_a_sprint(before: Deliberation, after: Deliberation) -> bool:
    if before.leaning is None or after.leaning is None:
        return True
    return OPTIONS.index(after.leaning) >= OPTIONS.index(before.leaning)


def test_team_that_asks_twice_never_moves_toward_a_sprint() -> None:
    """One more team today, while the number of teams in 24 months stays what it was."""
    tried = 0
    for row, _ in rows():
        later = row["teams"].get("in_24_months", {})
        if later.get("high", 0) >= row["teams"]["now"] + 1:
            tried += 1

            def add(row: Row) -> None:
                row["teams"]["now"] += 1

            before, after = deliberate(read(row)), deliberate(read(changed(row, add)))
            assert never_turns_toward_a_sprint(before, after)
    assert tried


def test_narrowing_ranges_around_the_likely_value_never_lowers_confidence() -> None:
    def narrow(row: Row, factor: float) -> None:
        for given in estimates_of(row):
            if "low" in given:
                low, likely, high = given["low"], given["likely"], given["high"]
                given["low"], given["high"] = likely - (likely - low) * factor, likely + (high - likely) * factor

    for row, dice in rows():
        factor = dice.choice([0.9, 0.5, 0.2])
        before = deliberate(read(row))
        after = deliberate(read(changed(row, functools.partial(narrow, factor=factor))))
        if before.contest.allowed != after.contest.allowed:
            continue  # without its optimistic end, a marathon may miss the deadline (G4)
        assert SURENESS[after.confidence] >= SURENESS[before.confidence]


def test_scaling_all_money_scales_all_money_and_nothing_else() -> None:
    def exchange(row: Row) -> None:
        row["shared"].setdefault("hourly_rate", exact(90))
        for given in (
            row["shared"]["hourly_rate"],
            row.get("cost_of_delay", {}).get("per_week"),
            row["estimates"]["sprint"].get("vendor_fee_per_month"),
            row["estimates"]["marathon"].get("vendor_fee_per_month"),
            row["estimates"]["marathon"].get("platform_fee_per_month"),
            *(loss["cost"] for loss in row.get("losses", [])),
        ):
            if given is not None:
                scale(given, 7.0)

    def state_rate(row: Row) -> None:
        row["shared"].setdefault("hourly_rate", exact(90))

    for row, _ in rows(share=0.5):
        stated = changed(row, state_rate)
        before, after = decide(read(stated)), decide(read(changed(stated, exchange)))
        assert (before.verdict, before.confidence, before.winners) == (after.verdict, after.confidence, after.winners)
        for one, other in zip(before.options, after.options, strict=True):
            assert other.total["24"].mean == pytest.approx(7.0 * one.total["24"].mean, rel=1e-6)
            assert other.time_to_value_days == one.time_to_value_days


def backlog(count: int = 6) -> list[tuple[Request, tuple[()]]]:
    requests = []
    for number in range(count):
        row = changed(original(number), lambda row: None)
        row |= {"request": f"R-{number}", "vendor": ["customerio", "ga4"][number % 2], "events": ["Signed Up"]}
        requests.append((read(row), ()))
    return requests


@functools.cache
def triaged() -> Triage:
    return triage(backlog())


def test_order_of_the_requests_does_not_matter() -> None:
    requests = backlog()
    for seed in range(3):
        shuffled_requests = random.Random(seed).sample(requests, len(requests))
        assert msgspec.json.encode(triage(shuffled_requests)) == msgspec.json.encode(triaged())


def test_request_that_has_nothing_to_do_with_the_others_changes_nothing_for_them() -> None:
    other = changed(original(7), lambda row: None)
    other |= {"request": "other", "vendor": "webhook", "events": ["Page"], "owner": {"team": "elsewhere"}}
    other |= {"platform_owner": "elsewhere"}
    after = triage([*backlog(), (read(other), ())])
    kept = [ticket for ticket in after.tickets if ticket.request != "other"]
    for name in ("clashes", "shared", "look_alikes"):
        assert getattr(after, name) == getattr(triaged(), name), name
    assert [msgspec.structs.replace(ticket, rank=None) for ticket in kept] == [
        msgspec.structs.replace(ticket, rank=None) for ticket in triaged().tickets
    ]


@pytest.mark.parametrize("bucket", ["privacy", "lock_in", "performance", "observability"])
def test_raising_a_risk_of_one_request_changes_no_other_ticket(bucket: str) -> None:
    requests = backlog()
    first = requests[0][0]
    assert first.risk is not None
    raised = msgspec.structs.replace(first, risk=msgspec.structs.replace(first.risk, **{bucket: 5}))
    after = triage([(raised, ()), *requests[1:]])
    before = {ticket.request: ticket for ticket in triaged().tickets}
    for ticket in after.tickets:
        if ticket.request != first.request:
            same = msgspec.structs.replace(ticket, rank=None)
            assert same == msgspec.structs.replace(before[ticket.request], rank=None)
    changed_ticket = next(ticket for ticket in after.tickets if ticket.request == first.request)
    assert changed_ticket.leaning is not Stage.SPRINT
