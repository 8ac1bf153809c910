"""PL108."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from paceline.model.finding import Finding
from paceline.workspace.document import Document, ValuePath
from paceline.workspace.rule import Rule, Scope


class DayExists(Rule):
    """A day is written in the right form but is in no calendar, such as 2027-02-30."""

    code = "PL108"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for text, document, path in _days(scope):
            try:
                dt.date.fromisoformat(text)
            except ValueError:
                yield self.finding(document, path, f"{text} is in no calendar", hint="a day is YYYY-MM-DD")


def _days(scope: Scope) -> Iterator[tuple[str, Document, ValuePath]]:
    for _, integration, document in scope.integrations():
        if integration.expires is not None:
            yield integration.expires, document, ("expires",)
        if integration.started is not None:
            yield integration.started, document, ("started",)
        for index, extension in enumerate(integration.extensions):
            yield extension.until, document, ("extensions", index, "until")
        for index, day in enumerate(integration.migration.milestones if integration.migration else ()):
            yield day, document, ("migration", "milestones", index)
    for contract, document in scope.contracts():
        if contract.deprecation is not None:
            yield contract.deprecation.deprecated_since, document, ("deprecation", "deprecated_since")
            yield contract.deprecation.remove_after, document, ("deprecation", "remove_after")
    for name, team in scope.workspace.teams.teams.items():
        teams = scope.workspace.document("teams")
        for index, person in enumerate(team.people):
            for number, away in enumerate(person.away):
                yield away.first, teams, ("teams", name, "people", index, "away", number, "first")
                yield away.last, teams, ("teams", name, "people", index, "away", number, "last")
        for index, shift in enumerate(team.rota):
            yield shift.since, teams, ("teams", name, "rota", index, "since")
