"""PL209."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.finding import Finding
from paceline.workspace.prose import prose_hint, prose_is_there
from paceline.workspace.rule import Rule, Scope


class RunbookExists(Rule):
    """An integration's runbook is no file of the workspace, or an empty one."""

    code = "PL209"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for _, integration, document in scope.integrations():
            if integration.runbook is not None and not prose_is_there(scope.workspace.path, integration.runbook):
                hint = prose_hint(scope.workspace.path, "runbooks", integration.runbook)
                message = f"there is no runbook {integration.runbook!r}"
                yield self.finding(document, ("runbook",), message, hint=hint)
