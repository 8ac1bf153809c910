"""PL701."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator, Sequence

from paceline.lifecycle.on_call import Gap, WeekOnCall, weeks_with_gaps
from paceline.lifecycle.rotas import shifts_of
from paceline.model.finding import Finding, Severity
from paceline.model.team import Team
from paceline.workspace.rule import Rule, Scope

_MOST_GAPS = 3


class OnCallHasNoGap(Rule):
    """A team's rota leaves hours within the next year in which nobody is on call.

    Shifts are by the clocks of those who take them, so a rota can be whole in winter and have a gap in summer.
    """

    code = "PL701"
    severity = Severity.WARNING
    needs_today = True

    def check(self, scope: Scope) -> Iterator[Finding]:
        assert scope.today is not None
        for name, team in scope.workspace.teams.teams.items():
            if not team.rota:
                continue
            try:
                weeks = list(weeks_with_gaps(shifts_of(team), scope.today))
            except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
                continue  # PL216 says that a time zone does not exist
            if weeks:
                yield self.finding(
                    scope.workspace.document("teams"),
                    ("teams", name, "rota"),
                    f"nobody of {name} is on call {_told(weeks)}",
                    hint=_hint(name, team, weeks),
                    of_key=True,
                )


def _told(weeks: Sequence[WeekOnCall]) -> str:
    first = weeks[0]
    shown = [_gap(gap) for gap in first.gaps[:_MOST_GAPS]]
    more = len(first.gaps) - len(shown)
    when = ", ".join(shown) + (f" and {more} more times" if more else "")
    others = f", and in {len(weeks) - 1} more week{'s' if len(weeks) > 2 else ''}" if len(weeks) > 1 else ""
    return f"{when} UTC in the week of {first.monday}{others}"


def _gap(gap: Gap) -> str:
    begin, end = gap.hours.begin, gap.hours.end
    last = f"{end:%H:%M}" if begin.date() == end.date() else f"{end:%a %H:%M}"
    return f"{begin:%a %H:%M}-{last}"


def _hint(name: str, team: Team, weeks: Sequence[WeekOnCall]) -> str:
    reasons = "; ".join(dict.fromkeys(gap.because for gap in weeks[0].gaps if gap.because))
    away = f"{reasons}: somebody has to stand in; " if reasons else ""
    return f"{away}see every hour with: paceline governance on-call {name} --week {weeks[0].monday}"
