"""PL521."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.mapping.adapter import CompiledAdapter, compile_adapter
from paceline.model.finding import Finding
from paceline.workspace.mapping_places import fault_finding
from paceline.workspace.rule import Rule, Scope


class AdapterCompiles(Rule):
    """An expression or a field of an adapter is wrong by itself, whatever the request: syntax, names, targets."""

    code = "PL521"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for name, adapter in scope.workspace.adapters.items():
            compiled = compile_adapter(adapter)
            document = scope.workspace.document("adapter", adapter=name)
            for fault in () if isinstance(compiled, CompiledAdapter) else compiled:
                yield fault_finding(self, document, fault)
