"""The review of an RFC: opening its window, how it stands, and closing it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from zoneinfo import ZoneInfo

import msgspec

from paceline.errors import UsageError, WorkspaceError
from paceline.lifecycle.calendar_file import CalendarEntry, calendar_file
from paceline.lifecycle.review_window import HORIZON, LEAST, ReviewWindow, review_window
from paceline.lifecycle.rfc import RfcState, read_moment, set_front_matter
from paceline.lifecycle.rfc_checks import closing_obstacles
from paceline.lifecycle.rotas import days_away
from paceline.lifecycle.working_hours import WorkingWeek, read_week
from paceline.model.finding import Finding
from paceline.model.team import Person, TeamsFile
from paceline.workspace.rfc import Rfc, check_rfc, people_by_name, read_rfc, rfc_files


class Reviewer(msgspec.Struct, frozen=True, kw_only=True):
    """Who must look, and until when: `closes_there` is the end of the window by their clock."""

    name: str
    time_zone: str
    ready: dt.datetime | None
    closes_there: str
    holidays: tuple[str, ...]


class Opening(msgspec.Struct, frozen=True, kw_only=True):
    """A window that opens. `remarks` say what it could not count, and why it is long."""

    rfc: str
    file: str
    opened: dt.datetime
    closes: dt.datetime
    is_long: bool
    reviewers: tuple[Reviewer, ...]
    remarks: tuple[str, ...]
    calendar: str


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How an RFC stands at a moment. `left_hours` is what is left of its window, 0 when that is over."""

    rfc: str
    file: str
    title: str
    status: RfcState | None
    closes: dt.datetime | None = None
    left_hours: float | None = None
    concerns: tuple[str, ...] = ()
    can_close: bool = False
    faults: tuple[Finding, ...] = ()


def working_weeks(people: Sequence[Person], *, since: dt.datetime) -> Mapping[str, WorkingWeek]:
    """The working weeks of people, without the days on which they are away.

    Public holidays of their countries count where the package `holidays` is installed.
    """
    return {
        person.name: read_week(
            zone=person.time_zone,
            days=list(person.week),
            hours=person.hours,
            holidays={**_holidays(person.country, since), **days_away(person)},
        )
        for person in people
    }


def open_rfc(root: Path, rfc: Rfc, teams: TeamsFile, *, now: dt.datetime) -> tuple[Opening, Mapping[str, str]]:
    """The window of an RFC that opens now, and the files to write: the RFC itself and its calendar file.

    Raises WorkspaceError with the findings of `check_rfc`, and UsageError when it is not being written any more or a
    required reviewer is not available.
    """
    if rfc.head.status is not RfcState.IDEATION:
        raise UsageError(f"it is in the state {rfc.head.status.value}", where=rfc.file, expected="ideation")
    findings = check_rfc(root, rfc.file, teams)
    if findings:
        raise WorkspaceError("the RFC is not ready for review, so it was not opened", findings, where=rfc.file)
    people = _reviewers(rfc, teams)
    weeks = working_weeks(people, since=now)
    window = review_window(now, weeks)
    if window.closes is None:
        absent = ", ".join(name for name, ready in window.ready.items() if ready is None)
        raise UsageError(
            f"{absent}: no 8 working hours within {HORIZON.days} days",
            where=rfc.file,
            remedy="name another reviewer in decision-makers",
        )
    calendar = str(Path(rfc.file).with_suffix(".ics").as_posix())
    opening = Opening(
        rfc=rfc.number,
        file=rfc.file,
        opened=window.opened,
        closes=window.closes,
        is_long=window.is_long,
        reviewers=tuple(_reviewer(person, weeks[person.name], window) for person in people),
        remarks=_remarks(people, window),
        calendar=calendar,
    )
    changes = {"status": "discussion", "opened": window.opened.isoformat(), "closes": window.closes.isoformat()}
    return opening, {
        rfc.file: set_front_matter(rfc.text, changes),
        calendar: _calendar(rfc, people, opening),
    }


def standings(root: Path, teams: TeamsFile, *, now: dt.datetime) -> list[Standing]:
    """How every RFC of the workspace stands."""
    found = []
    for file in rfc_files(root):
        rfc, findings = read_rfc(root, file)
        if rfc is None:
            number = Path(file).name[:4]
            found.append(Standing(rfc=number, file=file, title=Path(file).stem, status=None, faults=tuple(findings)))
            continue
        is_open = rfc.head.status is RfcState.DISCUSSION
        closes = window_end(rfc, teams) if is_open else None
        found.append(
            Standing(
                rfc=rfc.number,
                file=file,
                title=rfc.title,
                status=rfc.head.status,
                closes=closes,
                left_hours=max((closes - now).total_seconds() / 3600, 0.0) if closes else None,
                concerns=tuple(f"{one.by}: {one.concern}" for one in rfc.head.concerns if one.is_open),
                can_close=not any(closing_obstacles(rfc.head, closes=closes, now=now, to=RfcState.COMMITTED))
                if is_open
                else False,
            )
        )
    return found


def close_rfc(rfc: Rfc, teams: TeamsFile, *, now: dt.datetime, to: RfcState, because: str = "") -> str:
    """The text of the RFC's file, closed. Raises UsageError with every reason why it cannot be closed so now."""
    if to is RfcState.ABANDONED and not because.strip():
        raise UsageError("an abandoned RFC says why", where=rfc.file, remedy="add: --because TEXT")
    reasons = list(closing_obstacles(rfc.head, closes=window_end(rfc, teams), now=now, to=to))
    if reasons:
        remedy = "" if rfc.head.status in (RfcState.COMMITTED, RfcState.ABANDONED) else _remedy(rfc)
        raise UsageError("; ".join(reasons), where=rfc.file, remedy=remedy)
    changes = {"status": to.value, "closed": now.isoformat()}
    if because:
        changes["because"] = msgspec.json.encode(because).decode()  # JSON's quoting is YAML's too
    return set_front_matter(rfc.text, changes)


def window_end(rfc: Rfc, teams: TeamsFile) -> dt.datetime | None:
    """When the review window ends: never before what was promised, and later when a reviewer came in since.

    None when it was never opened, and while a required reviewer is not known or not available.
    """
    opened, promised = read_moment(rfc.head.opened), read_moment(rfc.head.closes)
    known = people_by_name(teams)
    if opened is None or not all(name in known for name in rfc.head.decision_makers):
        return None
    counted = review_window(opened, working_weeks(_reviewers(rfc, teams), since=opened)).closes
    return None if counted is None else max(counted, promised or counted)


def _remedy(rfc: Rfc) -> str:
    if rfc.head.status is RfcState.IDEATION:
        return f"open it first: paceline rfc open {rfc.number}"
    if not any(concern.is_open for concern in rfc.head.concerns):
        return "wait until the window is over (paceline rfc status), or abandon it: --as abandoned --because TEXT"
    return "settle it and say in `resolved` how, or abandon it: --as abandoned --because TEXT"


def _reviewers(rfc: Rfc, teams: TeamsFile) -> list[Person]:
    """The required reviewers, each once; those that teams.yaml does not know are left out."""
    known = people_by_name(teams)
    return list({known[name].name: known[name] for name in rfc.head.decision_makers if name in known}.values())


def _holidays(country: str, since: dt.datetime) -> Mapping[dt.date, str]:
    if not country or find_spec("holidays") is None:
        return {}
    import holidays  # noqa: PLC0415 - an optional package

    try:
        found = holidays.country_holidays(country, years=range(since.year - 1, since.year + 2))
    except NotImplementedError:
        return {}
    return dict(found.items())


def _knows_country(country: str) -> bool:
    import holidays  # noqa: PLC0415 - an optional package

    return country in holidays.list_supported_countries()


def _remarks(people: Sequence[Person], window: ReviewWindow) -> tuple[str, ...]:
    said = []
    if window.is_long:
        late = ", ".join(window.waits_for)
        said.append(f"the window is longer than 72 hours: it waits until {late} had 8 working hours")
    if find_spec("holidays") is None:
        said.append('public holidays are not counted: run: pip install "paceline[calendar]"')
        return tuple(said)
    for person in people:
        if not person.country:
            said.append(f"no public holidays are counted for {person.name}: teams.yaml names no country")
        elif not _knows_country(person.country):
            said.append(f"no public holidays are counted for {person.name}: {person.country!r} is not known")
    return tuple(said)


def _reviewer(person: Person, week: WorkingWeek, window: ReviewWindow) -> Reviewer:
    end = window.closes or window.opened + LEAST
    zone = ZoneInfo(person.time_zone)
    first, last = window.opened.astimezone(zone).date(), end.astimezone(zone).date()
    return Reviewer(
        name=person.name,
        time_zone=person.time_zone,
        ready=window.ready[person.name],
        closes_there=end.astimezone(zone).strftime("%a %Y-%m-%d %H:%M"),
        holidays=tuple(f"{day}: {name}" for day, name in sorted(week.holidays.items()) if first <= day <= last),
    )


def _calendar(rfc: Rfc, people: Sequence[Person], opening: Opening) -> str:
    who = "\n".join(f"{one.name}: until {one.closes_there} ({one.time_zone})" for one in opening.reviewers)
    return calendar_file(
        CalendarEntry(
            uid=f"{Path(rfc.file).stem}-{opening.opened:%Y%m%dT%H%M%SZ}@paceline",
            title=f"Review of {rfc.title}",
            text=f"{rfc.file}\n{who}\nNo answer until then is agreement; an open concern blocks.",
            begin=opening.opened,
            end=opening.closes,
            made=opening.opened,
            attendees={person.name: person.email for person in people},
        )
    )
