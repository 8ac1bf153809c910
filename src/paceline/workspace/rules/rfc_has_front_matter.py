"""PL801."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from paceline.model.finding import Finding, Severity
from paceline.workspace.rule import Rule, Scope


class RfcHasFrontMatter(Rule):
    """An RFC has no front matter that can be read: a state, and moments with an offset."""

    code = "PL801"
    severity = Severity.WARNING

    def check(self, scope: Scope) -> Iterator[Finding]:
        others = {"PL802", "PL803", "PL804", "PL805", "PL806"}
        for finding in scope.rfc_findings():
            if finding.code not in others:  # also what keeps the front matter from being read as YAML
                yield msgspec.structs.replace(finding, severity=self.severity)
