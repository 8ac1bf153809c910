"""Changes are committed in order, in groups, and each caller learns what became of its own."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Sequence

import pytest

from paceline.drivers.group_commit import GroupCommit
from paceline.errors import DefectError
from paceline.testing.coroutines import runs_to_end


class Recorder:
    """Commits numbers by noting their groups. The gate holds it back; `fails` makes a group fail."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.gate = threading.Event()
        self.gate.set()
        self.fails: set[int] = set()

    def commit(self, group: Sequence[int]) -> list[int | Exception]:
        self.gate.wait(20)
        self.groups.append(list(group))
        if self.fails & set(group):
            raise OSError("disk")
        return [ValueError("odd") if number < 0 else number * 10 for number in group]


def make_commits(recorder: Recorder, *, most: int = 100) -> GroupCommit[int, int]:
    return GroupCommit(recorder.commit, name="test", most=most)


@runs_to_end
async def test_each_change_gets_its_own_result() -> None:
    commits = make_commits(Recorder())
    assert await asyncio.gather(*map(commits.submit, range(5))) == [0, 10, 20, 30, 40]
    await commits.close()


@runs_to_end
async def test_changes_of_one_turn_are_one_group() -> None:
    recorder = Recorder()
    commits = make_commits(recorder)
    await asyncio.gather(*map(commits.submit, range(5)))
    await commits.close()
    assert recorder.groups == [[0, 1, 2, 3, 4]]


@runs_to_end
async def test_changes_that_arrive_during_a_commit_are_the_next_group() -> None:
    recorder = Recorder()
    commits = make_commits(recorder)
    recorder.gate.clear()
    first = commits.submit(0)
    await asyncio.sleep(0.01)
    others = [commits.submit(number) for number in (1, 2)]
    await asyncio.sleep(0.01)
    others.append(commits.submit(3))
    recorder.gate.set()
    await asyncio.gather(first, *others)
    await commits.close()
    assert recorder.groups == [[0], [1, 2, 3]]


@runs_to_end
async def test_group_is_bounded_by_weight() -> None:
    recorder = Recorder()
    commits = make_commits(recorder, most=10)
    await asyncio.gather(*(commits.submit(weight, weight=weight) for weight in (4, 6, 1, 50, 2)))
    await commits.close()
    assert recorder.groups == [[4, 6], [1], [50], [2]]


@runs_to_end
async def test_failing_commit_fails_its_whole_group_and_no_other() -> None:
    recorder = Recorder()
    recorder.fails = {1}
    commits = make_commits(recorder)
    results = await asyncio.gather(*map(commits.submit, (0, 1, 2)), return_exceptions=True)
    assert [type(result) for result in results] == [OSError] * 3
    assert await commits.submit(7) == 70
    await commits.close()


@runs_to_end
async def test_change_that_fails_alone_fails_alone() -> None:
    commits = make_commits(Recorder())
    results = await asyncio.gather(*map(commits.submit, (1, -1, 2)), return_exceptions=True)
    assert [type(result) for result in results] == [int, ValueError, int]
    await commits.close()


@runs_to_end
async def test_cancelled_caller_does_not_disturb_its_group() -> None:
    recorder = Recorder()
    commits = make_commits(recorder)
    recorder.gate.clear()
    cancelled, kept = commits.submit(1), commits.submit(2)
    await asyncio.sleep(0.01)
    cancelled.cancel()
    recorder.gate.set()
    assert await kept == 20
    await commits.close()


@runs_to_end
async def test_close_waits_for_what_was_submitted() -> None:
    recorder = Recorder()
    commits = make_commits(recorder, most=1)
    futures = [commits.submit(number) for number in range(4)]
    await commits.close()
    assert all(future.done() for future in futures)


@runs_to_end
async def test_use_after_close_is_refused() -> None:
    commits = make_commits(Recorder())
    await commits.close()
    with pytest.raises(DefectError, match="closed"):
        commits.submit(1)
