"""Shared needs: what several teams want of the same events or the same vendor, and what was built twice."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from paceline.decision.knowledge import KnownAdapter, event_family, families
from paceline.model.integration import Stage
from paceline.model.request import Request

SHARED_BY = 2
"""From so many teams on, a need is shared."""


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """One family of events, or one vendor, that at least two teams use or ask for.

    `kind` is `event` or `vendor`. `lasting` are those of the integrations that are a marathon, so that the platform has
    it already. `saved_hours` is what one piece for all requests saves (rule F25), None where that is not known.
    """

    kind: str
    about: str
    teams: tuple[str, ...]
    requests: tuple[str, ...]
    integrations: tuple[str, ...]
    lasting: tuple[str, ...]
    places: tuple[str, ...]
    saved_hours: float | None = None


class Duplicate(msgspec.Struct, frozen=True, kw_only=True):
    """The same events sent to the same vendor by several integrations."""

    event: str
    vendor: str
    integrations: tuple[str, ...]
    teams: tuple[str, ...]
    places: tuple[str, ...]


class _Use(msgspec.Struct, frozen=True, kw_only=True):
    key: tuple[str, str]
    team: str
    place: str
    request: str = ""
    integration: str = ""
    is_lasting: bool = False


def shared_needs(
    requests: Sequence[tuple[Request, str]], adapters: Iterable[KnownAdapter], saved: Mapping[str, float]
) -> tuple[Need, ...]:
    """What at least two teams have in common; those with most teams first, then by name.

    Each request comes with its place; those that integrations answer already are left out by whoever calls. `saved`
    are the hours that one piece saves, by family of events.
    """
    uses: dict[tuple[str, str], list[_Use]] = {}
    for use in (*_asked(requests), *_built(adapters)):
        uses.setdefault(use.key, []).append(use)
    needs = [_need(key, found, saved) for key, found in uses.items()]
    shared = [need for need in needs if len(need.teams) >= SHARED_BY and len(need.requests + need.integrations) > 1]
    return tuple(sorted(shared, key=lambda need: (-len(need.teams), need.kind, need.about)))


def duplicates(adapters: Iterable[KnownAdapter]) -> tuple[Duplicate, ...]:
    """The same event to the same vendor more than once; one integration may have several mappings of an event."""
    found: dict[tuple[str, str], dict[str, KnownAdapter]] = {}
    for adapter in adapters:
        found.setdefault((event_family(adapter.event), adapter.vendor), {}).setdefault(adapter.integration, adapter)
    return tuple(
        Duplicate(
            event=event,
            vendor=vendor,
            integrations=tuple(sorted(by_name)),
            teams=tuple(sorted({one.team for one in by_name.values()})),
            places=tuple(by_name[name].place for name in sorted(by_name)),
        )
        for (event, vendor), by_name in sorted(found.items())
        if len(by_name) > 1
    )


def _asked(requests: Sequence[tuple[Request, str]]) -> Iterator[_Use]:
    for request, place in requests:
        team = request.owner.team if request.owner is not None else "(no owner)"
        for family in sorted(families(request)):
            yield _Use(key=("event", family), team=team, place=place, request=request.request)
        if request.vendor:
            yield _Use(key=("vendor", request.vendor), team=team, place=place, request=request.request)


def _built(adapters: Iterable[KnownAdapter]) -> Iterator[_Use]:
    for one in adapters:
        uses = (("event", event_family(one.event), one.place), ("vendor", one.vendor, one.configured))
        for kind, about, place in uses:
            is_lasting = one.stage is Stage.MARATHON
            yield _Use(
                key=(kind, about), team=one.team, place=place, integration=one.integration, is_lasting=is_lasting
            )


def _need(key: tuple[str, str], uses: Sequence[_Use], saved: Mapping[str, float]) -> Need:
    kind, about = key
    first_places = {use.request or use.integration: use.place for use in reversed(uses)}
    return Need(
        kind=kind,
        about=about,
        teams=tuple(sorted({use.team for use in uses})),
        requests=tuple(sorted({use.request for use in uses if use.request})),
        integrations=tuple(sorted({use.integration for use in uses if use.integration})),
        lasting=tuple(sorted({use.integration for use in uses if use.is_lasting})),
        places=tuple(first_places[name] for name in sorted(first_places)),
        saved_hours=saved.get(about) if kind == "event" else None,
    )
