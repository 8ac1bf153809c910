"""The Open Data Contract Standard: contracts out as v3.1.0, and in from v3.0, v3.1 and v3.2.

https://bitol-io.github.io/open-data-contract-standard/v3.1.0/ (read 2026-11-23). ODCS describes tables, so not every
rule of an event has a word there. What we write also carries the exact schema as a custom property, so that nothing is
lost between two paceline workspaces.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator

from paceline.contracts.versions import Version
from paceline.errors import UsageError
from paceline.exchange.loss import Exported, Imported, Loss, Schema
from paceline.exchange.names import snake_case, unused_name
from paceline.exchange.odcs_fields import FieldReader, FieldWriter, custom_properties, exact_schema
from paceline.exchange.payload import wrap_payload
from paceline.model.contract import ContractFile, Deprecation, Owner
from paceline.model.event import EventType

API_VERSION = "v3.1.0"
_READABLE = re.compile(r"v3\.[0-2]\.\d+", re.ASCII)
_NUMBERS = re.compile(r"[0-9]+", re.ASCII)
_PROSE_PARTS = ("servers", "slaProperties", "roles", "support", "price", "dataProduct", "tenant", "context")


def export_odcs(contracts: Iterable[ContractFile], *, domain: str = "") -> Exported:
    """One ODCS document a contract version, at `<contract>-<version>.odcs.yaml`. Its schema is the whole event."""
    documents: dict[str, Schema] = {}
    losses: list[Loss] = []
    for contract in sorted(contracts, key=lambda one: (one.contract, Version.parse(one.version))):
        document, lost = _document(contract, domain)
        documents[f"{contract.contract}-{contract.version}.odcs.yaml"] = document
        losses += lost
    return Exported(documents=documents, losses=tuple(losses))


def _document(contract: ContractFile, domain: str) -> tuple[Schema, list[Loss]]:
    writer = FieldWriter(contract.schema, f"{contract.contract} {contract.version}")
    schema_object: Schema = {
        "name": contract.contract,
        "logicalType": "object",
        "physicalName": contract.event_name,
        "physicalType": "event",
        "description": contract.description,
        "properties": writer.properties(contract.schema, ()),
    }
    for keyword in ("allOf", "anyOf", "oneOf", "not", "if", "patternProperties", "dependentRequired"):
        if keyword in contract.schema:
            writer.losses.append(
                Loss(
                    about=f"{contract.contract} {contract.version}",
                    pointer=f"/{keyword}",
                    message=f"ODCS has no word for {keyword!r} here",
                )
            )
    document: Schema = {
        "apiVersion": API_VERSION,
        "kind": "DataContract",
        "id": contract.contract,
        "name": contract.contract,
        "version": contract.version,
        "status": "deprecated" if contract.deprecation else "active",
        "description": {"purpose": contract.description},
        "schema": [schema_object],
        "team": {"name": contract.owner.team},
        "customProperties": [{"property": name, "value": value} for name, value in _custom_values(contract)],
    }
    if domain:
        document["domain"] = domain
    return document, writer.losses


def _custom_values(contract: ContractFile) -> Iterator[tuple[str, object]]:
    yield "ownerRole", contract.owner.role
    yield "callType", contract.type.value
    if contract.event:
        yield "eventName", contract.event
    if contract.deprecation is not None:
        yield "deprecatedSince", contract.deprecation.deprecated_since
        yield "removeAfter", contract.deprecation.remove_after
        yield "replacement", contract.deprecation.replacement
        if contract.deprecation.reason:
            yield "deprecationReason", contract.deprecation.reason
    yield "jsonSchema", json.dumps(contract.schema, ensure_ascii=False, separators=(",", ":"))


def import_odcs(document: object, *, owner: Owner) -> Imported:
    """Contracts of one ODCS document, one for each object of its schema.

    A document that paceline wrote comes back exactly; of others an object becomes the `properties` of a track event of
    its name. `owner` is taken where the document names no team. Raises UsageError for anything else than ODCS v3.0-3.2.
    """
    if not isinstance(document, dict) or document.get("kind") != "DataContract":
        raise UsageError("this is no data contract", expected="an ODCS document with `kind: DataContract`")
    api_version = str(document.get("apiVersion"))
    if not _READABLE.fullmatch(api_version):
        raise UsageError(f"ODCS {api_version} is not read here", where="apiVersion", expected="v3.0.0 up to v3.2.x")
    custom = custom_properties(document)
    name = str(document.get("name") or document.get("id") or "contract")
    version, losses = _version(document, name)
    losses += _left_out(document, name, custom)
    exact = exact_schema(custom.get("jsonSchema"))
    if exact is not None:
        return Imported(contracts=(_own_contract(document, custom, exact, version, owner),), losses=tuple(losses))
    contracts: list[ContractFile] = []
    taken: set[str] = set()
    objects = document.get("schema")
    for index, entry in enumerate(objects if isinstance(objects, list) else ()):
        if not isinstance(entry, dict) or not isinstance(entry_name := entry.get("name"), str):
            losses.append(Loss(about=name, pointer=f"/schema/{index}", message="an object without a name is left out"))
            continue
        reader = FieldReader(entry_name)
        payload = reader.object_schema(entry.get("properties"), ("schema", str(index), "properties"))
        losses += reader.losses
        contract_name = unused_name(snake_case(entry_name), taken)
        taken.add(contract_name)
        contracts.append(
            ContractFile(
                contract=contract_name,
                version=version,
                description=_description(entry, document) or f"{entry_name} (imported from ODCS)",
                owner=owner,
                event=str(entry.get("physicalName") or entry_name),
                schema=wrap_payload(EventType.TRACK, payload),
            )
        )
    if not contracts:
        losses.append(Loss(about=name, pointer="/schema", message="the document describes no object"))
    return Imported(contracts=tuple(contracts), losses=tuple(losses))


def _own_contract(
    document: Schema, custom: dict[str, object], schema: Schema, version: str, owner: Owner
) -> ContractFile:
    team = document.get("team")
    team_name = team.get("name") if isinstance(team, dict) else None
    call = str(custom.get("callType"))
    deprecation = None
    if "removeAfter" in custom:
        deprecation = Deprecation(
            deprecated_since=str(custom.get("deprecatedSince")),
            remove_after=str(custom["removeAfter"]),
            replacement=str(custom.get("replacement", "")),
            reason=str(custom.get("deprecationReason", "")),
        )
    return ContractFile(
        contract=snake_case(str(document.get("id"))) if "." not in str(document.get("id")) else str(document.get("id")),
        version=version,
        description=_description({}, document),
        owner=Owner(team=team_name, role=str(custom.get("ownerRole", owner.role)))
        if isinstance(team_name, str)
        else owner,
        type=EventType(call) if call in set(EventType) else EventType.TRACK,
        event=str(custom.get("eventName", "")),
        schema=schema,
        deprecation=deprecation,
    )


def _version(document: Schema, about: str) -> tuple[str, list[Loss]]:
    """The document's version with three numbers; ODCS leaves its form open (`1.0`, `v2`)."""
    written = str(document.get("version") or "")
    numbers = [str(int(number)) for number in _NUMBERS.findall(written)[:3]]
    version = ".".join([*numbers, "0", "0", "0"][:3]) if numbers else "1.0.0"
    if version == written:
        return version, []
    return version, [Loss(about=about, pointer="/version", message=f"the version {written!r} is taken as {version}")]


def _left_out(document: Schema, about: str, custom: dict[str, object]) -> Iterator[Loss]:
    for part in _PROSE_PARTS:
        if document.get(part):
            yield Loss(about=about, pointer=f"/{part}", message=f"{part!r} has no place in a contract about one event")
    if document.get("status") in {"deprecated", "retired"} and "removeAfter" not in custom:
        yield Loss(
            about=about,
            pointer="/status",
            message=f"the contract is {document['status']}, without an end or a replacement",
            hint="add `deprecation` with deprecated_since, remove_after and replacement",
        )


def _description(entry: Schema, document: Schema) -> str:
    whole = document.get("description")
    purpose = whole.get("purpose") if isinstance(whole, dict) else whole
    for text in (entry.get("description"), purpose):
        if isinstance(text, str) and text.strip():
            return text.strip()
    return ""
