"""PL903."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.model.finding import Finding, Severity
from paceline.workspace.rule import Rule, Scope
from paceline.workspace.samples import sample_event
from paceline.workspace.workspace import event_key


class UnusedSample(Rule):
    """A sample's event has a contract, but no mapping takes it and no contract test names it: it shows nothing."""

    code = "PL903"
    severity = Severity.WARNING

    def check(self, scope: Scope) -> Iterator[Finding]:
        if scope.workspace.has_broken("mapping") or scope.workspace.has_broken("tests"):
            return
        taken = {event_key(mapping.from_) for _, mapping, _ in scope.mappings()}
        named = {
            event
            for _, cases, _ in scope.cases()
            for case in cases.cases
            for event in (case.event, *(case.events or ()))
            if isinstance(event, str)
        }
        for name, sample in scope.workspace.samples.items():
            event = sample_event(sample)
            if event is None or name in named or event in taken:
                continue
            if scope.workspace.contract_for(event) is not None:
                document = scope.workspace.documents[f"samples/{name}.json"]
                yield self.finding(document, (), f"nothing uses the sample {name}", hint="map its event, or delete it")
