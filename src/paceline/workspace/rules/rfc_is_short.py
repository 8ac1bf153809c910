"""PL803."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from paceline.model.finding import Finding, Severity
from paceline.workspace.rule import Rule, Scope


class RfcIsShort(Rule):
    """An RFC has more than 900 words; front matter and fenced blocks do not count."""

    code = "PL803"
    severity = Severity.WARNING

    def check(self, scope: Scope) -> Iterator[Finding]:
        for finding in scope.rfc_findings():
            if finding.code == self.code:
                yield msgspec.structs.replace(finding, severity=self.severity)
