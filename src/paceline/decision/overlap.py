"""What things have in common: the overlap of two sets of names, and groups of things that are alike."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from itertools import combinations
from typing import TypeVar

ALIKE = 0.6
"""From this overlap on, two adapters are look-alikes."""
_T = TypeVar("_T")


def likeness(first: Collection[str], second: Collection[str]) -> float:
    """The Jaccard index of two sets of names: what they share against what either has; 0 where one is empty.

    >>> likeness(["a", "b"], ["b", "c"])
    0.3333333333333333
    """
    left, right = frozenset(first), frozenset(second)
    if not left or not right:
        return 0.0
    return len(left & right) / len(left | right)


def group(items: Sequence[_T], are_alike: Callable[[_T, _T], bool]) -> list[list[_T]]:
    """Items in groups, each with everything that is alike to one of its members; single items are left out.

    >>> group([1, 2, 10, 3, 20], lambda first, second: abs(first - second) == 1)
    [[1, 2, 3]]
    """
    leader = list(range(len(items)))

    def find(index: int) -> int:
        while leader[index] != index:
            leader[index] = leader[leader[index]]
            index = leader[index]
        return index

    for first, second in combinations(range(len(items)), 2):
        if are_alike(items[first], items[second]):
            low, high = sorted((find(first), find(second)))
            leader[high] = low
    groups: dict[int, list[_T]] = {}
    for index, item in enumerate(items):
        groups.setdefault(find(index), []).append(item)
    return [members for members in groups.values() if len(members) > 1]
