"""PL201."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.errors import nearest_name_hint
from paceline.model.event import EventType
from paceline.model.finding import Finding
from paceline.model.mapping import EVERY_EVENT
from paceline.workspace.rule import Rule, Scope
from paceline.workspace.workspace import event_key


class MappingEventExists(Rule):
    """A mapping takes an event that no contract describes.

    A track event is looked up by its name, any other call by its type. A track mapping without `event` takes nothing;
    one with `event: "*"` takes all, which no contract describes. Nor need one describe `webhook.SOURCE`, which holds a
    vendor's requests as they came.
    """

    code = "PL201"

    def check(self, scope: Scope) -> Iterator[Finding]:
        known = {event_key(contract) for contract, _ in scope.contracts()}
        events = sorted(event for _, event in known if event)
        sources = scope.workspace.settings.sources
        raw = {EVERY_EVENT, *(f"webhook.{name}" for name, source in sources.items() if source.webhook is not None)}
        for _, mapping, document in scope.mappings():
            source = mapping.from_
            if source.type is EventType.TRACK and source.event in raw:
                continue
            if source.type is EventType.TRACK and not source.event:
                hint = f"events with a contract: {', '.join(events) or 'none yet'}"
                yield self.finding(document, ("from",), "a mapping must say which track `event` it takes", hint=hint)
            elif source.type is not EventType.TRACK and source.event:
                hint = "delete `event`, or say `type: track`"
                yield self.finding(document, ("from", "event"), f"a {source.type} call has no event name", hint=hint)
            elif event_key(source) not in known and scope.has_every_event_name:
                if source.event:
                    path, what = ("from", "event"), f"the event {source.event!r}"
                    hint = nearest_name_hint(source.event, events)
                else:
                    path, what = ("from", "type"), f"{source.type} calls"
                    hint = f"describe them in contracts/{source.type}/1.0.0.yaml with `type: {source.type}`"
                yield self.finding(document, path, f"no contract describes {what}", hint=hint)
