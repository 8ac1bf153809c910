"""PL806."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from paceline.model.finding import Finding, Severity
from paceline.workspace.rule import Rule, Scope


class RfcHasRollback(Rule):
    """An RFC does not say how and when it is rolled back."""

    code = "PL806"
    severity = Severity.WARNING

    def check(self, scope: Scope) -> Iterator[Finding]:
        for finding in scope.rfc_findings():
            if finding.code == self.code:
                yield msgspec.structs.replace(finding, severity=self.severity)
