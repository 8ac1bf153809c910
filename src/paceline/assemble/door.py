"""Makes the gateway's view of a workspace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Protocol

import msgspec

from paceline.admission.door_policy import ContractDoor, rules_for
from paceline.contracts.validation import Validator, compile_schema
from paceline.contracts.versions import Version
from paceline.delivery.ecdsa import read_public_key
from paceline.delivery.webhooks import read_secret
from paceline.errors import UsageError
from paceline.model.contract import ContractFile
from paceline.model.event import EventType
from paceline.model.settings import PacelineFile, WebhookScheme, WebhookSettings
from paceline.runtime.gateway.door import Door, Judge, Source, WebhookAddress, WebhookSource, hash_write_key

if TYPE_CHECKING:
    from paceline.assemble.opening import OpenWorkspace

DIGEST_PREFIX = "sha256:"
ContractFiles = Mapping[str, Mapping[str, ContractFile]]


class HasSources(Protocol):
    """What a door is made from: a workspace that is open, or the part of one that was packed into a function."""

    def resolve_secrets(self, value: object, *, where: str, needed_by: str) -> object:
        """`value` with its secrets in place of the references. Raises MissingSecretError."""


def build_door(opened: OpenWorkspace) -> Door:
    """Sources by their write keys, each with its judges for every contract. Raises MissingSecretError, SchemaError."""
    from paceline.assemble.addresses import webhook_addresses  # noqa: PLC0415  (needs the workspace, a function has none)

    return make_door(
        opened.workspace.settings,
        opened.workspace.contracts,
        opened,
        addresses=webhook_addresses(opened.workspace),
    )


def make_door(
    settings: PacelineFile,
    contract_files: ContractFiles,
    opened: HasSources,
    *,
    addresses: Mapping[str, WebhookAddress] = {},
) -> Door:
    """The door for these settings and contracts; `opened` resolves secrets. Raises MissingSecretError, SchemaError."""
    contracts = [_compile(name, versions) for name, versions in contract_files.items()]
    sources: dict[str, Source] = {}
    webhooks: dict[str, WebhookSource] = {}
    for name, source in _sources(settings, contracts).items():
        declared = settings.sources[name]
        for key in declared.write_keys:
            sources[_digest(key, name, opened)] = source
        if declared.webhook is not None:
            webhooks[name] = _webhook(source, declared.webhook, opened)
    return Door(
        settings=settings.gateway,
        sources=sources,
        webhooks=webhooks,
        addresses=addresses,
        dataschemas=[f"{contract.name}/{contract.versions[-1][0]}" for contract in contracts],
    )


def build_sources(opened: OpenWorkspace) -> Mapping[str, Source]:
    """Every source by its name with its judges, without what it proves itself by. Raises SchemaError."""
    workspace = opened.workspace
    return _sources(workspace.settings, [_compile(name, files) for name, files in workspace.contracts.items()])


def _sources(settings: PacelineFile, contracts: Sequence[_Contract]) -> Mapping[str, Source]:
    sources: dict[str, Source] = {}
    for name, declared in settings.sources.items():
        judges: dict[str, Judge] = {}
        for contract in contracts:
            rules = rules_for(settings.door.default, declared.door, settings.door.contracts.get(contract.name))
            judges[contract.record_type] = ContractDoor(contract.name, contract.versions, rules).judge
        rules = rules_for(settings.door.default, declared.door, None)
        sources[name] = Source(name=name, judges=judges, rules=rules, quota=declared.quota)
    return sources


def record_type(call: EventType, event: str) -> str:
    """The type under which records of an event lie on the bus.

    >>> record_type(EventType.TRACK, "Order Completed"), record_type(EventType.PAGE, "")
    ('track:Order Completed', 'page')
    """
    return f"track:{event}" if call is EventType.TRACK else call.value


def _digest(key: str, source: str, opened: HasSources) -> str:
    if key.startswith(DIGEST_PREFIX):
        return key.removeprefix(DIGEST_PREFIX).lower()
    plain = opened.resolve_secrets(key, where="paceline.yaml", needed_by=f"source {source}")
    return hash_write_key(str(plain))


def _webhook(source: Source, settings: WebhookSettings, opened: HasSources) -> WebhookSource:
    """The source with its secrets. Raises MissingSecretError, and UsageError for one that its scheme cannot use."""
    where = "paceline.yaml"
    needed_by = f"source {source.name}"
    secrets: list[str] = []
    for written in (settings.secret, settings.previous_secret):
        if not written:
            continue
        secret = str(opened.resolve_secrets(written, where=where, needed_by=needed_by))
        if settings.scheme in (WebhookScheme.STANDARD_WEBHOOKS, WebhookScheme.SENDGRID):
            try:
                (read_secret if settings.scheme is WebhookScheme.STANDARD_WEBHOOKS else read_public_key)(secret)
            except ValueError as error:
                raise UsageError(str(error), where=f"{where} (sources.{source.name}.webhook.secret)") from None
        secrets.append(secret)
    return WebhookSource(source=source, settings=settings, secrets=secrets)


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
