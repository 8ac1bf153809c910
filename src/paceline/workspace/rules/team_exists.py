"""PL208."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.errors import nearest_name_hint
from paceline.model.finding import Finding
from paceline.workspace.document import Document, ValuePath
from paceline.workspace.rule import Rule, Scope


class TeamExists(Rule):
    """An owner, or a member of a council, is a team that teams.yaml does not define."""

    code = "PL208"

    def check(self, scope: Scope) -> Iterator[Finding]:
        known = sorted(scope.workspace.teams.teams)
        if scope.workspace.has_broken("teams"):
            return  # teams.yaml has its own finding
        for team, document, path in _uses(scope):
            if team not in known:
                hint = nearest_name_hint(team, known)
                yield self.finding(document, path, f"there is no team {team!r}", hint=hint)


def _uses(scope: Scope) -> Iterator[tuple[str, Document, ValuePath]]:
    for contract, document in scope.contracts():
        yield contract.owner.team, document, ("owner", "team")
    for _, integration, document in scope.integrations():
        yield integration.owner.team, document, ("owner", "team")
    for name, council in scope.workspace.teams.councils.items():
        for index, team in enumerate(council.teams):
            yield team, scope.workspace.document("teams"), ("councils", name, "teams", index)
