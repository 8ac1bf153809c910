"""PL411."""

from __future__ import annotations

from collections.abc import Iterator

from paceline.contracts.drafts import Draft, draft_of, walk
from paceline.contracts.references import Document as SchemaDocument
from paceline.contracts.references import UnresolvedError
from paceline.errors import UsageError
from paceline.exchange.payload import PAYLOAD_KEYS
from paceline.model.contract import ContractFile
from paceline.model.finding import Finding, Severity
from paceline.workspace.contract_lock import Lock, read_lock
from paceline.workspace.document import PathStep
from paceline.workspace.rule import Rule, Scope

_CONDITIONS = frozenset({"not", "if", "then", "else", "anyOf", "oneOf", "contains"})
"""Below these a field is restricted further, and declared elsewhere."""


class FieldHasDescription(Rule):
    """A field in the payload of a contract that is not released yet has no description."""

    code = "PL411"
    severity = Severity.WARNING

    def check(self, scope: Scope) -> Iterator[Finding]:
        lock = _lock(scope)
        for contract, document in scope.contracts():
            if lock.find(contract.contract, contract.version) is not None:
                continue  # a released version cannot be changed any more, its next one will be looked at
            for path in _undescribed(contract):
                message = f"the field {str(path[-1])!r} has no description"
                hint = "say what it means to somebody who was not there: unit, origin, when it is missing"
                yield self.finding(document, ("schema", *path), message, hint=hint, of_key=True)


def _undescribed(contract: ContractFile) -> Iterator[tuple[PathStep, ...]]:
    """The places of declared fields without a description.

    The envelope is described by the Segment spec, and the payload as a whole by the contract.
    """
    schema = SchemaDocument(contract.schema, draft_of(contract.schema) or Draft.DRAFT_2020_12)
    payload = ("properties", PAYLOAD_KEYS.get(contract.type, ""))
    for steps, node in walk(contract.schema):
        is_field = len(steps) >= 2 and steps[-2] == "properties" and not _CONDITIONS & set(steps[:-1])
        is_inside = steps[:1] == ("$defs",) or (steps[:2] == payload and len(steps) > 2)
        if is_field and is_inside and isinstance(node, dict) and not _is_described(schema, node):
            yield tuple(steps)


def _is_described(schema: SchemaDocument, node: dict[str, object]) -> bool:
    if node.get("description") or "const" in node:
        return True
    reference = node.get("$ref")
    if not isinstance(reference, str):
        return False
    try:
        target = schema.resolve(reference, schema.base_of(node))
    except UnresolvedError:
        return True  # PL401 says so
    return isinstance(target, dict) and bool(target.get("description"))


def _lock(scope: Scope) -> Lock:
    try:
        return read_lock(scope.workspace.path)
    except UsageError:
        return Lock()  # PL407 says so
