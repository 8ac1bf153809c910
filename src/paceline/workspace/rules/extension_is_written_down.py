"""PL312."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from paceline.errors import EnvironmentFaultError, UsageError
from paceline.model.finding import Finding
from paceline.model.integration import IntegrationFile
from paceline.workspace.calendar import day_or_none
from paceline.workspace.commits import extensions_of, is_in_git
from paceline.workspace.history import files_at
from paceline.workspace.kinds import KINDS
from paceline.workspace.rule import Rule, Scope
from paceline.workspace.shape import to_struct
from paceline.workspace.yaml_document import read_yaml


class ExtensionIsWrittenDown(Rule):
    """An integration's end was put off, by git's account, more often than its `extensions` say.

    Looks at the commits of the present stage, and at what is not committed yet. Silent where there is no git.
    """

    code = "PL312"
    needs_today = True

    def check(self, scope: Scope) -> Iterator[Finding]:
        dated = [(name, one, document) for name, one, document in scope.integrations() if one.expires is not None]
        if not dated:
            return
        try:
            if not is_in_git(scope.workspace.path):
                return
            counts = Counter(one.integration for one in extensions_of(scope.workspace.path))
            committed = dict(files_at(scope.workspace.path, "HEAD", KINDS["integration"].folder))
        except (EnvironmentFaultError, UsageError):
            return
        for name, integration, document in dated:
            times = counts[name] + self._is_put_off_now(integration, document.file, committed.get(document.file))
            if times > len(integration.extensions):
                stated = len(integration.extensions)
                often = {1: "once", 2: "twice"}.get(times, f"{times} times")
                message = f"its end was put off {often}, and `extensions` has {stated or 'none'}"
                hint = (
                    f"add `extensions: [{{until: {integration.expires}, rfc: rfcs/NNNN-….md}}]`, or the old day again"
                )
                yield self.finding(document, ("expires",), message, hint=hint)

    def _is_put_off_now(self, integration: IntegrationFile, file: str, committed: bytes | None) -> bool:
        document = read_yaml(committed, file)[0] if committed is not None else None
        before, _ = to_struct(document, KINDS["integration"]) if document is not None else (None, [])
        if not isinstance(before, IntegrationFile) or before.stage is not integration.stage:
            return False
        old, new = day_or_none(before.expires), day_or_none(integration.expires)
        return old is not None and new is not None and new > old
