"""PL524."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.errors import nearest_name_hint
from paceline.model.event import parse_time
from paceline.model.finding import Finding
from paceline.workspace.rule import Rule, Scope


class AdapterCaseIsComplete(Rule):
    """A contract test of an adapter is about nothing: no such adapter or sample, no time, or not one outcome."""

    code = "PL524"

    def check(self, scope: Scope) -> Iterator[Finding]:
        known = scope.workspace.names("adapter")
        for name, file in scope.workspace.adapter_cases.items():
            document = scope.workspace.document("adapter-tests", adapter=name)
            if name not in known:
                hint = nearest_name_hint(name, known)
                yield self.finding(document, ("adapter",), f"there is no adapter {name!r} in adapters/", hint=hint)
            for index, case in enumerate(file.cases):
                place = ("cases", index)
                if isinstance(case.request, str) and case.request not in scope.workspace.requests:
                    message = f"there is no sample request {case.request!r} (samples/requests/{case.request}.json)"
                    hint = nearest_name_hint(case.request, sorted(scope.workspace.requests))
                    yield self.finding(document, (*place, "request"), message, hint=hint)
                if parse_time(case.received) is None:
                    message = f"{case.received!r} is no time"
                    hint = "write one such as 2026-01-01T00:00:00Z"
                    yield self.finding(document, (*place, "received"), message, hint=hint)
                outcomes = [case.events is not None, case.refused is not None, case.filtered]
                if sum(outcomes) != 1:
                    message = "the case must expect exactly one of events, refused and filtered"
                    yield self.finding(document, (*place, "name"), message)
