"""What a council should decide: each proposal follows from the report by a rule, and says what it rests on."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import msgspec

from paceline.assemble.governance.report import QuarterReport
from paceline.lifecycle.deprecations import EndState, end_state
from paceline.lifecycle.rfc import RfcState
from paceline.workspace.code_owners import Agreement

MOST_EXTENSIONS = 2
FEWEST_GUESSES = 5
LEAST_HIT_RATE = 0.8
"""Ranges are meant to hold the truth in 80 to 90 of 100 cases."""
_BAD_GRADES = ("D", "E")


class Proposal(msgspec.Struct, frozen=True, kw_only=True):
    """One thing to decide. `rule` is explained in docs/governance.md; `places` are files and lines."""

    rule: str
    do: str
    because: str
    owner: str
    places: tuple[str, ...] = ()


def propose(report: QuarterReport) -> tuple[Proposal, ...]:
    """Everything that follows from a report, the most pressing first."""
    return tuple(
        proposal
        for rule in (_ends, _extensions, _gaps, _contracts, _shared, _twice, _reviews, _debt, _estimates, _code_owners)
        for proposal in rule(report)
    )


def _ends(report: QuarterReport) -> Iterator[Proposal]:
    today = dt.date.fromisoformat(report.today)
    for ending in report.endings:
        if ending.kind == "contract":
            continue
        state = end_state(ending, today)
        plan = f" ({ending.replacement})" if ending.replacement else ""
        if state is EndState.OVERDUE:
            yield Proposal(
                rule="P1",
                do=f"{ending.name}: migrate it{plan}, remove it, or extend it by an RFC",
                because=f"this {ending.kind} expired on {ending.last_day}",
                owner=ending.owner,
                places=(ending.place,),
            )
        else:
            yield Proposal(
                rule="P2",
                do=f"{ending.name}: look at how far its migration is{plan}",
                because=f"this {ending.kind} ends on {ending.last_day}, in {(ending.last_day - today).days} days",
                owner=ending.owner,
                places=(ending.place,),
            )


def _extensions(report: QuarterReport) -> Iterator[Proposal]:
    owners = {row.name: row for row in report.owners.rows}
    for name, count in report.extensions.items():
        if count >= MOST_EXTENSIONS and name in owners:
            more = "" if count == MOST_EXTENSIONS else f", {count - MOST_EXTENSIONS} more than are allowed"
            yield Proposal(
                rule="P3",
                do=f"{name}: no further extension; finish or remove it",
                because=f"its end was put off {count} times{more}",
                owner=owners[name].team,
                places=(owners[name].place.partition(":")[0],),
            )


def _gaps(report: QuarterReport) -> Iterator[Proposal]:
    owning = {row.team for row in report.owners.rows if row.kind != "contract"}
    for cover in report.owners.teams:
        if cover.gap_weeks:
            first = cover.gap_weeks[0]
            many = f" and in {len(cover.gap_weeks) - 1} more" if len(cover.gap_weeks) > 1 else ""
            yield Proposal(
                rule="P4",
                do=f"close the gap in the rota of {cover.team}",
                because=f"in the week of {first}{many}, hours are left in which nobody is on call",
                owner=cover.team,
                places=("teams.yaml",),
            )
        elif not cover.has_rota and cover.team in owning:
            yield Proposal(
                rule="P5",
                do=f"write the rota of {cover.team} into teams.yaml",
                because=f"who answers {cover.contact or 'an alert'} at night was not evaluated",
                owner=cover.team,
                places=("teams.yaml",),
            )


def _contracts(report: QuarterReport) -> Iterator[Proposal]:
    for ending in report.endings:
        if ending.kind != "contract":
            continue
        users = f"first move {', '.join(ending.consumers)} to {ending.replacement}" if ending.consumers else ""
        yield Proposal(
            rule="P6",
            do=f"remove the contract {ending.name}" + (f"; {users}" if users else ""),
            because=f"it is deprecated, and its last day is {ending.last_day}",
            owner=ending.owner,
            places=(ending.place,),
        )


def _shared(report: QuarterReport) -> Iterator[Proposal]:
    for need in report.needs:
        if need.kind != "event" or not need.requests:
            continue
        saved = f"; one piece saves about {need.saved_hours:.0f} hours" if need.saved_hours else ""
        if need.lasting:
            do = f"take {need.about} from the bus, where {' and '.join(need.lasting)} {_reads(need.lasting)} it already"
        else:
            do = f"build {need.about} once, on the bus, and name the team that owns it"
        yield Proposal(
            rule="P7",
            do=do,
            because=f"{len(need.teams)} teams need it: asked for in {', '.join(need.requests)}{saved}",
            owner=", ".join(need.teams),
            places=need.places,
        )


def _reads(names: tuple[str, ...]) -> str:
    return "reads" if len(names) == 1 else "read"


def _twice(report: QuarterReport) -> Iterator[Proposal]:
    for one in report.duplicates:
        yield Proposal(
            rule="P8",
            do=f"merge {' and '.join(one.integrations)}",
            because=f"each of them sends {one.event} to {one.vendor}",
            owner=", ".join(one.teams),
            places=one.places,
        )


def _reviews(report: QuarterReport) -> Iterator[Proposal]:
    for rfc in report.rfcs:
        if rfc.status is not RfcState.DISCUSSION or rfc.left_hours is None or rfc.left_hours > 0:
            continue
        concerns = len(rfc.concerns)
        open_ones = f", and {concerns} concern{'s are' if concerns > 1 else ' is'} open" if concerns else ""
        yield Proposal(
            rule="P9",
            do=f"close RFC {rfc.rfc}: " + ("settle its concerns or abandon it" if concerns else "nobody objected"),
            because=f"its review window is over{open_ones}",
            owner="",
            places=(rfc.file,),
        )


def _debt(report: QuarterReport) -> Iterator[Proposal]:
    debt = report.debt
    grown = debt.before_hours is not None and debt.hours > debt.before_hours
    if not grown and debt.grade not in _BAD_GRADES:
        return
    was = f", {debt.before_hours:.1f} h before the quarter" if debt.before_hours is not None else ""
    first = debt.largest[0] if debt.largest else None
    yield Proposal(
        rule="P10",
        do="pay down debt" + (f", beginning with {first[0]}" if first else ""),
        because=f"grade {debt.grade}: {debt.hours:.1f} h to put right{was}",
        owner="",
        places=tuple(place for _, _, place in debt.largest),
    )


def _estimates(report: QuarterReport) -> Iterator[Proposal]:
    if report.hit_rate is None or report.guesses < FEWEST_GUESSES or report.hit_rate >= LEAST_HIT_RATE:
        return
    yield Proposal(
        rule="P11",
        do="estimate wider ranges, and run paceline calibrate",
        because=f"{report.hit_rate:.0%} of {report.guesses} guesses held the truth; 80 to 90 % should",
        owner="",
        places=("actuals/",),
    )


def _code_owners(report: QuarterReport) -> Iterator[Proposal]:
    wrong = [row for row in report.owners.rows if row.agreement in (Agreement.DISAGREES, Agreement.UNOWNED)]
    if wrong:
        yield Proposal(
            rule="P12",
            do=f"correct {report.owners.code_owners_file}",
            because=f"it names other people than `owner` for {', '.join(row.name for row in wrong)}",
            owner=", ".join(sorted({row.team for row in wrong})),
            places=tuple(row.place for row in wrong),
        )
