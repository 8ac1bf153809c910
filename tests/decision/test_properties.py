"""What must hold for any request: how the verdict may and may not move when one thing is changed.

PACELINE_DECISION_REQUESTS says how many random requests each property is tried on (25 without it); the long form is
10,000, and takes some minutes a property.
"""

from __future__ import annotations

import functools
import os
import random
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from decision_requests import changed, estimates_of, exact, random_request, scale

from paceline.decision.confidence import Confidence
from paceline.decision.deliberation import Deliberation, deliberate
from paceline.decision.formulas import HORIZONS, OPTIONS
from paceline.decision.intake import read_request
from paceline.model.integration import Stage
from paceline.model.request import Request

Row = dict[str, Any]
Change = Callable[[Row, random.Random], object]
REQUESTS = int(os.environ.get("PACELINE_DECISION_REQUESTS", "25"))
NO_LIMIT = float("inf")
S, H, M = Stage.SPRINT, Stage.HYBRID, Stage.MARATHON
SURENESS = {None: -1, Confidence.LOW: 0, Confidence.MEDIUM: 1, Confidence.HIGH: 2}
BUCKETS = ("privacy", "lock_in", "performance", "observability")


def decided(row: Row) -> Deliberation | None:
    """The decision about a row; None when it has faults, which some changes bring about."""
    request = read_request(row)
    return deliberate(request) if isinstance(request, Request) else None


def untouched(row: Row) -> object:
    """Prepare nothing."""
    return None


@functools.lru_cache(maxsize=32)
def original(number: int) -> tuple[Row, Deliberation]:
    row = random_request(random.Random(number))
    made = decided(row)
    assert made is not None
    return row, made


def pairs(
    change: Change, *, prepare: Callable[[Row], object] = untouched
) -> Iterator[tuple[Row, Deliberation, Deliberation]]:
    """Random requests with the decision before and after a change; those that the change breaks are left out.

    `prepare` states what the change is about where the request leaves it to a default.
    """
    found = 0
    for number in range(REQUESTS):
        row, before = original(number)
        if prepare is not untouched:
            row = changed(row, prepare)
            before = decided(row) or before
        dice = random.Random(number)
        after = decided(changed(row, functools.partial(_apply, change, dice)))
        if after is not None:
            found += 1
            yield row, before, after
    assert found > 0.3 * REQUESTS, "the change breaks most requests, so this shows nothing"


def _apply(change: Change, dice: random.Random, row: Row) -> None:
    change(row, dice)


def never_turns_to(option: Stage, before: Deliberation, after: Deliberation) -> bool:
    return after.leaning is not option or before.leaning is option


def never_turns_back(before: Deliberation, after: Deliberation) -> bool:
    """The verdict stays, or moves in the direction from sprint over hybrid to marathon."""
    if before.leaning is None or after.leaning is None:
        return True
    return OPTIONS.index(after.leaning) >= OPTIONS.index(before.leaning)


def days(made: Deliberation, option: Stage) -> float:
    return float(made.costs.days[option].mean())


def at(*path: str) -> Callable[[Row], Row]:
    """The estimate at a path; one is put there when there is none."""

    def find(row: Row) -> Row:
        node = row
        for step in path[:-1]:
            node = node.setdefault(step, {})
        return node.setdefault(path[-1], dict(INSTEAD[path[-1]]))

    return find


INSTEAD: dict[str, Row] = {
    "per_week": {"low": 100, "likely": 1000, "high": 4000},
    "ops_hours_per_week": {"low": 0.5, "likely": 1, "high": 3},
    "build_hours": {"low": 20, "likely": 60, "high": 100},
    "days": {"low": 2, "likely": 3, "high": 6},
    "platform_fee_per_month": {"low": 10, "likely": 90, "high": 400},
    "replacement_probability": {"low": 0.1, "likely": 0.3, "high": 0.6},
    "confirmation_probability": {"low": 0.4, "likely": 0.7, "high": 0.9},
    "ops_growth_per_year": {"low": 0.05, "likely": 0.15, "high": 0.3},
    "hybrid_overhead": {"low": 0.1, "likely": 0.2, "high": 0.4},
    "duplicate_factor": {"low": 0.3, "likely": 0.5, "high": 0.7},
    "hourly_rate": {"low": 60, "likely": 90, "high": 130},
}


def raised(find: Callable[[Row], Row], *, most: float = NO_LIMIT) -> Change:
    """Raise an estimate, little or much."""

    def change(row: Row, dice: random.Random) -> None:
        given = find(row)
        scale(given, dice.choice([1.02, 1.2, 2.0, 5.0]), most=most)
        if given.get("low") == given.get("high"):
            given.clear()
            given.update(exact(most))

    return change


def test_higher_cost_of_delay_never_moves_to_a_slower_option() -> None:
    find = at("cost_of_delay", "per_week")
    for _, before, after in pairs(raised(find), prepare=find):
        if before.leaning and after.leaning:
            assert days(before, after.leaning) <= days(before, before.leaning) + 1e-9


def test_earlier_deadline_never_moves_to_a_slower_option() -> None:
    def hurry(row: Row, dice: random.Random) -> None:
        row["deadline"] = dice.choice(["2026-12-01", "2027-01-05", "2027-02-20"])

    for row, before, after in pairs(hurry):
        if before.leaning and after.leaning and row.get("deadline", "9") > "2027-02-20":
            assert OPTIONS.index(after.leaning) <= OPTIONS.index(before.leaning)


def more_teams(row: Row, dice: random.Random) -> None:
    more = dice.choice([1, 2, 3])
    row["teams"]["now"] += more
    for name in ("low", "likely", "high"):
        row["teams"]["in_24_months"][name] += more


def state_teams_later(row: Row) -> None:
    now = row["teams"]["now"]
    row["teams"].setdefault("in_24_months", {"low": now, "likely": now + 0.5, "high": now + 2})


def more_teams_later(row: Row, dice: random.Random) -> None:
    more = dice.choice([0.5, 1.0, 3.0])
    for name in ("low", "likely", "high"):
        row["teams"]["in_24_months"][name] += more


def all_teams_at_once(row: Row, dice: random.Random) -> None:
    row["teams"]["now"] = int(row["teams"]["in_24_months"]["high"])


@pytest.mark.parametrize("change", [more_teams, more_teams_later, all_teams_at_once])
def test_more_teams_or_the_same_ones_sooner_never_move_toward_a_sprint(change: Change) -> None:
    assert all(never_turns_back(before, after) for _, before, after in pairs(change, prepare=state_teams_later))


@pytest.mark.parametrize("bucket", BUCKETS)
def test_higher_risk_never_opens_an_option_nor_moves_toward_a_sprint(bucket: str) -> None:
    def raise_bucket(row: Row, dice: random.Random) -> None:
        row["risk"][bucket] = min(row["risk"][bucket] + dice.choice([1, 2, 3]), 5)

    for _, before, after in pairs(raise_bucket):
        assert set(after.contest.allowed) <= set(before.contest.allowed)
        if before.leaning in after.contest.allowed:
            assert never_turns_back(before, after)


@pytest.mark.parametrize("factor", [0.001, 0.37, 110.0])
def test_changing_the_currency_leaves_everything_but_amounts(factor: float) -> None:
    def exchange(row: Row, dice: random.Random) -> None:
        scale(row["shared"]["hourly_rate"], factor)
        for given in (
            row.get("cost_of_delay", {}).get("per_week"),
            row["estimates"]["sprint"].get("vendor_fee_per_month"),
            row["estimates"]["marathon"].get("vendor_fee_per_month"),
            row["estimates"]["marathon"].get("platform_fee_per_month"),
        ):
            if given is not None:
                scale(given, factor)

    for _, plain, other in pairs(exchange, prepare=at("shared", "hourly_rate")):
        assert (plain.leaning, plain.winners, plain.confidence) == (other.leaning, other.winners, other.confidence)
        assert other.scores == pytest.approx(plain.scores * factor, rel=1e-9)


def test_longer_horizon_never_favors_a_sprint_that_takes_more_work_to_run() -> None:
    tried = 0
    for _, before, _ in pairs(lambda row, dice: None):
        teams, inputs = before.known.teams_now, before.inputs
        if inputs["sprint_ops"].likely * teams > inputs["marathon_ops"].likely:
            tried += 1
            winners = [option for option in before.winners if option is not None]
            assert not any(option is not S and then is S for option, then in pairwise(winners))
    assert tried > 0.2 * REQUESTS


def widened(row: Row, dice: random.Random) -> None:
    style, factor = dice.choice(["apart", "ends", "both"]), dice.choice([1.1, 1.3, 1.6])
    for given in estimates_of(row):
        if "low" not in given:
            continue
        low, likely, high = given["low"], given["likely"], given["high"]
        if style == "apart":
            given["low"], given["high"] = likely - (likely - low) * factor, likely + (high - likely) * factor
        elif style == "ends":
            given["low"], given["high"] = low / factor, high * factor
        else:
            more = (high - low) * (factor - 1) / 2
            given["low"], given["high"] = low - more, high + more
        given["low"] = max(given["low"], min(low, 0.02))
    for name in ("replacement_probability", "confirmation_probability", "duplicate_factor", "rework_factor"):
        if "high" in row["shared"].get(name, {}):
            row["shared"][name]["high"] = min(row["shared"][name]["high"], 1.0)
    if "in_24_months" in row["teams"]:
        row["teams"]["in_24_months"]["low"] = max(row["teams"]["in_24_months"]["low"], 1.0)


def test_wider_ranges_never_raise_confidence() -> None:
    for _, before, after in pairs(widened):
        if set(before.contest.allowed) != set(after.contest.allowed):
            continue  # a more optimistic marathon may reach the deadline (G4): there is more to choose from
        assert SURENESS[after.confidence] <= SURENESS[before.confidence]


SPRINT, MARATHON, SHARED = ("estimates", "sprint"), ("estimates", "marathon"), ("shared",)


@pytest.mark.parametrize(
    ("find", "most", "option"),
    [
        (at(*SPRINT, "ops_hours_per_week"), NO_LIMIT, S),
        (at(*SHARED, "ops_growth_per_year"), NO_LIMIT, S),
        (at(*SHARED, "replacement_probability"), 1.0, S),
        (at(*SHARED, "duplicate_factor"), 1.0, S),
        (at(*SPRINT, "build_hours"), NO_LIMIT, S),
        (at(*SHARED, "hybrid_overhead"), 10.0, H),
        (at(*MARATHON, "ops_hours_per_week"), NO_LIMIT, M),
        (at(*MARATHON, "build_hours"), NO_LIMIT, M),
        (at(*MARATHON, "platform_fee_per_month"), NO_LIMIT, M),
    ],
    ids=[
        "upkeep of a sprint",
        "growth of a sprint's work",
        "replacement of a sprint",
        "copies of a sprint",
        "work to build a sprint",
        "overhead of a hybrid",
        "upkeep of a marathon",
        "work to build a marathon",
        "platform fee",
    ],
)
def test_what_makes_an_option_dearer_never_makes_it_win(find: Callable[[Row], Row], most: float, option: Stage) -> None:
    for _, before, after in pairs(raised(find, most=most), prepare=find):
        assert never_turns_to(option, before, after)


def test_surer_idea_never_moves_from_a_marathon_to_a_hybrid() -> None:
    find = at("shared", "confirmation_probability")
    for _, before, after in pairs(raised(find, most=1.0), prepare=find):
        assert not (before.leaning is M and after.leaning is H)


def test_slower_marathon_never_turns_a_sprint_into_a_marathon() -> None:
    # It may turn a hybrid into one: where bridging costs more than waiting, a longer bridge is a worse one.
    for _, before, after in pairs(raised(at(*MARATHON, "days"))):
        assert not (before.leaning is S and after.leaning is M)


def test_cost_of_delay_of_nothing_is_the_same_as_none() -> None:
    def nothing(row: Row, dice: random.Random) -> None:
        row["cost_of_delay"] = {"profile": "linear", "per_week": exact(0)}

    def none(row: Row, dice: random.Random) -> None:
        row["cost_of_delay"] = {"profile": "none"}

    for (_, _, first), (_, _, second) in zip(pairs(nothing), pairs(none), strict=True):
        assert first.leaning is second.leaning
        assert first.scores == pytest.approx(second.scores)


def test_costs_only_grow_with_the_horizon_and_probabilities_add_up() -> None:
    for _, made, _ in pairs(lambda row, dice: None):
        for option in OPTIONS:
            ownership = np.broadcast_to(made.costs.ownership[option], (len(HORIZONS), 1, 8192))
            assert (np.diff(ownership, axis=0) >= -1e-9).all()
            assert (ownership > 0).all()
        for probability in made.probabilities:
            assert sum(probability.values()) == pytest.approx(1.0 if made.contest.allowed else 0.0)
        assert made.leaning is None or made.leaning in made.contest.allowed
        assert days(made, S) <= days(made, H)


def put(*path: str, value: object) -> Change:
    """State something, whatever was stated before."""

    def change(row: Row, _: random.Random) -> None:
        node = row
        for step in path[:-1]:
            node = node.setdefault(step, {})
        node[path[-1]] = value

    return change


def multiplied(*names: str) -> Change:
    """Multiply these estimates of both options."""

    def change(row: Row, dice: random.Random) -> None:
        factor = dice.choice([1.1, 2.0, 3.0])
        for option in row["estimates"].values():
            for name in names:
                if name in option:
                    scale(option[name], factor)

    return change


def one_team_more(row: Row, _: random.Random) -> None:
    row["teams"]["now"] += 1
    for end in row["teams"].get("in_24_months", {}):
        if end in ("low", "likely", "high", "exact"):
            row["teams"]["in_24_months"][end] += 1


def renamed(row: Row, _: random.Random) -> None:
    row.update(request="another.name", outcome="all of it is otherwise", note="nothing to do with it", vendor="hubspot")
    row.update(events=["Signed Up"], fields=["$.properties.total"])
    row["owner"]["team"] = "another"


@pytest.mark.parametrize(
    "change",
    [
        one_team_more,
        multiplied("build_hours", "ops_hours_per_week", "onboarding_hours_per_team"),
        multiplied("vendor_fee_per_month", "platform_fee_per_month"),
        put("reverse", "consumers", value=60),
        put("risk", "privacy", value=5),
    ],
    ids=["teams", "hours", "fees", "consumers", "risk"],
)
def test_more_of_what_costs_never_makes_any_option_cheaper(change: Change) -> None:
    for _, before, after in pairs(change):
        for option in OPTIONS:
            dearer = after.costs.ownership[option].mean(axis=(1, 2)) - before.costs.ownership[option].mean(axis=(1, 2))
            assert (dearer >= -1e-9 * before.costs.ownership[option].mean()).all(), option


@pytest.mark.parametrize("change", [multiplied("days"), put("shared", "review_days", value=exact(90))],
                         ids=["estimates", "review"])  # fmt: skip
def test_what_takes_longer_never_works_sooner(change: Change) -> None:
    for _, before, after in pairs(change):
        assert all(days(after, option) >= days(before, option) for option in OPTIONS)


def test_names_change_nothing() -> None:
    for _, before, after in pairs(renamed):
        assert (before.leaning, before.confidence, before.gates) == (after.leaning, after.confidence, after.gates)
        assert all(np.array_equal(before.costs.total[one], after.costs.total[one]) for one in OPTIONS)


@pytest.mark.parametrize(
    "change",
    [
        put("data_classes", value=["email", "health"]),
        put("existing", "debt_grade", value="E"),
        put("interim_controls", value=[]),
        put("platform_owner", value=""),
        put("kind", value="tactical"),
    ],
    ids=["data", "debt", "controls", "platform", "tactical"],
)
def test_what_speaks_against_options_never_opens_one(change: Change) -> None:
    for row, before, after in pairs(change):
        opened = set(after.contest.allowed) - set(before.contest.allowed)
        if row["kind"] == "strategic" and after.request.kind != before.request.kind:
            opened.discard(S)  # what nobody builds on may be a sprint again
        assert not opened


@pytest.mark.parametrize(
    "change",
    [put("kind", value="strategic"), put("existing", "similar_adapters", value=9), put("residency", value="eu"),
     put("compliance", value=["GDPR"])],
    ids=["strategic", "duplicates", "residency", "compliance"],
)  # fmt: skip
def test_reasons_for_a_platform_never_move_toward_a_sprint(change: Change) -> None:
    assert all(never_turns_back(before, after) for _, before, after in pairs(change))


@pytest.mark.parametrize("said", ["", "TBD", "???", "n/a", "to be defined"])
def test_placeholder_is_no_acceptance_test(said: str) -> None:
    row, _ = original(0)
    for name in ("now", "downstream"):
        made = decided(changed(row, lambda row, name=name: row["acceptance"].update({name: said})))
        assert made is None or made.gates[0].state.value == "failed"
