"""PL404."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.contracts.validation import SchemaError, Validator, compile_schema
from paceline.model.contract import ContractFile
from paceline.model.finding import Finding
from paceline.workspace.pointers import pointer_path
from paceline.workspace.rule import Rule, Scope
from paceline.workspace.samples import sample_event


class SampleFitsContract(Rule):
    """A sample breaks the newest version of its contract."""

    code = "PL404"

    def check(self, scope: Scope) -> Iterator[Finding]:
        validators: dict[str, Validator | None] = {}
        for name, sample in scope.workspace.samples.items():
            event = sample_event(sample)
            contract = scope.workspace.contract_for(event) if event else None
            if contract is None:
                continue
            newest = _newest(scope, contract)
            if contract not in validators:
                validators[contract] = _compiled(newest)
            validator = validators[contract]
            document = scope.workspace.documents[f"samples/{name}.json"]
            for violation in validator.violations(sample) if validator else ():
                path = pointer_path(violation.pointer, sample)
                message = f"breaks {contract} {newest.version} at {violation.pointer or '/'}: {violation.message}"
                is_there = violation.keyword != "required"
                yield self.finding(document, path if is_there else path[:-1], message)


def _newest(scope: Scope, contract: str) -> ContractFile:
    return scope.workspace.contracts[contract][str(scope.workspace.versions(contract)[-1])]


def _compiled(contract: ContractFile) -> Validator | None:
    try:
        return compile_schema(contract.schema)
    except SchemaError:
        return None  # the contract's faults have findings of their own
