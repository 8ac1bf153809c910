"""PL401."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.contracts.validation import schema_faults
from paceline.model.finding import Finding
from paceline.workspace.pointers import pointer_path
from paceline.workspace.rule import Rule, Scope


class ContractSchemaIsValid(Rule):
    """The JSON Schema inside a contract is wrong: a type that does not exist, a reference to nothing, a bad pattern."""

    code = "PL401"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for contract, document in scope.contracts():
            for fault in schema_faults(contract.schema):
                path = ("schema", *pointer_path(fault.pointer, contract.schema))
                yield self.finding(document, path, fault.message, hint=fault.hint)
