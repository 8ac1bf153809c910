"""PL403."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.finding import Finding
from paceline.workspace.rule import Rule, Scope
from paceline.workspace.workspace import EventKey, event_key


class ContractEventOnce(Rule):
    """Two contracts describe the same event, or the versions of one contract describe different events."""

    code = "PL403"

    def check(self, scope: Scope) -> Iterator[Finding]:
        owner: dict[EventKey, str] = {}
        events: dict[str, EventKey] = {}
        for contract, document in scope.contracts():
            event, name = event_key(contract), contract.contract
            path = ("event",) if contract.event else ("type",)
            if contract.event_name and owner.setdefault(event, name) != name:
                message = f"the event {contract.event_name!r} is described by the contract {owner[event]} already"
                yield self.finding(document, path, message, hint="one event, one contract: merge the two")
            if events.setdefault(name, event) != event:
                other = events[name][1] or events[name][0]
                message = f"other versions of {name} describe the event {str(other)!r}"
                yield self.finding(document, path, message, hint="a new event is a new contract")
