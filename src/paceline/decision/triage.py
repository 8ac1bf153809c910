"""Decides a whole backlog: every request with its tag and its ticket, in order, and how they bear on each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from paceline.decision.calibration import NO_CALIBRATION, Calibration
from paceline.decision.checks import Check
from paceline.decision.clashes import (
    Clash,
    LookAlikes,
    SharedPiece,
    account_clashes,
    capacity_clashes,
    event_clashes,
    look_alikes,
    shared_pieces,
)
from paceline.decision.confidence import Confidence
from paceline.decision.decide import decide
from paceline.decision.deliberation import deliberate
from paceline.decision.gates import CheckState
from paceline.decision.knowledge import NOTHING_KNOWN, Fact, KnownFacts
from paceline.decision.numbers import tidied
from paceline.decision.priority import Priority, Turn, prioritize, queues
from paceline.decision.report import Report, Spread, Verdict
from paceline.decision.tickets import Step, end_date, list_contract_tests, plan_migration
from paceline.decision.trace import TRIAGE_TRACE
from paceline.decision.wording import number_words
from paceline.model.integration import Stage
from paceline.model.request import Request, TeamCount

FORMAT = 1
DecideAll = Callable[[Sequence[tuple[Request, Sequence[Fact]]], Calibration], Sequence[Report]]
MOST_ASKED = 3
"""How many numbers a ticket asks for: those that would help most."""


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the requester must still say: where it belongs, and what to write.

    `worth` is what knowing it is worth in money (rule F17), None where nothing can be decided without it. `place` is
    the file and line where it is missing, empty where that is not known.
    """

    path: str
    what: str
    remedy: str
    worth: float | None = None
    place: str = ""


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """One request as it goes onto a ticket.

    `tag` is sprint, hybrid, marathon, not_ready or blocked. What needs a decision (from `leaning` to `ends`) is empty
    for a request that was refused; `asks` tells why. `rank` counts from 1 in the order of priority.
    """

    request: str
    outcome: str
    tag: Verdict
    summary: str
    rank: int | None = None
    team: str = ""
    vendor: str = ""
    deadline: str = ""
    leaning: Stage | None = None
    confidence: Confidence | None = None
    is_provisional: bool = False
    priority: Priority | None = None
    time_to_value_days: Spread | None = None
    cost: Spread | None = None
    currency: str = ""
    ends: str = ""
    change: str = ""
    plan: tuple[Step, ...] = ()
    contract_tests: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
    asks: tuple[Ask, ...] = ()


class Triage(msgspec.Struct, frozen=True, kw_only=True):
    """A whole backlog, decided. `tickets` are in order of priority, those that are not ready last.

    `reports` are the reports behind the tickets, by request; `queues` those of the teams that have more to do than they
    do at once. `trace` tells where the numbers come from, like that of a report.
    """

    format: int
    counts: Mapping[str, int]
    tickets: tuple[Ticket, ...]
    clashes: tuple[Clash, ...]
    shared: tuple[SharedPiece, ...]
    look_alikes: tuple[LookAlikes, ...]
    queues: Mapping[str, tuple[Turn, ...]]
    reports: Mapping[str, Report]
    trace: Mapping[str, str]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A request that was refused: its name and outcome as far as they are known, and what is asked for."""

    request: str
    outcome: str
    asks: tuple[Ask, ...]


def triage(
    requests: Sequence[tuple[Request, Sequence[Fact]]],
    refused: Sequence[Asked] = (),
    *,
    at_once: Mapping[str, int] | None = None,
    known: KnownFacts = NOTHING_KNOWN,
    calibration: Calibration = NO_CALIBRATION,
    decide_all: DecideAll | None = None,
) -> Triage:
    """Decide every request and look at all of them together. The order of the requests does not matter.

    Each comes with the facts that were filled in. `at_once` is how many requests a team builds at the same time.
    `calibration` corrects guesses by what the team's past says. `decide_all` may decide them in another way than one
    after the other, with the same results.

    Example: `triage([(request, ())]).tickets[0].tag`
    """
    reports = (decide_all or decide_each)(requests, calibration)
    decided = [(request, report) for (request, _), report in zip(requests, reports, strict=True)]
    ordered = sorted(decided, key=lambda item: _order(*item))
    ready = [(request, report) for request, report in ordered if report.verdict is not Verdict.NOT_READY]
    waiting = queues([item for item in ready if item[1].leaning is not None], at_once or {})
    everything = [request for request, _ in ordered]
    tickets = [_ticket(request, report, rank) for rank, (request, report) in enumerate(ordered, start=1)]
    tickets += [_refused_ticket(asked) for asked in sorted(refused, key=lambda asked: asked.request)]
    tags = [ticket.tag for ticket in tickets]
    with_option = [item for item in ordered if item[1].leaning is not None]
    found = Triage(
        format=FORMAT,
        counts={verdict.value: tags.count(verdict) for verdict in Verdict},
        tickets=tuple(tickets),
        clashes=(*capacity_clashes(waiting), *event_clashes(everything, known), *account_clashes(everything)),
        shared=tuple(_pieces(with_option, calibration)),
        look_alikes=look_alikes(everything, known),
        queues=waiting,
        reports={request.request: report for request, report in ordered},
        trace=TRIAGE_TRACE,
    )
    return tidied(found)


def _order(request: Request, report: Report) -> tuple[bool, float, str, str]:
    """What is ready comes first, then what costs most to delay for its length; the name settles what is equal."""
    priority = prioritize(report).value
    return report.verdict is Verdict.NOT_READY, -priority, request.deadline or "9", request.request


def decide_each(requests: Sequence[tuple[Request, Sequence[Fact]]], calibration: Calibration) -> Sequence[Report]:
    """The reports on requests, one after the other."""
    return [decide(request, facts, calibration) for request, facts in requests]


def _pieces(decided: Sequence[tuple[Request, Report]], calibration: Calibration) -> Iterator[SharedPiece]:
    """The shared platform pieces; of sprints, only those that together would be something else."""
    by_name = {request.request: request for request, _ in decided}
    for piece in shared_pieces(decided):
        found = _decided_together(piece, by_name, calibration)
        if found.saved_hours > 0.0 or found.together not in (None, Stage.SPRINT):
            yield found


def _decided_together(piece: SharedPiece, requests: Mapping[str, Request], calibration: Calibration) -> SharedPiece:
    """The piece with the verdict on one request of all its teams, made from the one whose platform work is largest."""
    if len(piece.teams) < 2:
        return piece
    anchor = max(
        (requests[name] for name in (*piece.requests, *piece.also)),
        key=lambda request: (request.teams.now, request.request),
    )
    later = anchor.teams.in_24_months
    top = 0.0 if later is None else later.exact if later.exact is not None else later.high or 0.0
    count = max(anchor.teams.now, len(piece.teams))
    teams = TeamCount(now=count, in_24_months=later if top >= count else None)
    together = deliberate(msgspec.structs.replace(anchor, teams=teams), calibration).leaning
    return msgspec.structs.replace(piece, together=together)


def _ticket(request: Request, report: Report, rank: int) -> Ticket:
    option = next((option for option in report.options if option.option is report.leaning), None)
    return Ticket(
        request=request.request,
        outcome=request.outcome,
        tag=report.verdict,
        summary=report.summary,
        rank=rank,
        team=request.owner.team if request.owner is not None else "",
        vendor=request.vendor,
        deadline=request.deadline or "",
        leaning=report.leaning,
        confidence=report.confidence,
        is_provisional=report.is_provisional,
        priority=prioritize(report),
        time_to_value_days=option.time_to_value_days if option else None,
        cost=option.total[str(report.horizon_months)] if option else None,
        currency=report.currency,
        ends=end_date(request, report),
        change=report.counterfactual,
        plan=plan_migration(request, report),
        contract_tests=list_contract_tests(request) if report.leaning is not None else (),
        checks=report.checks,
        asks=tuple(_asks(report)),
    )


def _asks(report: Report) -> Iterator[Ask]:
    """What the requester should still say: what keeps it from being ready, then the guesses worth most."""
    for check in report.checks:
        if check.state is CheckState.NOT_EVALUATED or (check.state is CheckState.FAILED and check.id != "C4"):
            yield Ask(path=check.id, what=check.question, remedy=check.because)
    worth = [(name, amount) for name, amount in report.knowledge.inputs.items() if report.inputs[name].is_guessed]
    for name, amount in worth[:MOST_ASKED]:
        given = report.inputs[name]
        source = "is assumed" if given.source == "default" else "is a guess"
        remedy = f"{source}; knowing it is worth about {number_words(amount)} {report.currency}"
        yield Ask(path=given.path, what=given.title, remedy=remedy, worth=amount)


def _refused_ticket(asked: Asked) -> Ticket:
    wanted = f"{len(asked.asks)} answer{'' if len(asked.asks) == 1 else 's'}"
    return Ticket(
        request=asked.request,
        outcome=asked.outcome,
        tag=Verdict.NOT_READY,
        summary=f"Not ready: nothing can be decided before {wanted} {'is' if len(asked.asks) == 1 else 'are'} there.",
        asks=asked.asks,
    )
