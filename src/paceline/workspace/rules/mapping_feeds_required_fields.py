"""PL502."""

from __future__ import annotations

from paceline.workspace.mapping_places import TypeRule


class MappingFeedsRequiredFields(TypeRule):
    """A field that the vendor needs has no source, or a source that may be missing and no fallback."""

    code = "PL502"
    faults = frozenset({"may_be_missing", "no_source"})
