"""Makes the gateway's view of a workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from paceline.admission.door_policy import ContractDoor, rules_for
from paceline.assemble.opening import OpenWorkspace
from paceline.contracts.validation import Validator, compile_schema
from paceline.contracts.versions import Version
from paceline.model.contract import ContractFile
from paceline.model.event import EventType
from paceline.runtime.gateway.door import Door, Judge, Source, hash_write_key

DIGEST_PREFIX = "sha256:"


def build_door(opened: OpenWorkspace) -> Door:
    """Sources by their write keys, each with its judges for every contract. Raises MissingSecretError, SchemaError."""
    workspace = opened.workspace
    settings = workspace.settings
    contracts = [_compile(name, versions) for name, versions in workspace.contracts.items()]
    sources: dict[str, Source] = {}
    for name, declared in settings.sources.items():
        judges: dict[str, Judge] = {}
        for contract in contracts:
            rules = rules_for(settings.door.default, declared.door, settings.door.contracts.get(contract.name))
            judges[contract.record_type] = ContractDoor(contract.name, contract.versions, rules).judge
        source = Source(name=name, judges=judges, rules=rules_for(settings.door.default, declared.door, None))
        for key in declared.write_keys:
            sources[_digest(key, name, opened)] = source
    return Door(
        settings=settings.gateway,
        sources=sources,
        dataschemas=[f"{contract.name}/{contract.versions[-1][0]}" for contract in contracts],
    )


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


class _Contract(msgspec.Struct, frozen=True, kw_only=True):
    """A contract with all its versions compiled, oldest first."""

    name: str
    record_type: str
    versions: Sequence[tuple[Version, Validator]]


def _compile(name: str, versions: Mapping[str, ContractFile]) -> _Contract:
    newest = versions[max(versions, key=Version.parse)]
    return _Contract(
        name=name,
        record_type=record_type(newest.type, newest.event),
        versions=[(version, compile_schema(versions[str(version)].schema)) for version in _in_order(versions)],
    )


def _in_order(versions: Mapping[str, ContractFile]) -> list[Version]:
    return sorted(Version.parse(version) for version in versions)
