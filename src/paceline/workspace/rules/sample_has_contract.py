"""PL405."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.errors import nearest_name_hint
from paceline.model.event import EventType
from paceline.model.finding import Finding, Severity
from paceline.workspace.rule import Rule, Scope
from paceline.workspace.samples import sample_event
from paceline.workspace.workspace import event_key


class SampleHasContract(Rule):
    """A sample is no event that a contract describes, so nothing says whether it is right."""

    code = "PL405"
    severity = Severity.WARNING

    def check(self, scope: Scope) -> Iterator[Finding]:
        if not scope.has_every_event_name:
            return
        known = {event_key(contract) for contract, _ in scope.contracts()}
        for name, sample in scope.workspace.samples.items():
            document = scope.workspace.documents[f"samples/{name}.json"]
            event = sample_event(sample)
            if event is None:
                hint = f"give it a `type` ({', '.join(EventType)}), and a track call an `event`"
                yield self.finding(document, (), "a sample must be an event", hint=hint)
            elif event not in known:
                call, track_event = event
                path = ("event",) if track_event else ("type",)
                what = f"the event {track_event!r}" if track_event else f"{call} calls"
                others = sorted(other for _, other in known if other)
                hint = nearest_name_hint(track_event, others) if track_event else ""
                yield self.finding(document, path, f"no contract describes {what}", hint=hint)
