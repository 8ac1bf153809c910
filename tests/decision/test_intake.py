"""What cannot be decided upon is refused with its place and what to do, never with a verdict."""

from __future__ import annotations

import random
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from decision_requests import changed, estimate, exact, known_case, random_request
from hypothesis import given, settings
from hypothesis import strategies as st

from paceline.decision.backlog import Backlog, read_backlog
from paceline.decision.decide import decide
from paceline.decision.intake import read_request
from paceline.errors import UsageError
from paceline.model.request import Request, RequestFault

Row = dict[str, Any]
DAYS = ("estimates", "sprint", "days")


def faults_of(row: object) -> dict[str, RequestFault]:
    read = read_request(row)
    assert isinstance(read, tuple), "the request was accepted"
    return {fault.place: fault for fault in read}


def put(*path: str | int) -> Callable[[Any], Row]:
    """The known case with a value at a path."""

    def with_value(value: object) -> Row:
        def change(row: Row) -> None:
            node: Any = row
            for step in path[:-1]:
                node = node.setdefault(step, {}) if isinstance(node, dict) else node[step]
            node[path[-1]] = value

        return changed(known_case(), change)

    return with_value


days = put(*DAYS)

REFUSED: list[tuple[str, Row, str]] = [
    ("nothing at all", {}, "request"),
    ("no outcome", changed(known_case(), lambda row: row.pop("outcome")), "outcome"),
    ("blank outcome", put("outcome")("  "), "outcome"),
    ("no kind", changed(known_case(), lambda row: row.pop("kind")), "kind"),
    ("no estimates", changed(known_case(), lambda row: row.pop("estimates")), "estimates.sprint.days"),
    (
        "an option without estimates",
        changed(known_case(), lambda row: row["estimates"].pop("marathon")),
        "estimates.marathon.days",
    ),
    (
        "an option without duration",
        changed(known_case(), lambda row: row["estimates"]["marathon"].pop("days")),
        "estimates.marathon.days",
    ),
    ("blank event", put("events")(["Signed Up", " "]), "events.1"),
    ("an event twice", put("events")(["Signed Up", "Signed Up"]), "events.1"),
    ("unknown key", put("urgent")(True), "urgent"),
    ("unknown kind", put("kind")("both"), "kind"),
    ("a bare number", days(3), "estimates.sprint.days"),
    ("a text for a number", put(*DAYS, "low")("two"), "estimates.sprint.days.low"),
    ("a truth value for a number", put(*DAYS, "low")(True), "estimates.sprint.days.low"),
    ("missing range", days({"source": "guess"}), "estimates.sprint.days.low"),
    ("half a range", days({"low": 1, "likely": 2}), "estimates.sprint.days.high"),
    ("zero width", days(estimate(3, 3, 3)), "estimates.sprint.days"),
    ("exact guess", days({"exact": 3}), "estimates.sprint.days.source"),
    ("exact and a range", days({**estimate(1, 2, 3), "exact": 2}), "estimates.sprint.days"),
    ("swapped ends", days(estimate(5, 3, 2)), "estimates.sprint.days.high"),
    ("likely below low", days(estimate(2, 1, 3)), "estimates.sprint.days.likely"),
    ("likely above high", days(estimate(2, 4, 3)), "estimates.sprint.days.likely"),
    ("negative", days(estimate(-2, 1, 3)), "estimates.sprint.days.low"),
    ("zero days", days(estimate(0, 1, 3)), "estimates.sprint.days.low"),
    ("not a number", days(estimate(1, float("nan"), 3)), "estimates.sprint.days.likely"),
    ("too large for a float", days(estimate(1, 2, 10**400)), "estimates.sprint.days.high"),
    ("infinite", days(estimate(1, 2, float("inf"))), "estimates.sprint.days.high"),
    ("absurdly long", days(estimate(1, 2, 40_000)), "estimates.sprint.days.high"),
    (
        "negative fee",
        put("estimates", "sprint", "vendor_fee_per_month")(estimate(-5, 10, 20)),
        "estimates.sprint.vendor_fee_per_month.low",
    ),
    ("probability above one", put("shared", "rework_factor")(estimate(0.5, 0.9, 1.5)), "shared.rework_factor.high"),
    ("free work", put("shared", "hourly_rate")(exact(0)), "shared.hourly_rate.exact"),
    ("discount of 150 %", put("shared", "discount_rate")(1.5), "shared.discount_rate"),
    ("infinite discount", put("shared", "discount_rate")(float("inf")), "shared.discount_rate"),
    ("horizon 0", put("horizon_months")(0), "horizon_months"),
    ("horizon 18", put("horizon_months")(18), "horizon_months"),
    ("no teams", put("teams", "now")(0), "teams.now"),
    ("half a team now", put("teams", "now")(1.5), "teams.now"),
    ("fewer teams later", put("teams")({"now": 9, "in_24_months": estimate(1, 2, 3)}), "teams.in_24_months"),
    ("risk 9 of 5", put("risk", "privacy")(9), "risk.privacy"),
    ("risk without a bucket", changed(known_case(), lambda row: row["risk"].pop("lock_in")), "risk.lock_in"),
    ("31 February", put("asked")("2026-02-31"), "asked"),
    ("a day in words", put("deadline")("soon"), "deadline"),
    ("deadline before the request", put("deadline")("2026-11-22"), "deadline"),
    ("deadline in a thousand years", put("deadline")("3026-11-22"), "deadline"),
    ("cliff without deadline", put("cost_of_delay", "profile")("cliff"), "deadline"),
    ("cost of delay that costs nothing", put("cost_of_delay", "profile")("none"), "cost_of_delay.per_week"),
    ("sprint slower than marathon", days(estimate(100, 120, 150)), "estimates.sprint.days"),
    (
        "hours that do not fit",
        put("estimates", "sprint", "build_hours")(estimate(2000, 3000, 4000)),
        "estimates.sprint.build_hours.low",
    ),
    (
        "load and estimate",
        put("estimates", "sprint")(
            {"days": estimate(1, 2, 3), "ops_hours_per_week": estimate(1, 2, 3), "load": {"pages_per_week": 1}}
        ),
        "estimates.sprint.ops_hours_per_week",
    ),
    (
        "absurd load",
        put("estimates", "sprint")({"days": estimate(1, 2, 3), "load": {"pages_per_week": 1e9}}),
        "estimates.sprint.load.pages_per_week",
    ),
    ("shares that do not add up", put("composition")({"vendor_calls": 0.4}), "composition"),
    ("currency in words", put("currency")("euros"), "currency"),
    ("a list for a block", put("teams")([1]), "teams"),
    ("nothing for a text", put("outcome")(None), "outcome"),
    ("control that does not exist", put("interim_controls")(["consent_chek"]), "interim_controls.0"),
]


@pytest.mark.parametrize(("row", "place"), [case[1:] for case in REFUSED], ids=[case[0] for case in REFUSED])
def test_wrong_request_is_refused_with_its_place_and_a_remedy(row: Row, place: str) -> None:
    fault = faults_of(row)[place]
    assert fault.message
    assert fault.remedy


@pytest.mark.parametrize("value", [None, 3, "x", [], [1], True, float("nan")])
def test_what_is_no_request_is_refused(value: object) -> None:
    assert isinstance(read_request(value), tuple)


def test_all_faults_are_told_at_once() -> None:
    row = known_case()
    row["estimates"]["sprint"]["days"] = estimate(5, 3, 2)
    row["estimates"]["marathon"]["days"] = estimate(-1, 3, 4)
    row["deadline"] = "2020-01-01"
    assert set(faults_of(row)) == {"estimates.sprint.days.high", "estimates.marathon.days.low", "deadline"}


def test_misspelled_name_gets_the_nearest_one() -> None:
    row = known_case()
    row["cost_of_dely"] = row.pop("cost_of_delay")
    assert "'cost_of_delay'" in faults_of(row)["cost_of_dely"].remedy


def test_known_case_and_random_requests_are_accepted() -> None:
    assert isinstance(read_request(known_case()), Request)
    for seed in range(200):
        read = read_request(random_request(random.Random(seed)))
        assert isinstance(read, Request), read


def test_deciding_a_request_with_faults_raises_and_names_the_place() -> None:
    request = read_request(known_case())
    assert isinstance(request, Request)
    wrong = msgspec.structs.replace(request, deadline="2020-01-01")
    with pytest.raises(UsageError) as raised:
        decide(wrong)
    assert raised.value.where == "deadline"


def test_shared_estimates_of_the_backlog_hold_where_a_request_has_none() -> None:
    own = changed(known_case(), lambda row: row["shared"].update(hourly_rate=exact(50)))
    other = changed(known_case(), lambda row: row.update(request="other"))
    backlog = read_backlog({"currency": "USD", "shared": {"hourly_rate": exact(70)}, "requests": [own, other]})
    assert isinstance(backlog, Backlog)
    rates = [request.shared.hourly_rate for request in backlog.requests.values()]
    assert [rate.exact for rate in rates if rate is not None] == [50, 70]
    assert {request.currency for request in backlog.requests.values()} == {"USD"}


def test_faults_of_a_backlog_name_the_request_or_the_shared_part() -> None:
    own = changed(known_case(), lambda row: row.update(deadline="2020-01-01"))
    backlog = read_backlog({"shared": {"hourly_rate": exact(0)}, "requests": [own, own]})
    assert isinstance(backlog, Backlog)
    assert {fault.place for refused in backlog.refused.values() for fault in refused.faults} == {
        "requests.0.deadline",
        "requests.1.deadline",
        "requests.1.request",
        "shared.hourly_rate.exact",
    }


def test_requests_are_checked_without_numpy() -> None:
    program = "import sys; sys.modules['numpy'] = None; from paceline.decision import intake; intake.read_request({})"
    subprocess.run([sys.executable, "-c", program], check=True, timeout=60)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=8), children, max_size=3),
    max_leaves=6,
)


def paths_in(value: object, path: tuple[str | int, ...] = ()) -> list[tuple[str | int, ...]]:
    found = [path] if path else []
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, part in items:
        found += paths_in(part, (*path, step))
    return found


@settings(max_examples=400, deadline=None)
@given(path=st.sampled_from(paths_in(known_case())), value=ANYTHING)
def test_any_value_anywhere_gives_a_request_or_faults_and_never_an_exception(
    path: tuple[str | int, ...], value: object
) -> None:
    read = read_request(put(*path)(value))
    if isinstance(read, tuple):
        assert read
        assert all(fault.message for fault in read)
