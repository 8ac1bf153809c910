"""PL704."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.finding import Finding, Severity
from paceline.workspace.code_owners import read_code_owners_file
from paceline.workspace.rule import Rule, Scope


class CodeOwnersLineIsRead(Rule):
    """A line of CODEOWNERS is none that the forge understands, so it is skipped without a word."""

    code = "PL704"
    severity = Severity.WARNING

    def check(self, scope: Scope) -> Iterator[Finding]:
        code_owners = read_code_owners_file(scope.workspace.path)
        for ignored in code_owners.owners.ignored if code_owners is not None else ():
            assert code_owners is not None
            yield Finding(
                code=self.code,
                file=code_owners.file,
                line=ignored.line,
                column=1,
                message=f"this line is not read: {ignored.why}",
                severity=self.severity,
            )
