"""PL606."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.delivery.egress import parse_egress
from paceline.errors import UsageError
from paceline.model.finding import Finding
from paceline.workspace.rule import Rule, Scope


class EgressIsAnAddress(Rule):
    """An entry of `egress.allow` is neither a range of addresses nor an address with a port."""

    code = "PL606"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for index, entry in enumerate(scope.workspace.settings.egress.allow):
            try:
                parse_egress([entry])
            except UsageError as error:
                document = scope.workspace.document("paceline")
                message = f"{entry!r} cannot be allowed"
                yield self.finding(document, ("egress", "allow", index), message, hint=f"write {error.expected}")
