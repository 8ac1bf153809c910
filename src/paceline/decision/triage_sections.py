"""A triage as sections of sentences and tables, in the order in which a meeting goes through them."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.decision.checks import Check
from paceline.decision.clashes import SharedPiece
from paceline.decision.gates import CheckState
from paceline.decision.report import Verdict
from paceline.decision.sections import Section, Table
from paceline.decision.tickets import Step
from paceline.decision.triage import Ask, Ticket, Triage
from paceline.decision.wording import number_words, span

TAG_WORDS = {
    Verdict.SPRINT: "sprint",
    Verdict.HYBRID: "hybrid",
    Verdict.MARATHON: "marathon",
    Verdict.NOT_READY: "not ready",
    Verdict.BLOCKED: "blocked",
}
_ANSWERS = {CheckState.PASSED: "Yes", CheckState.FAILED: "No", CheckState.NOT_EVALUATED: "Not known"}


def triage_headline(triage: Triage) -> str:
    """The backlog in one line: how many requests, and how many of each tag."""
    total = sum(triage.counts.values())
    parts = [f"{triage.counts[tag.value]} {words}" for tag, words in TAG_WORDS.items() if triage.counts[tag.value]]
    return f"{total} request{'' if total == 1 else 's'}: {', '.join(parts) or 'none'}"


def overview_sections(triage: Triage) -> tuple[Section, ...]:
    """The whole backlog: the order, what clashes, what is shared, what looks alike, and what is asked for."""
    return tuple(_overview(triage))


def ticket_sections(ticket: Ticket) -> tuple[Section, ...]:
    """One ticket: the verdict, its plan, its contract tests, the six questions, and what is asked for."""
    return tuple(_ticket(ticket))


def _overview(triage: Triage) -> Iterator[Section]:
    yield Section(
        title="In this order",
        table=Table(
            head=("", "request", "tag", "confidence", "team", "works after", "cost", "waiting a week", "work", "ends"),
            rows=tuple(ticket_row(ticket) for ticket in triage.tickets),
        ),
        remark=(
            "First what costs most to delay for the work it takes (cost of delay / weeks, F23). Costs are means over "
            "the request's horizon, waiting included; * is assumed, not stated."
        ),
    )
    if triage.clashes:
        points = tuple(f"{', '.join(clash.requests)}: {clash.says}. To do: {clash.remedy}." for clash in triage.clashes)
        yield Section(title="Clashes", points=points)
    if triage.shared:
        yield Section(title="One platform piece instead of several", points=tuple(map(_shared, triage.shared)))
    if triage.look_alikes:
        yield Section(
            title="Look-alikes",
            points=tuple(
                f"{', '.join([*alike.requests, *map(_existing, alike.adapters, alike.places)])}: {alike.because}."
                for alike in triage.look_alikes
            ),
        )
    asking = [ticket for ticket in triage.tickets if ticket.tag is Verdict.NOT_READY and ticket.asks]
    if asking:
        yield Section(
            title="Not ready: what is missing",
            points=tuple(f"{ticket.request}: {'; '.join(map(ask_words, ticket.asks))}." for ticket in asking),
        )


def ticket_row(ticket: Ticket) -> tuple[str, ...]:
    """A ticket as a row of the overview."""
    name = ticket.request
    tag = TAG_WORDS[ticket.tag] + (" (provisional)" if ticket.is_provisional else "")
    if ticket.tag is Verdict.NOT_READY and ticket.leaning is not None:
        tag += f", {ticket.leaning.value}?"
    priority, days, cost = ticket.priority, ticket.time_to_value_days, ticket.cost
    delay = ""
    if priority is not None:
        delay = f"{number_words(priority.cost_of_delay_per_week)}{'*' if priority.is_assumed else ''}"
    return (
        str(ticket.rank or ""),
        name,
        tag,
        ticket.confidence.value if ticket.confidence is not None else "",
        ticket.team,
        f"{number_words(days.mean)} days" if days else "",
        f"{number_words(cost.mean)} {ticket.currency} ({span(cost.p10, cost.p90)})" if cost else "",
        delay,
        f"{number_words(priority.weeks)} weeks" if priority is not None else "",
        ticket.ends,
    )


def _shared(piece: SharedPiece) -> str:
    parts = []
    if piece.saved_hours:
        money = f", about {number_words(piece.saved_money)} {piece.currency}" if piece.saved_money else ""
        hours = number_words(piece.saved_hours)
        parts.append(f"{', '.join(piece.requests)} need {piece.piece}: built once, that saves {hours} hours{money}.")
        parts += [f"It would serve {', '.join(piece.also)} too."] if piece.also else []
    else:
        parts.append(f"{', '.join([*piece.requests, *piece.also])} read {', '.join(piece.events)}.")
    if piece.together is not None:
        parts.append(f"Asked for together by {', '.join(piece.teams)}, it is a {piece.together.value}.")
    return " ".join(parts)


def _existing(name: str, place: str) -> str:
    return f"{name} ({place})"


def ask_words(ask: Ask) -> str:
    """What is asked for in a few words, with its place."""
    place = f"{ask.place} " if ask.place else ""
    return f"{place}{ask.path}: {ask.remedy or ask.what}"


def _ticket(ticket: Ticket) -> Iterator[Section]:
    if ticket.change:
        yield Section(title="What would change it", sentences=(ticket.change,))
    if ticket.plan:
        yield Section(title="Migration plan", points=tuple(map(step_words, ticket.plan)))
    if ticket.contract_tests:
        yield Section(title="Contract tests and alarms", points=ticket.contract_tests, is_checklist=True)
    if ticket.checks:
        yield Section(title="Six questions before any code", points=tuple(map(check_words, ticket.checks)))
    if ticket.asks:
        yield Section(title="Still to be answered", points=tuple(map(ask_words, ticket.asks)))


def step_words(step: Step) -> str:
    """A step of a plan in one line."""
    return f"{step.by} {step.who}: {step.do}"


def check_words(check: Check) -> str:
    """One of the six questions with its answer."""
    return f"{check.question} {_ANSWERS[check.state]}: {check.because}"
