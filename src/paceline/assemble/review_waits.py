"""How long a request waits for its RFC's review: counted from the calendars of those who have to look at it."""

from __future__ import annotations

import datetime as dt
import zoneinfo
from collections.abc import Iterator, Mapping, Sequence

from paceline.assemble.reviewers import choose_reviewers
from paceline.assemble.rfc_review import working_weeks
from paceline.decision.knowledge import KnownReview
from paceline.lifecycle.review_window import review_window
from paceline.lifecycle.working_hours import WorkingWeek, working_hours
from paceline.model.request import Estimate, Request, Source
from paceline.model.team import Person
from paceline.workspace.document import Document
from paceline.workspace.rfc import people_by_name
from paceline.workspace.workspace import Workspace

_DAYS_AHEAD = 7
"""An RFC is opened within a week after the request: at which hour, nobody knows yet."""
_DAY_SECS = 86_400.0


class ReviewWaits:
    """The review waits of requests in one workspace. Those of the same people and day are counted once."""

    def __init__(self, workspace: Workspace) -> None:
        self._teams = workspace.teams
        self._document: Document | None = workspace.documents.get("teams.yaml")
        self._counted: dict[tuple[str, tuple[str, ...]], KnownReview | None] = {}

    def wait(self, request: Request) -> KnownReview | None:
        """What calendars say about a request; None where nobody is known who would look at its RFC.

        The reviewers are those that `paceline rfc new` names for a sprint or a hybrid. Likely is the window of an RFC
        that is opened as soon as one of them is at work, low and high are the shortest and the longest within a week.
        """
        names, _ = choose_reviewers(request, None, self._teams)
        key = request.asked, tuple(names)
        if key not in self._counted:
            known = people_by_name(self._teams)
            self._counted[key] = self._count(request.asked, [known[name] for name in names])
        return self._counted[key]

    def _count(self, asked: str, people: Sequence[Person]) -> KnownReview | None:
        begin = dt.datetime.combine(dt.date.fromisoformat(asked), dt.time(), dt.UTC)
        try:
            weeks = working_weeks(people, since=begin)
            waits = list(_waits(weeks, begin))
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            return None  # PL216 says that a time zone does not exist
        if not waits:
            return None
        low, likely, high = min(waits), waits[0], max(waits)
        who = ", ".join(person.name for person in people)
        says = f"{likely:.1f} days for a review by {who}, opened in the week from {asked} ({low:.1f} to {high:.1f})"
        estimate = (
            Estimate(exact=low, source=Source.MEASURED)
            if low == high
            else Estimate(low=low, likely=likely, high=high, source=Source.MEASURED)
        )
        return KnownReview(
            estimate=estimate,
            says=says,
            places=tuple(self._place(person) for person in people),
        )

    def _place(self, person: Person) -> str:
        for name, team in self._teams.teams.items():
            if self._document is not None and person in team.people:
                line = self._document.place(("teams", name, "people", team.people.index(person))).line
                return f"teams.yaml:{line}"
        return "teams.yaml"


def _waits(weeks: Mapping[str, WorkingWeek], begin: dt.datetime) -> Iterator[float]:
    """The lengths in days of windows that are opened where somebody begins or ends a working day, in order."""
    until = begin + dt.timedelta(days=_DAYS_AHEAD)
    hours = [one for week in weeks.values() for one in working_hours(week, since=begin, until=until)]
    for opened in sorted({moment for one in hours for moment in (one.begin, one.end) if moment < until}):
        closes = review_window(opened, weeks).closes
        if closes is not None:
            yield round((closes - opened).total_seconds() / _DAY_SECS, 3)
