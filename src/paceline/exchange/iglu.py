"""Snowplow's Iglu: self-describing JSON Schemas in, and out.

A self-describing schema is draft 4 with `self: {vendor, name, format, version}`; its version is SchemaVer,
MODEL-REVISION-ADDITION (https://docs.snowplow.io/docs/api-reference/json-schema-reference, read 2026-11-23).
It describes a payload, so it becomes the `properties` of a track event.

Versions: MODEL is the major version, REVISION and ADDITION together the minor one (REVISION x 100 + ADDITION), so that
1-0-2 is 1.2.0 and 1-1-0 is 1.100.0, in the same order and reversibly. SchemaVer has no patches: of 1.2.0, 1.2.1 only
the newest goes out.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from paceline.contracts.drafts import Draft
from paceline.contracts.versions import Version
from paceline.errors import UsageError
from paceline.exchange.dialects import downgrade, modernize
from paceline.exchange.loss import Exported, Imported, Loss, Schema
from paceline.exchange.names import snake_case, unused_name
from paceline.exchange.payload import payload_of, wrap_payload
from paceline.model.contract import ContractFile, Owner
from paceline.model.event import EventType

SELF_DESCRIBING = "http://iglucentral.com/schemas/com.snowplowanalytics.self-desc/schema/jsonschema/1-0-0#"
ORIGIN = "x-iglu"
"""The annotation that keeps where an imported contract came from, as an Iglu URI."""

_SCHEMA_VER = re.compile(r"([1-9][0-9]*)-(0|[1-9][0-9]*)-(0|[1-9][0-9]*)", re.ASCII)
_VENDOR = re.compile(r"[a-zA-Z0-9-_.]+", re.ASCII)
_revision_step = 100


def contract_version(schema_ver: str) -> str | None:
    """A SchemaVer as a contract version; None when it is no complete SchemaVer, or its parts are too large.

    >>> contract_version("1-0-2"), contract_version("2-1-0"), contract_version("1-?-?")
    ('1.2.0', '2.100.0', None)
    """
    match = _SCHEMA_VER.fullmatch(schema_ver)
    if match is None:
        return None
    model, revision, addition = (int(part) for part in match.groups())
    return f"{model}.{revision * _revision_step + addition}.0" if addition < _revision_step else None


def schema_ver(version: Version) -> str | None:
    """A contract version as SchemaVer, its patch left out; None below 1.0.0, which SchemaVer does not have."""
    if version.major == 0:
        return None
    revision, addition = divmod(version.minor, _revision_step)
    return f"{version.major}-{revision}-{addition}"


def import_iglu(schemas: Sequence[tuple[str, object]], *, owner: Owner) -> Imported:
    """Contracts of self-describing schemas. `schemas` are pairs of a name for messages (a file) and the decoded JSON.

    The event of `com.acme/ad_click` is the track event `ad_click`. Raises UsageError for JSON without `self`.
    """
    losses: list[Loss] = []
    contracts: dict[tuple[str, str], ContractFile] = {}
    names: dict[tuple[str, str], str] = {}
    for file, schema in schemas:
        if not isinstance(schema, dict) or not isinstance(described := schema.get("self"), dict):
            raise UsageError("this is no self-describing schema", where=file, expected="an object with `self`")
        vendor, name, written = (str(described.get(key) or "") for key in ("vendor", "name", "version"))
        about = f"{vendor}/{name}/{written}"
        version = contract_version(written)
        if described.get("format") != "jsonschema" or version is None or not name:
            losses.append(Loss(about=about, message="not a JSON Schema with a complete SchemaVer; left out"))
            continue
        contract, changed = _contract(schema, (vendor, name, written), version, names, owner)
        losses += changed
        if (contract.contract, contract.version) in contracts:
            losses.append(Loss(about=about, message="occurs twice; the first one counts"))
            continue
        contracts[contract.contract, contract.version] = contract
        if written.split("-")[1] != "0":
            losses.append(
                Loss(
                    about=about,
                    message="a REVISION may break readers of older data, and a minor version may not",
                    hint="see what `paceline check` says about the bump, and renumber before the first release",
                )
            )
    return Imported(contracts=tuple(contracts.values()), losses=tuple(losses))


def _contract(
    schema: Schema, key: tuple[str, str, str], version: str, names: dict[tuple[str, str], str], owner: Owner
) -> tuple[ContractFile, list[Loss]]:
    vendor, name, written = key
    about = f"{vendor}/{name}/{written}"
    # Snowplow reads every schema as draft 4, whatever else `$schema` says.
    payload, changed = modernize({**schema, "$schema": Draft.DRAFT_4.metaschema}, about=about)
    losses = list(changed)
    contract_name = names.get((vendor, name))
    if contract_name is None:
        contract_name = unused_name(snake_case(name), names.values())
        names[vendor, name] = contract_name
        if contract_name != snake_case(name):
            losses.append(Loss(about=about, message=f"the contract is named {contract_name!r}: the name was taken"))
    description = payload.pop("description", "")
    if not description:
        losses.append(
            Loss(about=about, message="the schema has no description", hint="say what happened when it is sent")
        )
    whole = wrap_payload(EventType.TRACK, {"type": "object", **payload})
    whole[ORIGIN] = f"iglu:{vendor}/{name}/jsonschema/{written}"
    contract = ContractFile(
        contract=contract_name,
        version=version,
        description=str(description) or f"{name} (imported from Iglu)",
        owner=owner,
        event=name,
        schema=whole,
    )
    return contract, losses


def export_iglu(contracts: Iterable[ContractFile], *, vendor: str) -> Exported:
    """Self-describing schemas at the paths of a static Iglu registry (`schemas/<vendor>/<name>/jsonschema/1-0-0`).

    Raises UsageError when `vendor` is not of the form `com.acme`.
    """
    if not _VENDOR.fullmatch(vendor):
        raise UsageError(f"{vendor!r} is no Iglu vendor", expected="a reversed domain such as com.acme")
    documents: dict[str, Schema] = {}
    losses: list[Loss] = []
    newest: dict[tuple[str, int, int], ContractFile] = {}
    for contract in sorted(contracts, key=lambda one: (one.contract, Version.parse(one.version))):
        version = Version.parse(contract.version)
        replaced = newest.get((contract.contract, version.major, version.minor))
        if replaced is not None:
            losses.append(
                Loss(
                    about=f"{replaced.contract} {replaced.version}",
                    message=f"SchemaVer has no patches; {contract.version} goes out instead",
                )
            )
        newest[contract.contract, version.major, version.minor] = contract
    for contract in newest.values():
        about = f"{contract.contract} {contract.version}"
        written = schema_ver(Version.parse(contract.version))
        if written is None:
            losses.append(Loss(about=about, message="SchemaVer begins at 1-0-0; left out", hint="release 1.0.0"))
            continue
        identity = _origin(contract) or (vendor, snake_case(contract.event or contract.contract), written)
        payload, left_out = payload_of(contract)
        schema, changed = downgrade(payload, Draft.DRAFT_4, about=about, keep_annotations=False)
        losses += [*left_out, *changed]
        path = f"schemas/{identity[0]}/{identity[1]}/jsonschema/{identity[2]}"
        documents[path] = {
            "$schema": SELF_DESCRIBING,
            "description": contract.description,
            "self": {"vendor": identity[0], "name": identity[1], "format": "jsonschema", "version": identity[2]},
            **{keyword: value for keyword, value in schema.items() if keyword != "description"},
        }
    return Exported(documents=documents, losses=tuple(losses))


def _origin(contract: ContractFile) -> tuple[str, str, str] | None:
    """Where the contract came from, if its version still is that one."""
    origin = contract.schema.get(ORIGIN)
    parts = origin.removeprefix("iglu:").split("/") if isinstance(origin, str) else []
    if len(parts) == 4 and contract_version(parts[3]) == contract.version:
        return parts[0], parts[1], parts[3]
    return None
