"""Sets of characters as sorted ranges of code points."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

CharSet = tuple[tuple[int, int], ...]
"""Sorted, disjoint, not touching, both ends included."""

_LAST = 0x10FFFF
_SURROGATES = (0xD800, 0xDFFF)


def char_set(ranges: Iterable[tuple[int, int]]) -> CharSet:
    """Join ranges in any order into one set. Surrogates are left out: no JSON text has them.

    >>> char_set([(98, 99), (97, 97)])
    ((97, 99),)
    """
    joined: list[tuple[int, int]] = []
    for low, high in sorted(ranges):
        if joined and low <= joined[-1][1] + 1:
            joined[-1] = (joined[-1][0], max(joined[-1][1], high))
        else:
            joined.append((low, high))
    return tuple(piece for whole in joined for piece in _without_surrogates(*whole))


def complement(chars: CharSet) -> CharSet:
    """Every character that is not in the set."""
    edges = [(-1, -1), *char_set([*chars, _SURROGATES]), _SURROGATES, (_LAST + 1, _LAST + 1)]
    return char_set((left[1] + 1, right[0] - 1) for left, right in pairwise(sorted(edges)) if left[1] + 1 < right[0])


def contains(chars: CharSet, code: int) -> bool:
    """Whether a character is in the set."""
    return any(low <= code <= high for low, high in chars)


def representatives(sets: Iterable[CharSet]) -> list[str]:
    """One character for each part of the alphabet that no set tells apart, the most readable one first.

    >>> representatives([((97, 122),)])
    ['a', '0']
    """
    edges = {0, _SURROGATES[1] + 1}
    for chars in sets:
        for low, high in chars:
            edges.update((low, high + 1))
    starts = sorted(edge for edge in edges if edge <= _LAST)
    members: dict[tuple[bool, ...], int] = {}
    listed = list(sets)
    for start, end in zip(starts, [*(start - 1 for start in starts[1:]), _LAST], strict=True):
        code = _readable(start, end)
        if code is None:
            continue
        signature = tuple(contains(chars, code) for chars in listed)
        if signature not in members or _rank(code) < _rank(members[signature]):
            members[signature] = code
    return [chr(code) for code in sorted(members.values(), key=_rank)]


def _without_surrogates(low: int, high: int) -> Iterable[tuple[int, int]]:
    first, last = _SURROGATES
    if high < first or low > last:
        return ((low, high),)
    pieces = ((low, first - 1), (last + 1, high))
    return tuple(piece for piece in pieces if piece[0] <= piece[1])


def _readable(low: int, high: int) -> int | None:
    """The best character of a range; None when it has nothing but surrogates."""
    for wanted in (ord("a"), ord("0"), ord("A")):
        if low <= wanted <= high:
            return wanted
    for first, last in ((ord("a"), ord("z")), (ord("0"), ord("9")), (ord("A"), ord("Z")), (0x21, 0x7E), (0x20, 0x20)):
        if low <= last and high >= first:
            return max(low, first)
    if low >= _SURROGATES[0] and high <= _SURROGATES[1]:
        return None
    return low if not _SURROGATES[0] <= low <= _SURROGATES[1] else _SURROGATES[1] + 1


def _rank(code: int) -> tuple[int, int]:
    character = chr(code)
    if character.isascii():
        groups = (character.islower(), character.isdigit(), character.isupper(), 0x20 < code < 0x7F)
        return (groups.index(True) if any(groups) else 5, code)
    return (4, code)
