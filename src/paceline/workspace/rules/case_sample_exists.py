"""PL211."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.errors import nearest_name_hint
from paceline.model.case import Case
from paceline.model.finding import Finding
from paceline.workspace.document import ValuePath
from paceline.workspace.rule import Rule, Scope


class CaseSampleExists(Rule):
    """A contract test names a sample that does not exist."""

    code = "PL211"

    def check(self, scope: Scope) -> Iterator[Finding]:
        known = sorted(scope.workspace.names("sample"))
        for _, cases, document in scope.cases():
            for index, case in enumerate(cases.cases):
                for sample, path in _samples(case):
                    if sample not in known:
                        hint = nearest_name_hint(sample, known)
                        message = f"there is no sample {sample!r} (samples/{sample}.json)"
                        yield self.finding(document, ("cases", index, *path), message, hint=hint)


def _samples(case: Case) -> Iterator[tuple[str, ValuePath]]:
    if isinstance(case.event, str):
        yield case.event, ("event",)
    for index, event in enumerate(case.events or ()):
        if isinstance(event, str):
            yield event, ("events", index)
