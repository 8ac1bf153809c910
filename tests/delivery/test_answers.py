"""What vendors' answers mean: the default table, a vendor's own, and single items."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from paceline.delivery.answers import FAULT_CLASSES, classify_status, read_answer, read_retry_after
from paceline.model.connector import AnswerTable, CodeRule, ItemResults, ItemTable, WaitHeader, WaitUnit
from paceline.model.delivery import Answer, Item, Outcome, OutcomeClass

O = OutcomeClass  # noqa: E741 - the table below is read as a table
ITEMS = [Item(delivery_id=f"d{n}", payload={"name": f"Person {n}"}) for n in range(3)]
PLAIN = AnswerTable()
FAILURES = AnswerTable(
    items=[
        ItemTable(
            statuses=["207"],
            form=ItemResults.FAILURES,
            at="/errors",
            index_at="/index",
            code_at="/code",
            message_at="/message",
            codes={"busy": O.TRANSIENT},
        )
    ]
)
RESULTS = AnswerTable(
    items=[
        ItemTable(statuses=["2xx"], form=ItemResults.RESULTS, at="", ok_at="/success", code_at="/errors/0/statusCode")
    ]
)
INDEXES = AnswerTable(items=[ItemTable(statuses=["400"], form=ItemResults.INDEXES, at="/bad")])


def read(table: AnswerTable, status: int, body: object = None, **headers: str) -> list[Outcome]:
    raw = b"" if body is None else json.dumps(body).encode()
    return read_answer(table, ITEMS, Answer(status=status, headers=headers, body=raw), now_ms=0)


def classes(outcomes: list[Outcome]) -> list[OutcomeClass]:
    return [outcome.outcome_class for outcome in outcomes]


@pytest.mark.parametrize(
    ("status", "meaning"),
    [
        *[(status, O.OK) for status in (200, 201, 202, 204)],
        *[(status, O.CONFIG) for status in (301, 302, 307, 308, 407, 501, 505, 511)],
        *[(status, O.PERMANENT) for status in (400, 404, 405, 415, 418, 422)],
        *[(status, O.AUTH) for status in (401, 403)],
        (402, O.QUOTA),
        *[(status, O.TRANSIENT) for status in (408, 409, 423, 425, 500, 502, 503, 504, 520, 529)],
        (410, O.GONE),
        (413, O.TOO_BIG),
        (429, O.THROTTLE),
    ],
)
def test_default_table(status: int, meaning: OutcomeClass) -> None:
    assert classify_status(status) is meaning


@pytest.mark.parametrize(
    ("fault", "meaning"),
    [
        *[(fault, O.TRANSIENT) for fault in ("connect", "timeout", "reset", "dns")],
        *[(fault, O.SECURITY) for fault in ("tls", "refused_address")],
        ("too_large", O.CONFIG),
        ("something new", O.TRANSIENT),
    ],
)
def test_no_answer_means_what_its_fault_says(fault: str, meaning: OutcomeClass) -> None:
    assert classes(read_answer(PLAIN, ITEMS, Answer(status=0, fault=fault), now_ms=0)) == [meaning] * 3


def test_every_fault_of_the_sender_has_a_meaning() -> None:
    assert set(FAULT_CLASSES) == {"connect", "timeout", "reset", "dns", "tls", "refused_address", "too_large"}


def test_vendors_status_beats_the_default_and_an_exact_one_beats_a_hundred() -> None:
    table = AnswerTable(statuses={"4xx": O.TRANSIENT, "409": O.OK})
    assert classes(read(table, 404)) == [O.TRANSIENT] * 3
    assert classes(read(table, 409)) == [O.OK] * 3


@pytest.mark.parametrize("code", [190, "190"])
def test_code_in_the_body_beats_the_status(code: object) -> None:
    table = AnswerTable(codes=[CodeRule(at="/error/code", codes=["190"], means=O.AUTH)])
    outcome = read(table, 400, {"error": {"code": code}})[0]
    assert (outcome.outcome_class, outcome.vendor_code) == (O.AUTH, "190")


def test_success_by_status_can_be_failure_by_body() -> None:
    table = AnswerTable(codes=[CodeRule(at="/ok", codes=[False], means=O.PERMANENT)])
    assert classes(read(table, 200, {"ok": False})) == [O.PERMANENT] * 3
    assert classes(read(table, 200, {"ok": True})) == [O.OK] * 3


def test_code_rule_is_limited_to_its_statuses() -> None:
    table = AnswerTable(codes=[CodeRule(at="/code", codes=["x"], statuses=["403"], means=O.QUOTA)])
    assert classes(read(table, 403, {"code": "x"})) == [O.QUOTA] * 3
    assert classes(read(table, 400, {"code": "x"})) == [O.PERMANENT] * 3


def test_code_rule_without_codes_matches_any_value_that_says_something() -> None:
    table = AnswerTable(codes=[CodeRule(at="/error", means=O.PERMANENT)])
    assert classes(read(table, 200, {"error": {"any": 1}})) == [O.PERMANENT] * 3
    assert classes(read(table, 200, {"error": None})) == [O.OK] * 3


def test_failed_items_are_told_from_good_ones() -> None:
    body = {"errors": [{"index": 1, "code": "bad"}, {"index": 2, "code": "busy"}]}
    outcomes = read(FAILURES, 207, body)
    assert classes(outcomes) == [O.OK, O.PERMANENT, O.TRANSIENT]
    assert [outcome.is_whole_request for outcome in outcomes] == [False] * 3


@pytest.mark.parametrize("index", [None, 3, -1, True, "1"])
def test_failure_that_names_no_item_is_taken_for_the_whole_request(index: object) -> None:
    outcomes = read(FAILURES, 207, {"errors": [{"index": index, "code": "bad"}]})
    assert classes(outcomes) == [O.PERMANENT] * 3
    assert all(outcome.is_whole_request for outcome in outcomes)


def test_failure_that_names_no_item_is_about_the_only_one() -> None:
    answer = Answer(status=207, body=b'{"errors":[{"code":"busy"}]}')
    outcomes = read_answer(FAILURES, ITEMS[:1], answer, now_ms=0)
    assert (classes(outcomes), outcomes[0].is_whole_request) == ([O.TRANSIENT], False)


def test_empty_list_of_failures_is_success() -> None:
    assert classes(read(FAILURES, 207, {"errors": []})) == [O.OK] * 3


def test_results_are_read_in_the_order_sent() -> None:
    body = [{"success": True}, {"success": False, "errors": [{"statusCode": "X"}]}, {"success": True}]
    assert classes(read(RESULTS, 200, body)) == [O.OK, O.PERMANENT, O.OK]


def test_too_few_results_mean_that_nothing_is_taken_as_done() -> None:
    assert classes(read(RESULTS, 200, [{"success": True}])) == [O.PERMANENT] * 3


def test_indexes_of_bad_items_are_read() -> None:
    assert classes(read(INDEXES, 400, {"bad": [0, 2]})) == [O.PERMANENT, O.OK, O.PERMANENT]


def test_body_that_is_no_json_leaves_the_status_to_decide() -> None:
    answer = Answer(status=503, body=b"<html>Service Unavailable</html>")
    outcome = read_answer(FAILURES, ITEMS, answer, now_ms=0)[0]
    assert (outcome.outcome_class, outcome.message) == (O.TRANSIENT, "<html>Service Unavailable</html>")


def test_message_is_found_by_its_pointer_without_our_own_values() -> None:
    table = AnswerTable(message_at=["/meta/error"])
    outcome = read(table, 400, {"meta": {"error": "Person 1 <ada@example.com> is unknown"}})[0]
    assert outcome.message == "<value> <<email>> is unknown"


def test_message_is_bounded() -> None:
    assert len(read(PLAIN, 500, "x" * 100_000)[0].message) <= 2048


@pytest.mark.parametrize(
    ("text", "unit", "secs"),
    [
        ("120", WaitUnit.HTTP, 120.0),
        ("Thu, 01 Jan 1970 00:02:00 GMT", WaitUnit.HTTP, 60.0),
        ("Thu, 01 Jan 1970 00:00:00 GMT", WaitUnit.HTTP, 0.0),
        ("soon", WaitUnit.HTTP, None),
        ("", WaitUnit.HTTP, None),
        ("-5", WaitUnit.HTTP, None),
        ("nan", WaitUnit.SECS, None),
        ("1e400", WaitUnit.SECS, None),
        ("1500", WaitUnit.MS, 1.5),
        ("90", WaitUnit.EPOCH_SECS, 30.0),
        ("90000", WaitUnit.EPOCH_MS, 30.0),
        ("10", WaitUnit.EPOCH_SECS, 0.0),
    ],
)
def test_waiting_time_is_read_in_its_unit(text: str, unit: WaitUnit, secs: float | None) -> None:
    sources = [WaitHeader(header="retry-after", unit=unit)]
    assert read_retry_after(sources, {"retry-after": text}, now_ms=60_000) == secs


def test_longest_of_several_waits_counts() -> None:
    sources = [WaitHeader(header="retry-after"), WaitHeader(header="x-ratelimit-reset", unit=WaitUnit.SECS)]
    assert read_retry_after(sources, {"retry-after": "1", "x-ratelimit-reset": "9"}, now_ms=0) == 9.0


@given(st.integers(100, 599), st.binary(max_size=200), st.dictionaries(st.text(), st.text(), max_size=3))
def test_any_answer_gives_one_outcome_an_item(status: int, body: bytes, headers: dict[str, str]) -> None:
    answer = Answer(status=status, headers=headers, body=body)
    for table in (PLAIN, FAILURES, RESULTS, INDEXES):
        assert len(read_answer(table, ITEMS, answer, now_ms=0)) == len(ITEMS)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["errors", "index", "success", "bad", "code"]), inner, max_size=4)
    ),
)


@given(JSON)
def test_any_json_gives_one_outcome_an_item(body: object) -> None:
    for table, status in ((FAILURES, 207), (RESULTS, 200), (INDEXES, 400)):
        assert len(read(table, status, body)) == len(ITEMS)
