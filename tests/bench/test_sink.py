"""The benchmark's book of arrivals."""

from __future__ import annotations

from pathlib import Path

import pytest

from paceline.testing.bench.counters import SharedCounters
from paceline.testing.bench.events import RequestTemplate
from paceline.testing.bench.rig import Loss, compare
from paceline.testing.bench.sink import Book


@pytest.fixture
def book(tmp_path: Path) -> Book:
    return Book(2, SharedCounters.create(tmp_path / "counters", 2))


def body(number: int, *, events: int = 10) -> bytes:
    template = RequestTemplate(host="127.0.0.1:1", write_key="k", events=events, first_user=0)
    template.stamp(number, 1_000)
    return bytes(template.wire).partition(b"\r\n\r\n")[2]


def test_events_are_counted_by_lane_and_request(book: Book) -> None:
    book.note(0, body(1))
    book.note(1, body(1))
    book.note(1, body(2))
    assert [lane.events for lane in book.report()] == [10, 20]
    assert book.report()[1].distinct_by_request == {1: 10, 2: 10}


def test_an_event_that_comes_again_is_doubled_and_not_counted_twice(book: Book) -> None:
    book.note(0, body(1))
    book.note(0, body(1))
    lane = book.report()[0]
    assert (lane.events, lane.doubled, lane.requests) == (10, 10, 2)


def test_a_missing_event_is_missing_in_its_request(book: Book) -> None:
    whole = body(1)
    book.note(0, whole[: whole.rindex(b"plb-")])
    assert book.report()[0].distinct_by_request == {1: 9}


def test_the_count_finds_lost_and_doubled_events(book: Book) -> None:
    whole = body(1)
    book.note(0, whole[: whole.rindex(b"plb-")])
    book.note(0, body(2))
    book.note(0, body(2))
    acknowledged = {1: 10, 2: 10, 3: 10}
    assert compare("lane 0", acknowledged, book.report()[0]) == Loss(
        where="lane 0", acknowledged=30, lost=11, doubled=10
    )


def test_a_reading_holds_only_what_came_since_the_one_before(book: Book) -> None:
    book.note(0, body(1))
    book.read()
    book.note(0, body(2))
    assert book.read().events == [10, 0]


def test_other_processes_see_the_counts(book: Book, tmp_path: Path) -> None:
    book.note(1, body(1))
    assert SharedCounters.open(tmp_path / "counters").read(1) == 10
