"""PL805."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from paceline.model.finding import Finding, Severity
from paceline.workspace.rule import Rule, Scope


class RfcHasAcceptanceTests(Rule):
    """An RFC has no acceptance test for now or for downstream, or one that only holds a place."""

    code = "PL805"
    severity = Severity.WARNING

    def check(self, scope: Scope) -> Iterator[Finding]:
        for finding in scope.rfc_findings():
            if finding.code == self.code:
                yield msgspec.structs.replace(finding, severity=self.severity)
