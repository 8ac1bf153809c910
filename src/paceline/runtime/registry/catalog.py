"""Contracts as a schema registry sees them: subjects, version numbers, and ids made from content."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from paceline.contracts.hashing import canonical_json, content_hash
from paceline.contracts.versions import Version
from paceline.exchange.bundle import schema_document
from paceline.exchange.dialects import modernize
from paceline.model.contract import ContractFile

SCHEMA_TYPE = "JSON"
_NOT_CONTENT = frozenset({"$schema", "$id", "title", "description", "deprecated"})
"""Keywords at the top of a schema that are about it and not part of it: a client's copy may have others."""


class RegisteredVersion(msgspec.Struct, frozen=True, kw_only=True):
    """One contract version as the registry serves it.

    `subject` is the contract's name. `number` counts a subject's versions from 1, in order of release. `id` is made
    from the served text alone, so that it is the same on every machine and after every restart.
    """

    subject: str
    number: int
    id: int
    guid: str
    text: str
    content: bytes
    contract: ContractFile


class Catalog(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that is registered; replaced as a whole when the workspace changes."""

    subjects: Mapping[str, Sequence[RegisteredVersion]]
    by_id: Mapping[int, Sequence[RegisteredVersion]]

    def find(self, subject: str, schema: object) -> RegisteredVersion | None:
        """The newest version of a subject with this schema.

        Neither the order of keys nor `$id` and title matter, and an older draft is the same as what it is today.
        """
        wanted = {content_of(schema)}
        if isinstance(schema, dict):
            wanted.add(content_of(modernize(schema, about=subject)[0]))
        found = [version for version in self.subjects.get(subject, ()) if version.content in wanted]
        return found[-1] if found else None


def build_catalog(
    contracts: Iterable[ContractFile], *, release_order: Mapping[str, Sequence[str]], base_url: str = ""
) -> Catalog:
    """The catalog of contracts.

    `release_order` has, by contract, the versions in the order in which they were released (the lock says so); versions
    that it does not name come after, by number. So a patch for an old version that comes late gets a new number and
    changes none.
    """
    by_name: dict[str, list[ContractFile]] = {}
    for contract in contracts:
        by_name.setdefault(contract.contract, []).append(contract)
    subjects: dict[str, list[RegisteredVersion]] = {}
    taken: dict[int, str] = {}
    for name in sorted(by_name):
        order = {version: place for place, version in enumerate(release_order.get(name, ()))}
        ordered = sorted(
            by_name[name], key=lambda one: (order.get(one.version, len(order)), Version.parse(one.version))
        )
        subjects[name] = [
            _registered(contract, number, taken, base_url) for number, contract in enumerate(ordered, start=1)
        ]
    by_id: dict[int, list[RegisteredVersion]] = {}
    for versions in subjects.values():
        for version in versions:
            by_id.setdefault(version.id, []).append(version)
    return Catalog(subjects=subjects, by_id=by_id)


def content_of(schema: object) -> bytes:
    """What makes two copies of a schema the same: its RFC 8785 form without what is only about it.

    >>> content_of({"type": "object", "title": "A"}) == content_of({"type": "object"})
    True
    """
    if isinstance(schema, dict):
        schema = {keyword: value for keyword, value in schema.items() if keyword not in _NOT_CONTENT}
    return canonical_json(schema)


def _registered(contract: ContractFile, number: int, taken: dict[int, str], base_url: str) -> RegisteredVersion:
    document = schema_document(contract, base_url=base_url)
    digest = content_hash(document).removeprefix("sha256:")
    return RegisteredVersion(
        subject=contract.contract,
        number=number,
        id=_id_of(digest, taken),
        guid=str(uuid.UUID(hex=digest[:32])),
        text=json.dumps(document, ensure_ascii=False, separators=(",", ":")),
        content=content_of(contract.schema),
        contract=contract,
    )


def _id_of(digest: str, taken: dict[int, str]) -> int:
    """A positive 31-bit number from a digest in hexadecimal; the next 31 bits where another text has it already.

    The wire format of messages has four bytes for the id
    (https://docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop/index.html#wire-format, read
    2026-11-23).
    """
    for start in range(0, 56, 8):
        number = int(digest[start : start + 8], 16) & 0x7FFF_FFFF
        if number and taken.setdefault(number, digest) == digest:
            return number
    raise AssertionError("seven collisions in a row")
