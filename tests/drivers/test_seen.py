"""The index of seen message ids never forgets early, never invents, and stays small."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from paceline.drivers.store.seen import SeenIndex
from paceline.testing.store_samples import fingerprints

WINDOW_MS = 1000

commits = st.lists(st.tuples(st.integers(0, 400), st.lists(st.integers(0, 300), max_size=30)), min_size=1, max_size=40)


def run(index: SeenIndex, steps: list[tuple[int, list[int]]]) -> tuple[dict[int, int], int]:
    """Adds the steps; for each number when it was added last, and the time at the end."""
    now_ms = 0
    added: dict[int, int] = {}
    for mark, (elapsed_ms, numbers) in enumerate(steps):
        now_ms += elapsed_ms
        index.add(fingerprints(numbers), at_ms=now_ms, mark=mark)
        added |= dict.fromkeys(numbers, now_ms)
    return added, now_ms


@settings(max_examples=100, deadline=None)
@given(steps=commits)
def test_what_was_added_inside_the_window_is_found_and_nothing_else_is(steps: list[tuple[int, list[int]]]) -> None:
    index = SeenIndex(window_ms=WINDOW_MS, max_ids=100_000)
    added, now_ms = run(index, steps)
    found = index.find(fingerprints(range(400)))
    must = {number for number, at_ms in added.items() if at_ms >= now_ms - WINDOW_MS}
    may = {number for number, at_ms in added.items() if at_ms >= now_ms - WINDOW_MS * 5 // 4 - 1}
    assert set(fingerprints(must)) <= found <= set(fingerprints(may))


@settings(max_examples=50, deadline=None)
@given(steps=commits, max_ids=st.integers(1, 200))
def test_size_stays_below_its_limit_and_the_newest_are_kept(steps: list[tuple[int, list[int]]], max_ids: int) -> None:
    index = SeenIndex(window_ms=WINDOW_MS, max_ids=max_ids)
    run(index, steps)
    newest = fingerprints(steps[-1][1][-max(1, max_ids // 4) :])
    assert index.size <= max_ids
    assert index.find(newest) == set(newest)


@settings(max_examples=50, deadline=None)
@given(steps=commits, max_ids=st.integers(20, 400))
def test_everything_inside_the_covered_time_is_found(steps: list[tuple[int, list[int]]], max_ids: int) -> None:
    index = SeenIndex(window_ms=WINDOW_MS, max_ids=max_ids)
    added, now_ms = run(index, steps)
    covered = fingerprints(number for number, at_ms in added.items() if at_ms > now_ms - index.covered_ms)
    assert index.find(covered) == set(covered)


@settings(max_examples=50, deadline=None)
@given(steps=commits)
def test_adding_again_what_lies_at_or_after_the_first_mark_gives_the_same_answers(
    steps: list[tuple[int, list[int]]],
) -> None:
    index = SeenIndex(window_ms=WINDOW_MS, max_ids=100_000)
    added, now_ms = run(index, steps)
    again = SeenIndex(window_ms=WINDOW_MS, max_ids=100_000)
    at_ms = 0
    for mark, (elapsed_ms, numbers) in enumerate(steps):
        at_ms += elapsed_ms
        if index.first_mark is not None and mark >= index.first_mark:
            again.add(fingerprints(numbers), at_ms=at_ms, mark=mark)
    must = fingerprints(number for number, added_ms in added.items() if added_ms >= now_ms - WINDOW_MS)
    assert again.find(must) == set(must)


def test_fingerprints_that_share_eight_bytes_are_told_apart() -> None:
    index = SeenIndex(window_ms=WINDOW_MS, max_ids=1000)
    same = [b"12345678" + bytes([number, 0, 0, 0]) for number in range(100)]
    index.add(same[:50], at_ms=0, mark=0)
    assert index.find(same) == set(same[:50])


def test_segments_grow_with_what_they_hold() -> None:
    index = SeenIndex(window_ms=WINDOW_MS, max_ids=1_000_000)
    many = fingerprints(range(60_000))
    for start in range(0, len(many), 1000):
        index.add(many[start : start + 1000], at_ms=0, mark=start)
    assert index.size == 60_000
    assert index.find(many) == set(many)


def test_time_that_goes_back_forgets_nothing() -> None:
    index = SeenIndex(window_ms=WINDOW_MS, max_ids=1000)
    index.add(fingerprints([1]), at_ms=10_000, mark=0)
    index.add(fingerprints([2]), at_ms=10, mark=1)
    assert index.find(fingerprints([1, 2])) == set(fingerprints([1, 2]))


def test_window_is_whole_again_when_old_ids_have_expired() -> None:
    index = SeenIndex(window_ms=WINDOW_MS, max_ids=100)
    for at_ms in range(20):
        index.add(fingerprints(range(at_ms * 10, at_ms * 10 + 10)), at_ms=at_ms, mark=at_ms)
    shrunken_ms = index.covered_ms
    index.add(fingerprints([1]), at_ms=5 * WINDOW_MS, mark=99)
    assert shrunken_ms < WINDOW_MS == index.covered_ms
