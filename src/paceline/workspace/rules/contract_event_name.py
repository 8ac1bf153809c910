"""PL402."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.event import EventType
from paceline.model.finding import Finding
from paceline.workspace.rule import Rule, Scope


class ContractEventName(Rule):
    """A contract of a track call has no event name, or one of another call has one."""

    code = "PL402"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for contract, document in scope.contracts():
            if contract.type is EventType.TRACK and not contract.event:
                yield self.finding(
                    document,
                    ("contract",),
                    "a contract of a track call must say its event's name",
                    hint="add `event: Order Completed` (as senders write it), or `type: page` for another call",
                )
            elif contract.type is not EventType.TRACK and contract.event:
                yield self.finding(
                    document,
                    ("event",),
                    f"a {contract.type} call has no event name",
                    hint="delete `event`, or say `type: track`",
                )
