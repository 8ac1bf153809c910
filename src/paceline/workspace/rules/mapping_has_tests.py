"""PL510."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.finding import Finding
from paceline.workspace.rule import Rule, Scope


class MappingHasTests(Rule):
    """A mapping has no contract tests."""

    code = "PL510"

    def check(self, scope: Scope) -> Iterator[Finding]:
        tested = scope.workspace.names("tests")
        for name, _, document in scope.mappings():
            if name not in tested:
                hint = f"write tests/{name}.yaml: an event, and the request that must come of it"
                yield self.finding(document, ("mapping",), f"the mapping {name} has no contract tests", hint=hint)
