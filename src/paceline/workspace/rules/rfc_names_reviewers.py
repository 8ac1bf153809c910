"""PL802."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from paceline.model.finding import Finding, Severity
from paceline.workspace.rule import Rule, Scope


class RfcNamesReviewers(Rule):
    """An RFC that is not closed yet names no required reviewer, or one whom teams.yaml does not know."""

    code = "PL802"
    severity = Severity.WARNING

    def check(self, scope: Scope) -> Iterator[Finding]:
        if scope.workspace.has_broken("teams"):
            return
        for finding in scope.rfc_findings():
            if finding.code == self.code:
                yield msgspec.structs.replace(finding, severity=self.severity)
