"""The count that the other tests here rely on finds every kind of breach."""

from __future__ import annotations

import pytest
from receipts import Receipt, find_breaches

SENT = {"m-1", "m-2", "m-3"}
ALL = [Receipt("m-1", "k-1"), Receipt("m-2", "k-2"), Receipt("m-3", "k-3")]


def breaches(receipts: list[Receipt], *, unanswered: frozenset[str] = frozenset(), most_doubled: int = 0) -> list[str]:
    return find_breaches(receipts, acknowledged=SENT - unanswered, unanswered=unanswered, most_doubled=most_doubled)


def test_everything_once_is_no_breach() -> None:
    assert breaches(ALL) == []


def test_an_unanswered_event_may_be_missing() -> None:
    assert breaches(ALL[:2], unanswered=frozenset({"m-3"})) == []


def test_a_repetition_under_the_same_key_is_allowed_up_to_the_bound() -> None:
    assert breaches([*ALL, ALL[0]], most_doubled=1) == []


@pytest.mark.parametrize(
    ("receipts", "sentence"),
    [
        (ALL[:2], "1 acknowledged events were lost, such as m-3"),
        ([*ALL, Receipt("m-9", "k-9")], "1 events came that nobody sent, such as m-9"),
        ([*ALL, ALL[0]], "1 events came again, at most 0 may"),
        ([Receipt("m-1", "k-1"), Receipt("m-2", "k-1"), ALL[2]], "1 keys stand for several events, such as k-1"),
    ],
)
def test_a_breach_is_told(receipts: list[Receipt], sentence: str) -> None:
    assert breaches(receipts) == [sentence]


def test_a_repetition_under_another_key_is_told() -> None:
    again = [*ALL, Receipt("m-1", "k-other")]
    assert breaches(again, most_doubled=1) == ["1 events came again under another key, such as m-1"]
