"""PL214."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.finding import Finding
from paceline.workspace.rule import Rule, Scope
from paceline.workspace.workspace import EventKey, event_key


class MappingIsReached(Rule):
    """A mapping of an integration never gets an event, because one above it takes the same event without a `when`.

    Mappings of one event are tried in the order of the integration's `events`; the first whose `when` holds decides.
    """

    code = "PL214"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for _, integration, document in scope.integrations():
            taken: dict[EventKey, str] = {}
            for index, name in enumerate(integration.events):
                mapping = scope.workspace.mappings.get(name)
                if mapping is None:
                    continue
                event = event_key(mapping.from_)
                if event in taken or name in integration.events[:index]:
                    above = taken.get(event, name)
                    yield self.finding(
                        document,
                        ("events", index),
                        f"{name} never gets an event, because {above} above it takes them all",
                        hint="put mappings with a `when` first, and name each mapping once",
                    )
                if mapping.when is None:
                    taken.setdefault(event, name)
