"""Findings: problems in a user's files, collected rather than raised."""

from __future__ import annotations

import enum

import msgspec


class Severity(enum.StrEnum):
    """How much a finding weighs. An error stops `check`, a run and a deploy; a warning stops nothing."""

    ERROR = "error"
    WARNING = "warning"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One problem in one place.

    `code` is stable API (`PL` and three digits, documented in docs/findings.md). `line` and `column` are 1-based;
    0 means the file as a whole. `file` is relative to the workspace. `hint` says what to do, and names the nearest
    known name where a name is wrong.

    >>> str(Finding(code="PL101", file="teams.yaml", line=3, column=5, message="unknown key 'peple'"))
    "teams.yaml:3:5 PL101 unknown key 'peple'"
    """

    code: str
    file: str
    line: int = 0
    column: int = 0
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column} {self.code} {self.message}"


class SchemaFault(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong with a JSON Schema. `pointer` is the place in the schema, `hint` says what to do."""

    pointer: str
    message: str
    hint: str = ""
