"""Makes the gateway's view of a workspace."""

from __future__ import annotations

from collections.abc import Callable

from paceline.assemble.opening import OpenWorkspace
from paceline.contracts.validation import Validator, compile_schema
from paceline.contracts.versions import Version
from paceline.model.contract import ContractFile
from paceline.model.event import EventType
from paceline.model.record import Verdict
from paceline.runtime.gateway.door import ContractCheck, Door, Source, hash_write_key

DIGEST_PREFIX = "sha256:"


def build_door(opened: OpenWorkspace) -> Door:
    """Sources by their write keys, and for every event name the newest contract. Raises MissingSecretError."""
    workspace = opened.workspace
    sources: dict[str, Source] = {}
    for name, source in workspace.settings.sources.items():
        for key in source.write_keys:
            sources[_digest(key, name, opened)] = Source(name=name, is_strict=source.strict)
    contracts: dict[str, ContractCheck] = {}
    for versions in workspace.contracts.values():
        newest = versions[max(versions, key=Version.parse)]
        contracts[record_type(newest.type, newest.event)] = _check(newest)
    return Door(settings=workspace.settings.gateway, sources=sources, contracts=contracts)


def record_type(call: EventType, event: str) -> str:
    """The type under which records of an event lie on the bus.

    >>> record_type(EventType.TRACK, "Order Completed"), record_type(EventType.PAGE, "")
    ('track:Order Completed', 'page')
    """
    return f"track:{event}" if call is EventType.TRACK else call.value


def _digest(key: str, source: str, opened: OpenWorkspace) -> str:
    if key.startswith(DIGEST_PREFIX):
        return key.removeprefix(DIGEST_PREFIX).lower()
    plain = opened.resolve_secrets(key, where="paceline.yaml", needed_by=f"source {source}")
    return hash_write_key(str(plain))


def _check(contract: ContractFile) -> ContractCheck:
    dataschema = f"{contract.contract}/{contract.version}"
    return ContractCheck(dataschema=dataschema, judge=_judge(dataschema, compile_schema(contract.schema)))


def _judge(dataschema: str, validator: Validator) -> Callable[[dict[str, object]], Verdict | None]:
    is_valid, violations = validator.is_valid, validator.violations

    def judge(event: dict[str, object]) -> Verdict | None:
        if is_valid(event):
            return None
        first, *others = violations(event)
        more = f" (and {len(others)} more)" if others else ""
        return Verdict(rule=f"contract:{dataschema}{first.pointer}", detail=f"{first.pointer}: {first.message}{more}")

    return judge
