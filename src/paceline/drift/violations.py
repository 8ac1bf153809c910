"""Broken contracts as people ask about them: by contract, field and source, with first, last and a sample."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec

_RULE = re.compile(
    r"contract:(?P<contract>[a-z0-9_.]+)/(?P<version>[0-9]+\.[0-9]+\.[0-9]+)(?P<pointer>(?:/.*)?)", re.DOTALL
)
_UNDECLARED = "contract:undeclared"
_PART = re.compile(r"(?P<pointer>(?:/[^;]*?)?): (?P<message>.*?)(?: \(and [0-9]+ more\))?", re.DOTALL)
_INDEX = re.compile(r"/[0-9]+(?=/|$)", re.ASCII)
_MOST_SAMPLES = 3


class BrokenEvent(msgspec.Struct, frozen=True, kw_only=True):
    """One event that was stopped, as the store remembers it: the verdict's rule and detail, and where it came from."""

    rule: str
    detail: str
    source: str
    event_name: str
    event_id: str
    at_ms: int


class ViolationGroup(msgspec.Struct, frozen=True, kw_only=True):
    """All events of one source that broke one field of one contract in the same way.

    `pointer` has `*` for the index of a list. `count` is how many events; times are Unix milliseconds.
    `sample_event_ids` are the newest ones.
    """

    contract: str
    versions: tuple[str, ...]
    pointer: str
    message: str
    source: str
    event_name: str
    count: int
    first_ms: int
    last_ms: int
    sample_event_ids: tuple[str, ...]


@dataclass(slots=True)
class _Group:
    event_name: str
    versions: set[str] = field(default_factory=set)
    count: int = 0
    first_ms: int = 0
    last_ms: int = 0
    samples: list[tuple[int, str]] = field(default_factory=list)


def group_violations(events: Iterable[BrokenEvent]) -> list[ViolationGroup]:
    """The groups, most events first. Events that were stopped for another reason than a contract are left out.

    An event counts once in every group that it belongs to: one with two broken fields is in two.
    """
    groups: dict[tuple[str, str, str, str], _Group] = {}
    for event in events:
        for contract, version, place, message in dict.fromkeys(_violations_of(event)):
            group = groups.setdefault((contract, place, message, event.source), _Group(event.event_name))
            group.versions.add(version)
            group.count += 1
            group.first_ms = min(group.first_ms or event.at_ms, event.at_ms)
            group.last_ms = max(group.last_ms, event.at_ms)
            group.samples = sorted([*group.samples, (event.at_ms, event.event_id)], reverse=True)[:_MOST_SAMPLES]
    found = [
        ViolationGroup(
            contract=contract,
            versions=tuple(sorted(group.versions - {""})),
            pointer=place,
            message=message,
            source=source,
            event_name=group.event_name,
            count=group.count,
            first_ms=group.first_ms,
            last_ms=group.last_ms,
            sample_event_ids=tuple(event_id for _, event_id in group.samples),
        )
        for (contract, place, message, source), group in groups.items()
    ]
    return sorted(found, key=lambda one: (-one.count, one.contract, one.pointer, one.source, one.message))


def _violations_of(event: BrokenEvent) -> Iterator[tuple[str, str, str, str]]:
    """Contract, version, field and message of everything that the verdict names."""
    if event.rule == _UNDECLARED:
        yield "", "", "", event.detail
        return
    match = _RULE.fullmatch(event.rule)
    if match is None:
        return
    parts = [part for text in event.detail.split("; ") if (part := _PART.fullmatch(text))]
    if not parts:
        yield match["contract"], match["version"], _without_indexes(match["pointer"]), event.detail
    for part in parts:
        yield match["contract"], match["version"], _without_indexes(part["pointer"]), part["message"]


def _without_indexes(place: str) -> str:
    """A pointer with `*` in place of numbers.

    >>> _without_indexes("/properties/products/12/sku")
    '/properties/products/*/sku'
    """
    return _INDEX.sub("/*", place)
