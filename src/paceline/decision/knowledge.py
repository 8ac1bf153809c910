"""What a workspace already knows about a request: filled in where the request says nothing, with file and line.

Pure: facts about the workspace go in, facts about the request come out. Nothing here guesses: each fact was counted.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from paceline.decision.intake import request_faults
from paceline.decision.overlap import ALIKE, likeness
from paceline.errors import nearest_name_hint
from paceline.model.integration import Stage
from paceline.model.request import DebtGrade, Estimate, Request, RequestFault, SchemaChoice, Source

_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
FactValue = str | int | float | list[str]


class KnownContract(msgspec.Struct, frozen=True, kw_only=True):
    """The newest version of a contract: the event that it describes, and the personal data that it marks by path."""

    contract: str
    event: str
    place: str
    personal: Mapping[str, tuple[str, ...]] = {}


class KnownAdapter(msgspec.Struct, frozen=True, kw_only=True):
    """One mapping of one integration: what it reads (event and paths in it), and for which vendor.

    `place` is where the mapping says so, `configured` where the integration names the vendor. `answers` is the request
    that it was built for, about which it therefore says nothing.
    """

    integration: str
    mapping: str
    team: str
    stage: Stage
    event: str
    vendor: str
    fields: tuple[str, ...]
    place: str
    configured: str
    answers: str = ""


class KnownTeam(msgspec.Struct, frozen=True, kw_only=True):
    """A team: where its alerts go, and the time zones that its people are in."""

    team: str
    on_call: str
    time_zones: tuple[str, ...]
    place: str


class KnownActual(msgspec.Struct, frozen=True, kw_only=True):
    """What similar work took: an estimate made from actuals for one input, by its path in a request.

    It is for requests with this event and vendor; an empty text stands for any.
    """

    path: str
    estimate: Estimate
    because: str
    places: tuple[str, ...]
    event: str = ""
    vendor: str = ""


class KnownReview(msgspec.Struct, frozen=True, kw_only=True):
    """How many days the review of one request takes, counted from the calendars of those who have to look at it."""

    estimate: Estimate
    says: str
    places: tuple[str, ...]


class KnownGrade(msgspec.Struct, frozen=True, kw_only=True):
    """The debt grade of a family of events, and where the first of its items is.

    `without` has the grade that is left when what was built for a request is not counted, by the request.
    """

    event: str
    grade: DebtGrade
    place: str
    without: Mapping[str, DebtGrade] = {}

    def seen_by(self, request: str) -> DebtGrade:
        """The grade that bears on a request: what was built for it is no reason against it."""
        return self.without.get(request, self.grade)


class KnownFacts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is known; where it comes from a workspace, `connectors` goes from name to where it is described.

    `teams` is empty where nothing says which teams there are.
    """

    contracts: tuple[KnownContract, ...] = ()
    adapters: tuple[KnownAdapter, ...] = ()
    connectors: Mapping[str, str] = {}
    teams: tuple[KnownTeam, ...] = ()
    actuals: tuple[KnownActual, ...] = ()
    grades: tuple[KnownGrade, ...] = ()


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is known about a request. `path` is the place in the request that it answers.

    `is_used` when the request left that open and the fact filled it in; `is_contrary` when the request says otherwise.
    `evidence` are files, with lines where they have any.
    """

    path: str
    value: FactValue
    says: str
    evidence: tuple[str, ...]
    is_used: bool = False
    is_contrary: bool = False
    source: str = Source.MEASURED.value


NOTHING_KNOWN = KnownFacts()


def event_family(event: str) -> str:
    """What an event is called, whatever the way of writing.

    >>> {event_family(name) for name in ("Signed Up", "signed_up", "SignedUp", "signedUp")}
    {'signed_up'}
    """
    return "_".join(word.lower() for word in _WORD.findall(event))


def families(request: Request) -> frozenset[str]:
    """The families of the events that a request names."""
    return frozenset(event_family(event) for event in request.events)


def fill_in(
    request: Request, known: KnownFacts, *, review: KnownReview | None = None
) -> tuple[Request, tuple[Fact, ...]]:
    """The request with what is known in place of what it leaves open, and every fact about it.

    What a request states is never changed. `review` is what is known about this request alone.
    """
    facts = []
    for fact, estimate in [*_facts(request, known), *_review_facts(review)]:
        value: object = estimate if estimate is not None else fact.value
        completed = _put(request, fact.path.split("."), value) if not fact.is_contrary else None
        if completed is not None and estimate is not None and request_faults(completed):
            completed = None  # the past does not fit what the request says, which counts
        if completed is not None:
            request = completed
        facts.append(msgspec.structs.replace(fact, is_used=completed is not None))
    return request, tuple(facts)


def unknown_teams(request: Request, known: KnownFacts) -> tuple[RequestFault, ...]:
    """Faults for teams that the request names and that do not exist."""
    if not known.teams:
        return ()
    names = [team.team for team in known.teams]
    named = (
        (("owner", "team"), request.owner.team if request.owner else ""),
        (("platform_owner",), request.platform_owner),
    )
    return tuple(
        RequestFault(
            path=path, message=f"teams.yaml has no team {team!r}", remedy=nearest_name_hint(team, sorted(names))
        )
        for path, team in named
        if team.strip() and team not in names
    )


_Found = tuple[Fact, Estimate | None]


def _facts(request: Request, known: KnownFacts) -> Iterator[_Found]:
    yield from _contract_facts(request, known)
    yield from _vendor_facts(request, known)
    yield from _adapter_facts(request, known)
    yield from _team_facts(request, known)
    yield from _past_facts(request, known)


def _contract_facts(request: Request, known: KnownFacts) -> Iterator[_Found]:
    if not request.events or not known.contracts:
        return
    by_family = {event_family(contract.event): contract for contract in known.contracts}
    wanted = sorted(families(request))
    found = [by_family[family] for family in wanted if family in by_family]
    missing = [event for event in request.events if event_family(event) not in by_family]
    places = tuple(contract.place for contract in found)
    if not missing:
        yield (
            Fact(
                path="schema",
                value=SchemaChoice.CANONICAL.value,
                says="contracts exist for all of its events",
                evidence=places,
                is_contrary=request.schema is SchemaChoice.ONE_OFF,
            ),
            None,
        )
    elif request.schema is SchemaChoice.CANONICAL:
        hint = nearest_name_hint(missing[0], sorted(contract.event for contract in known.contracts))
        says = f"no contract describes {', '.join(missing)}; {hint}"
        yield Fact(path="schema", value=missing, says=says, evidence=places, is_contrary=True), None
    personal = sorted({kind for contract in found for kind in _personal(contract, request.fields)})
    if personal:
        says = f"the contracts mark {', '.join(personal)} as personal data"
        yield Fact(path="data_classes", value=personal, says=says, evidence=places), None


def _personal(contract: KnownContract, fields: Sequence[str]) -> set[str]:
    """The personal data in the fields that are needed; of the whole event where the request names no fields."""
    return {
        kind
        for path, kinds in contract.personal.items()
        if not fields or any(path == field or path.startswith(f"{field}.") for field in fields)
        for kind in kinds
    }


def _vendor_facts(request: Request, known: KnownFacts) -> Iterator[_Found]:
    if not request.vendor or not known.connectors:
        return
    if request.vendor not in known.connectors:
        hint = nearest_name_hint(request.vendor, sorted(known.connectors))
        says = f"there is no connector {request.vendor!r} yet; {hint}"
        yield Fact(path="vendor", value=request.vendor, says=says, evidence=(), is_contrary=False), None
        return
    place = known.connectors[request.vendor]
    yield Fact(path="vendor", value=request.vendor, says="its connector exists", evidence=(place,)), None
    accounts = {
        adapter.integration: adapter
        for adapter in known.adapters
        if adapter.vendor == request.vendor and adapter.answers != request.request
    }
    if accounts:
        names = ", ".join(sorted(accounts))
        says = f"no wait for access: {names} use{'s' if len(accounts) == 1 else ''} the vendor's account already"
        places = tuple(accounts[name].configured for name in sorted(accounts))
        estimate = Estimate(exact=0, source=Source.MEASURED, note=f"{says} ({', '.join(places)})")
        yield Fact(path="shared.vendor_access_days", value=0, says=says, evidence=places), estimate


def _adapter_facts(request: Request, known: KnownFacts) -> Iterator[_Found]:
    wanted = families(request)
    adapters = [adapter for adapter in known.adapters if adapter.answers != request.request]
    if not wanted or not adapters:
        return
    first = {adapter.integration: adapter.place for adapter in adapters if event_family(adapter.event) in wanted}
    readers = sorted(first)
    places = [first[name] for name in readers]
    if readers:
        says = f"{len(readers)} integration{'s' if len(readers) > 1 else ''} read its events today"
        yield Fact(path="reverse.consumers", value=len(readers), says=says, evidence=tuple(places)), None
    alike = [adapter for adapter in adapters if _is_alike(request, adapter)]
    names = sorted({adapter.integration for adapter in alike if adapter.stage is not Stage.MARATHON})
    says = f"similar adapters: {', '.join(names)}" if names else "no adapter sends these events to this vendor"
    evidence = tuple(adapter.place for adapter in alike if adapter.stage is not Stage.MARATHON)
    yield Fact(path="existing.similar_adapters", value=len(names), says=says, evidence=evidence), None
    settled = [adapter for adapter in alike if adapter.stage is Stage.MARATHON and adapter.vendor == request.vendor]
    if settled:
        names = sorted({adapter.integration for adapter in settled})
        says = f"{', '.join(names)} (marathon) sends {settled[0].event} to {request.vendor} already"
        yield Fact(path="vendor", value=names, says=says, evidence=tuple(one.place for one in settled)), None


def _is_alike(request: Request, adapter: KnownAdapter) -> bool:
    if adapter.vendor == request.vendor and event_family(adapter.event) in families(request):
        return True
    return likeness(request.fields, adapter.fields) >= ALIKE


def _team_facts(request: Request, known: KnownFacts) -> Iterator[_Found]:
    team = next((team for team in known.teams if request.owner and team.team == request.owner.team), None)
    if team is None:
        return
    zones = len(set(team.time_zones))
    says = f"on call: {team.on_call or 'nobody'}; {len(team.time_zones)} people in {zones} time zones"
    yield Fact(path="owner.team", value=team.team, says=says, evidence=(team.place,)), None


def _review_facts(review: KnownReview | None) -> Iterator[_Found]:
    if review is None:
        return
    days = review.estimate.exact if review.estimate.exact is not None else review.estimate.likely
    estimate = msgspec.structs.replace(review.estimate, note=f"{review.says} ({', '.join(review.places)})")
    fact = Fact(path="shared.review_days", value=days or 0.0, says=review.says, evidence=review.places)
    yield fact, estimate


def _past_facts(request: Request, known: KnownFacts) -> Iterator[_Found]:
    wanted = families(request)
    stated = request.existing.debt_grade
    # The worst one first: it is the one that is filled in.
    seen = [(one.seen_by(request.request).value, one) for one in known.grades if event_family(one.event) in wanted]
    for letter, grade in sorted(seen, key=lambda pair: (pair[0], pair[1].event), reverse=True):
        fact = Fact(
            path="existing.debt_grade",
            value=letter,
            says=f"the debt grade of {grade.event} is {letter}",
            evidence=(grade.place,) if grade.place and letter == grade.grade.value else (),
            is_contrary=stated is not None and letter > stated.value,
        )
        yield fact, None
    for actual in known.actuals:
        fits_event = not actual.event or event_family(actual.event) in wanted
        if fits_event and actual.vendor in ("", request.vendor):
            note = f"{actual.because} ({', '.join(actual.places)})"
            estimate = msgspec.structs.replace(actual.estimate, note=note)
            value = actual.estimate.exact if actual.estimate.exact is not None else actual.estimate.likely
            fact = Fact(
                path=actual.path,
                value=value or 0.0,
                says=actual.because,
                evidence=actual.places,
                source=actual.estimate.source.value,
            )
            yield fact, estimate


def _put(struct: Request, path: Sequence[str], value: object) -> Request | None:
    """The request with a value at a path; None where it states something there already."""
    changed = _put_in(struct, path, value)
    return changed if isinstance(changed, Request) else None


def _put_in(struct: msgspec.Struct, path: Sequence[str], value: object) -> msgspec.Struct | None:
    name, *rest = path
    stated = getattr(struct, name)
    if rest:
        if not isinstance(stated, msgspec.Struct):
            return None
        inner = _put_in(stated, rest, value)
        return None if inner is None else msgspec.structs.replace(struct, **{name: inner})
    if stated not in (None, [], ""):
        return None
    match name:
        case "schema":
            value = SchemaChoice(str(value))
        case "debt_grade":
            value = DebtGrade(str(value))
        case _:
            pass
    return msgspec.structs.replace(struct, **{name: value})
