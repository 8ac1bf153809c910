"""A schema that a client registers, as the contract file that a person will review."""

from __future__ import annotations

import json
import re

import msgspec

from paceline.contracts.compatibility import Comparison, Mode, Policy, Verdict, bump, compare_history
from paceline.contracts.validation import schema_faults
from paceline.contracts.versions import Version
from paceline.errors import SchemaError
from paceline.exchange.dialects import modernize
from paceline.model.contract import ContractFile, Owner
from paceline.runtime.registry.catalog import SCHEMA_TYPE, RegisteredVersion
from paceline.runtime.registry.problems import Problem, bad_request, invalid_schema

LARGEST_BODY_BYTES = 1024 * 1024
_NAME = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)*", re.ASCII)


class _Body(msgspec.Struct, frozen=True):
    schema: str
    schemaType: str = "AVRO"  # noqa: N815 - the protocol's name
    references: list[object] = []


_decode_body = msgspec.json.Decoder(_Body).decode


def read_submission(body: bytes) -> dict[str, object] | bool | Problem:
    """The schema in the body of a request, or why it is none that can be kept here."""
    try:
        posted = _decode_body(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return bad_request(f"the body is not an object with `schema`: {error}")
    if posted.schemaType != SCHEMA_TYPE:
        return invalid_schema(f"this registry keeps schemas of type {SCHEMA_TYPE} only, not {posted.schemaType}")
    if posted.references:
        return invalid_schema("references to other subjects are not kept; put what they name under $defs")
    try:
        schema = json.loads(posted.schema)
    except (ValueError, RecursionError) as error:
        return invalid_schema(f"the schema is not JSON: {error}")
    faults = schema_faults(schema)
    if faults:
        return invalid_schema("; ".join(f"{fault.pointer or 'the root'}: {fault.message}" for fault in faults[:5]))
    assert isinstance(schema, (dict, bool))
    return schema


def check_compatibility(
    versions: list[RegisteredVersion], schema: dict[str, object] | bool, mode: Mode, policy: Policy
) -> tuple[bool, list[str]]:
    """Whether a schema may follow these versions, and the messages that say why not. Unknown counts as not."""
    try:
        found = compare_history([version.contract.schema for version in versions], schema, mode, policy=policy)
    except SchemaError as error:
        return False, [str(error)]
    if found.verdict is Verdict.COMPATIBLE:
        return True, []
    return False, _messages(found, versions, mode, policy)


def _messages(found: Comparison, versions: list[RegisteredVersion], mode: Mode, policy: Policy) -> list[str]:
    messages = [
        f"{{errorType:'{change.kind}', description:'changed at {change.pointer or '/'}'}}"
        for change in found.changes
        if change.breaks
    ]
    if found.counterexample is not None:
        event = msgspec.json.encode(found.counterexample.event).decode()
        violations = "; ".join(f"{one.pointer or '/'}: {one.message}" for one in found.counterexample.violations[:5])
        messages.append(
            f"{{counterexample:'{event}', direction:'{found.counterexample.direction}', refused:'{violations}'}}"
        )
    messages += [f"{{undecided:'{text}'}}" for text in found.undecided]
    if found.version is not None:
        against = versions[found.version]
        messages.append(
            f"{{oldSchemaVersion: {against.number}, contract:'{against.subject} {against.contract.version}'}}"
        )
    messages.append(f"{{compatibility: '{mode}', compatibilityPolicy: '{policy.upper()}'}}")
    return messages


def next_contract(
    subject: str, versions: list[RegisteredVersion], schema: dict[str, object] | bool, owner: Owner
) -> ContractFile | Problem:
    """The contract file for a schema that is new under a subject: the version before it with the fitting bump.

    A new subject must be a contract name; its event's name is the schema's title.
    """
    if not isinstance(schema, dict):
        return invalid_schema("a contract's schema is an object, not true or false")
    modern, losses = modernize(schema, about=subject)
    if losses:
        return invalid_schema("; ".join(str(loss) for loss in losses[:5]))
    title, description = modern.pop("title", ""), modern.pop("description", "")
    modern.pop("deprecated", None)
    if not versions:
        if _NAME.fullmatch(subject) is None:
            return invalid_schema(f"{subject!r} cannot be a contract's name: lower-case words joined by _ and .")
        return ContractFile(
            contract=subject,
            version="1.0.0",
            description=str(description) or f"{title or subject} (registered by a client; say what it means)",
            owner=owner,
            event=str(title) or subject,
            schema=modern,
        )
    newest = max(versions, key=lambda one: Version.parse(one.contract.version)).contract
    version = Version.parse(newest.version).bumped(bump(newest.schema, modern))
    return msgspec.structs.replace(
        newest,
        version=str(version),
        description=str(description) or newest.description,
        schema=modern,
        deprecation=None,
    )
