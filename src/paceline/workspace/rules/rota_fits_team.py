"""PL702."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.errors import nearest_name_hint
from paceline.model.finding import Finding
from paceline.workspace.rule import Rule, Scope


class RotaFitsTeam(Rule):
    """A rota names somebody whom the team does not have, or the last day of an absence is before its first."""

    code = "PL702"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for name, team in scope.workspace.teams.teams.items():
            document = scope.workspace.document("teams")
            known = [person.name for person in team.people]
            for index, shift in enumerate(team.rota):
                for number, person in enumerate(shift.people):
                    if person not in known:
                        path = ("teams", name, "rota", index, "people", number)
                        hint = nearest_name_hint(person, known)
                        yield self.finding(document, path, f"{name} has nobody called {person!r}", hint=hint)
            for index, one in enumerate(team.people):
                for number, away in enumerate(one.away):
                    if away.last < away.first:
                        place = ("teams", name, "people", index, "away", number, "last")
                        message = f"{one.name} is back on {away.last}, before leaving on {away.first}"
                        yield self.finding(document, place, message, hint="swap the two days")
