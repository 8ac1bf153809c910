"""PL522."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from paceline.mapping.adapter import CompiledAdapter, compile_adapter, event_spec
from paceline.mapping.check import check_versions
from paceline.mapping.faults import FaultCode
from paceline.mapping.plan import plan_mapping
from paceline.model.adapter import AdapterFile
from paceline.model.event import EventType
from paceline.model.finding import Finding, Severity
from paceline.workspace.mapping_places import fault_finding
from paceline.workspace.rule import Rule, Scope

_DOUBTS: frozenset[FaultCode] = frozenset({"may_be_missing", "may_be_null", "personal_data", "unproven", "may_refuse"})


class AdapterFitsContract(Rule):
    """An adapter makes an event that its contract (the newest version) does not accept.

    What the request is nobody has described, so only what the adapter itself states is held against the contract:
    fields that it does not have, fields that it needs and nothing gives, values and kinds that cannot fit.
    """

    code = "PL522"

    def check(self, scope: Scope) -> Iterator[Finding]:
        for name, adapter in scope.workspace.adapters.items():
            if isinstance(compile_adapter(adapter), CompiledAdapter):
                yield from self._check(scope, name, adapter)

    def _check(self, scope: Scope, name: str, adapter: AdapterFile) -> Iterator[Finding]:
        document = scope.workspace.document("adapter", adapter=name)
        for rule_name, rule in adapter.events.items():
            call = EventType.TRACK if rule.event else rule.type
            contract = scope.workspace.contract_for((call, rule.event)) if call is not None else None
            if contract is None or (call is EventType.TRACK and not rule.event):
                continue
            newest = scope.workspace.contracts[contract][str(scope.workspace.versions(contract)[-1])]
            spec = event_spec(adapter, rule_name)
            plan = plan_mapping(spec)
            if isinstance(plan, list) or not scope.is_usable(newest):
                continue
            for fault in check_versions(spec, plan, {}, newest.schema).faults:
                written = fault.path[:1] != ("fields",) or fault.path[1:2] == () or fault.path[1] in rule.fields
                path = ("events", rule_name, *(fault.path if written else ("fields",)))
                told = msgspec.structs.replace(fault, path=path, column=fault.column if written else 0)
                if fault.code not in _DOUBTS and fault.severity is Severity.ERROR:
                    message = f"{contract} {newest.version}: {_about_events(fault.message)}"
                    yield fault_finding(self, document, msgspec.structs.replace(told, message=message))


def _about_events(message: str) -> str:
    """The words of a check against a vendor, for a contract."""
    return message.replace("the vendor", "the contract")
