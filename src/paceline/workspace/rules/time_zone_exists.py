"""PL216."""

from __future__ import annotations

import zoneinfo
from collections.abc import Iterator

from paceline.errors import nearest_name_hint
from paceline.model.finding import Finding
from paceline.workspace.rule import Rule, Scope


class TimeZoneExists(Rule):
    """A person's time zone is no IANA name, so nobody can tell when that person is awake."""

    code = "PL216"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for team_name, team in scope.workspace.teams.teams.items():
            for index, person in enumerate(team.people):
                if not _is_time_zone(person.time_zone):
                    hint = nearest_name_hint(person.time_zone, _examples())
                    yield self.finding(
                        scope.workspace.document("teams"),
                        ("teams", team_name, "people", index, "time_zone"),
                        f"there is no time zone {person.time_zone!r}",
                        hint=hint,
                    )


def _is_time_zone(name: str) -> bool:
    try:
        zoneinfo.ZoneInfo(name)
    except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
        # A machine without any time zone data cannot tell, and then nothing is wrong.
        return not zoneinfo.available_timezones()
    return True


def _examples() -> list[str]:
    return sorted(zoneinfo.available_timezones())
