"""What is wrong with a mapping file, as values: all of it at once, each fault in its place."""

from __future__ import annotations

from typing import Literal, TypeAlias

import msgspec

from paceline.errors import MappingSyntaxError
from paceline.model.finding import Severity

FilePath: TypeAlias = tuple[str, ...]
FaultCode: TypeAlias = Literal[
    "syntax",
    "unknown_function",
    "unusable_function",
    "arguments",
    "literal",
    "scope",
    "duplicate_key",
    "loops",
    "bad_target",
    "target_clash",
    "rule_shape",
    "no_fields",
    "wrong_type",
    "always_missing",
    "unreachable",
    "pointless",
    "unknown_path",
    "undeclared_path",
    "unknown_target",
    "no_source",
    "may_be_missing",
    "may_be_null",
    "may_refuse",
    "unknown_value",
    "too_long",
    "does_not_fit",
    "personal_data",
    "suspicious",
    "unproven",
]
"""What sort of fault it is, in one stable word; docs/mapping.md explains each."""


class MappingFault(msgspec.Struct, frozen=True, kw_only=True):
    """One fault of a mapping file.

    `path` are the keys that lead to the faulty entry of the file, such as `("fields", "attributes.total", "value")`.
    `column` is 1-based inside the expression there; 0 means the entry as a whole.
    """

    path: FilePath
    column: int = 0
    code: FaultCode
    message: str
    hint: str = ""
    severity: Severity = Severity.ERROR


def syntax_fault(path: FilePath, error: MappingSyntaxError) -> MappingFault:
    """A parser's exception as a fault of the entry that has the expression."""
    message = f"{error.what}; expected {error.expected}" if error.expected else error.what
    return MappingFault(path=path, column=error.column, code="syntax", message=message, hint=error.remedy)
