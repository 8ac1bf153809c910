"""Where requests of a backlog get into each other's way, look alike, or would share one platform piece. Pure."""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

import msgspec

from paceline.decision.knowledge import KnownAdapter, KnownFacts, event_family, families
from paceline.decision.overlap import ALIKE, group, likeness
from paceline.decision.priority import QUEUE_RULE, Turn, days_late
from paceline.decision.report import Report
from paceline.decision.wording import number_words
from paceline.model.integration import Stage
from paceline.model.request import Request, SchemaChoice

SHARING_RULE = "F25"
LIKENESS_RULE = "F26"
Decided = tuple[Request, Report]


class ClashKind(enum.StrEnum):
    """What two requests get into each other's way about."""

    CAPACITY = "capacity"
    EVENT = "event"
    ACCOUNT = "account"


class Clash(msgspec.Struct, frozen=True, kw_only=True):
    """Requests that cannot all go ahead as they stand. `says` what happens, `remedy` what to agree on."""

    kind: ClashKind
    about: str
    requests: tuple[str, ...]
    says: str
    remedy: str
    rule: str = ""


class SharedPiece(msgspec.Struct, frozen=True, kw_only=True):
    """One platform piece that several requests need: building it once saves hours and, with one currency, money.

    Only those that would build a platform piece count for what is saved; `also` are the others that read the same
    events. `teams` are those that ask. `together` is the verdict when all teams ask for it in one request, None when
    only one team wants the piece.
    """

    piece: str
    events: tuple[str, ...]
    requests: tuple[str, ...]
    also: tuple[str, ...]
    teams: tuple[str, ...]
    saved_hours: float
    saved_money: float
    currency: str
    together: Stage | None = None
    rule: str = SHARING_RULE


class LookAlikes(msgspec.Struct, frozen=True, kw_only=True):
    """Requests, and adapters that exist, which do nearly the same. `places` are those of the adapters."""

    requests: tuple[str, ...]
    adapters: tuple[str, ...]
    places: tuple[str, ...]
    because: str
    rule: str = LIKENESS_RULE


def capacity_clashes(queues: Mapping[str, Sequence[Turn]]) -> Iterator[Clash]:
    """Teams whose queue makes something late."""
    for team, turns in queues.items():
        late = [turn for turn in turns if days_late(turn)]
        if late:
            words = "; ".join(
                f"{turn.job.request}{' (platform piece)' if turn.job.is_platform else ''} is done on {turn.done}, "
                f"{days_late(turn)} days after {turn.job.due}"
                for turn in late
            )
            first = turns[0].job.request
            yield Clash(
                kind=ClashKind.CAPACITY,
                about=team,
                requests=tuple(dict.fromkeys(turn.job.request for turn in turns)),
                says=f"{team} has {len(turns)} pieces of work one after the other, beginning with {first}: {words}",
                remedy="give one to another team, move a date, or drop one (at_once, if the team builds several)",
                rule=QUEUE_RULE,
            )


def event_clashes(requests: Sequence[Request], known: KnownFacts) -> Iterator[Clash]:
    """Events that requests (and contracts) write differently, or that are canonical for one and one-off for another."""
    contracts = {event_family(contract.event): contract for contract in known.contracts}
    users: dict[str, list[tuple[Request, str]]] = {}
    for request in requests:
        for event in request.events:
            users.setdefault(event_family(event), []).append((request, event))
    for family in sorted(users):
        used = sorted(users[family], key=lambda item: item[0].request)
        contract = contracts.get(family)
        names = {name for _, name in used} | ({contract.event} if contract else set())
        involved = tuple(dict.fromkeys(request.request for request, _ in used))
        if len(names) > 1:
            spelled = " and ".join(repr(name) for name in sorted(names))
            place = f"; the contract is {contract.place}" if contract else ""
            yield Clash(
                kind=ClashKind.EVENT,
                about=family,
                requests=involved,
                says=f"the same event is called {spelled}{place}",
                remedy=f"call it {contract.event!r}" if contract else "agree on one name",
            )
        choices = {request.request: request.schema for request, _ in used if request.schema is not None}
        one_off = sorted(name for name, choice in choices.items() if choice is SchemaChoice.ONE_OFF)
        canonical = sorted(name for name, choice in choices.items() if choice is SchemaChoice.CANONICAL)
        if one_off and (canonical or contract):
            against = f"canonical in {', '.join(canonical)}" if canonical else f"a contract in {contract.place}"  # type: ignore[union-attr]
            yield Clash(
                kind=ClashKind.EVENT,
                about=family,
                requests=tuple(sorted({*one_off, *canonical})),
                says=f"{used[0][1]} has a shape of its own in {', '.join(one_off)}, and is {against}",
                remedy="use the canonical event, and map from it",
            )


def account_clashes(requests: Sequence[Request]) -> Iterator[Clash]:
    """Vendor accounts that several teams would use."""
    with_vendor = sorted((request for request in requests if request.vendor), key=lambda one: (one.vendor, one.request))
    for vendor, users in groupby(with_vendor, key=lambda request: request.vendor):
        members = list(users)
        teams = sorted({request.owner.team for request in members if request.owner is not None})
        if len(teams) > 1:
            yield Clash(
                kind=ClashKind.ACCOUNT,
                about=vendor,
                requests=tuple(request.request for request in members),
                says=f"{' and '.join(teams)} would use the same {vendor} account and share its rate limit",
                remedy="name one owner of the account, and split the limit (limits of each integration)",
            )


def shared_pieces(decided: Sequence[Decided]) -> tuple[SharedPiece, ...]:
    """Platform pieces that more than one request needs, what saves most first."""
    members: dict[str, list[Decided]] = {}
    names: dict[str, str] = {}
    for request, report in decided:
        for event in request.events:
            family = event_family(event)
            names[family] = min(names.get(family, event), event)
            if all(request is not other for other, _ in members.setdefault(family, [])):
                members[family].append((request, report))
    by_members: dict[tuple[str, ...], list[str]] = {}
    for family in sorted(members):
        key = tuple(sorted(request.request for request, _ in members[family]))
        if len(key) > 1:
            by_members.setdefault(key, []).append(family)
    pieces = [_piece([names[family] for family in shared], members[shared[0]]) for shared in by_members.values()]
    worth = [piece for piece in pieces if piece.saved_hours > 0.0 or len(piece.teams) > 1]
    return tuple(sorted(worth, key=lambda piece: (-piece.saved_hours, piece.requests, piece.also)))


def _piece(events: Sequence[str], members: Sequence[Decided]) -> SharedPiece:
    members = sorted(members, key=lambda item: (-item[1].inputs["marathon_build"].mean, item[0].request))
    builders = [item for item in members if item[1].leaning is not Stage.SPRINT]
    hours = money = 0.0
    for _, report in builders[1:]:
        inputs = report.inputs
        joining = min(inputs["onboarding"].mean, inputs["sprint_build"].mean * inputs["duplicate"].mean)
        saved = max(inputs["marathon_build"].mean - joining, 0.0)
        hours += saved
        money += saved * inputs["hourly_rate"].mean
    currencies = {report.currency for _, report in members}
    return SharedPiece(
        piece=f"the contract and the bus route of {', '.join(events)}",
        events=tuple(events),
        requests=tuple(sorted(request.request for request, _ in builders)),
        also=tuple(sorted(request.request for request, report in members if report.leaning is Stage.SPRINT)),
        teams=tuple(sorted({request.owner.team for request, _ in members if request.owner is not None})),
        saved_hours=hours,
        saved_money=money if len(currencies) == 1 else 0.0,
        currency=currencies.pop() if len(currencies) == 1 else "",
    )


class _Member(msgspec.Struct, frozen=True, kw_only=True):
    """A request or an adapter, as far as likeness goes."""

    name: str
    vendor: str
    events: frozenset[str]
    fields: frozenset[str]
    place: str = ""

    @property
    def is_adapter(self) -> bool:
        return bool(self.place)


def look_alikes(requests: Sequence[Request], known: KnownFacts) -> tuple[LookAlikes, ...]:
    """Groups of requests and adapters that do nearly the same; at least one of each is a request."""
    members = [
        _Member(
            name=request.request,
            vendor=request.vendor,
            events=families(request),
            fields=frozenset(request.fields),
        )
        for request in sorted(requests, key=lambda request: request.request)
    ]
    members += sorted(_adapters(known), key=lambda member: member.name)
    found = []
    for alike in group(members, _are_alike):
        wanted = [member for member in alike if not member.is_adapter]
        existing = [member for member in alike if member.is_adapter]
        if wanted:
            found.append(
                LookAlikes(
                    requests=tuple(member.name for member in wanted),
                    adapters=tuple(member.name for member in existing),
                    places=tuple(member.place for member in existing),
                    because=_likeness_words(alike),
                )
            )
    return tuple(found)


def _adapters(known: KnownFacts) -> Iterator[_Member]:
    by_integration: dict[str, list[KnownAdapter]] = {}
    for adapter in known.adapters:
        by_integration.setdefault(adapter.integration, []).append(adapter)
    for name, adapters in by_integration.items():
        yield _Member(
            name=name,
            vendor=adapters[0].vendor,
            events=frozenset(event_family(adapter.event) for adapter in adapters),
            fields=frozenset(field for adapter in adapters for field in adapter.fields),
            place=adapters[0].place,
        )


def _are_alike(first: _Member, second: _Member) -> bool:
    if first.is_adapter and second.is_adapter:
        return False
    if first.vendor and first.vendor == second.vendor:
        if likeness(first.events, second.events) >= ALIKE:
            return True
        if first.is_adapter != second.is_adapter:
            wanted, existing = (second, first) if first.is_adapter else (first, second)
            # An adapter that sends more events than are asked for still sends these.
            return bool(wanted.events) and wanted.events <= existing.events
    return likeness(first.fields, second.fields) >= ALIKE


def _likeness_words(members: Sequence[_Member]) -> str:
    events = frozenset.intersection(*(member.events for member in members))
    vendors = sorted({member.vendor for member in members if member.vendor})
    parts = [f"events {', '.join(sorted(events))}"] if events else []
    parts += [f"vendor {vendors[0]}"] if len(vendors) == 1 else []
    fields = frozenset.intersection(*(member.fields for member in members))
    parts += [f"{number_words(float(len(fields)))} fields"] if fields else []
    return f"in common: {'; '.join(parts)}" if parts else "each is like another one of the group"
