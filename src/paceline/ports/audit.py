"""The port of the audit log: who changed what by hand, and when, so that nobody can change the story later."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import msgspec


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One thing that a person or a program did. Never personal data: ids, counts, rules and names of files.

    `at` is ISO 8601 in UTC; `who` is the account that did it and `where` the machine. `what` is a dotted verb
    (`dlq.discarded`, `replay.began`), `subject` what it was done to. `before` and `after` are digests of what was
    changed (`digest_of`), empty where there was, or is, nothing. `request` joins entries of one command.
    """

    at: str
    who: str
    where: str
    what: str
    subject: str = ""
    reason: str = ""
    before: str = ""
    after: str = ""
    request: str = ""


class AuditRecord(msgspec.Struct, frozen=True, kw_only=True):
    """An entry in its place: `number` counts from 1, `hash` covers the entry, its number and all before it."""

    number: int
    entry: AuditEntry
    hash: str


class Anchor(msgspec.Struct, frozen=True):
    """The end of the log at some time, kept elsewhere: what came before can then not be cut off unseen."""

    number: int
    hash: str

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"


class AuditFault(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is not as it was written. `line` counts from 1; 0 for the log as a whole."""

    line: int
    message: str


class Verification(msgspec.Struct, frozen=True, kw_only=True):
    """What a check found: how many records there are, where the log ends, and every place at which it was changed."""

    records: int
    end: Anchor | None
    faults: Sequence[AuditFault]


class AuditLog(Protocol):
    """An append-only log whose records are chained with a secret key.

    A command appends before it acts; an action whose entry cannot be written is not carried out. Several processes may
    append at the same time.
    """

    def append(self, entry: AuditEntry) -> AuditRecord:
        """Make the entry durable behind all others. Raises StorageError; then nothing was appended."""

    def records(self) -> Sequence[AuditRecord]:
        """Every record, oldest first, as far as they can be read. Raises StorageError."""

    def verify(self, anchors: Sequence[Anchor] = ()) -> Verification:
        """Whether anything was edited, taken out, put in or moved, or cut off before one of the anchors."""
