"""PL703."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.finding import Finding, Severity
from paceline.workspace.code_owners import (
    Agreement,
    CodeOwnersFile,
    Ownership,
    ownerships,
    read_code_owners_file,
    team_handles,
)
from paceline.workspace.rule import Rule, Scope


class CodeOwnersAgree(Rule):
    """CODEOWNERS gives an integration or a contract to another team than its `owner`, or to nobody.

    The wrong people are then asked to review a change. What `code_owners` of teams.yaml does not tie to a team is no
    disagreement.
    """

    code = "PL703"
    severity = Severity.WARNING

    def check(self, scope: Scope) -> Iterator[Finding]:
        code_owners = read_code_owners_file(scope.workspace.path)
        if code_owners is None or scope.workspace.has_broken("teams"):
            return
        for one in ownerships(scope.workspace, code_owners):
            if one.agreement in (Agreement.DISAGREES, Agreement.UNOWNED):
                yield self.finding(
                    one.document, ("owner", "team"), _message(one, code_owners), hint=_hint(scope, one, code_owners)
                )


def _message(one: Ownership, code_owners: CodeOwnersFile) -> str:
    if one.agreement is Agreement.UNOWNED:
        line = f":{one.lines[-1]}" if one.lines else ""
        return f"{one.team} owns {one.name}, and {code_owners.file}{line} gives it to nobody"
    lines = ", ".join(map(str, one.lines))
    return f"{one.team} owns {one.name}, and {code_owners.file}:{lines} gives it to {' '.join(one.code_owners)}"


def _hint(scope: Scope, one: Ownership, code_owners: CodeOwnersFile) -> str:
    team = scope.workspace.teams.teams.get(one.team)
    if team is None:
        return ""
    return f"add the line: /{code_owners.prefix}{one.document.file} {team_handles(one.team, team)}"
