"""PL523."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.finding import Finding
from paceline.workspace.rule import Rule, Scope


class AdapterHasTests(Rule):
    """An adapter has no contract tests."""

    code = "PL523"

    def check(self, scope: Scope) -> Iterator[Finding]:
        tested = scope.workspace.names("adapter-tests")
        for name in scope.workspace.adapters:
            if name not in tested:
                document = scope.workspace.document("adapter", adapter=name)
                hint = f"write tests/adapters/{name}.yaml: a request, and the events that must come of it"
                yield self.finding(document, ("adapter",), f"the adapter {name} has no contract tests", hint=hint)
