"""How the settings of RudderStack's destinations are read.

Source: the destination guides, https://www.rudderstack.com/docs/destinations/, read 2026-11-23.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from paceline.errors import UsageError


def text_of(config: Mapping[str, object], key: str) -> str:
    """A setting as text without white space around it; empty when it is not given."""
    value = config.get(key)
    if value is None or isinstance(value, dict | list | bool):
        return ""
    return str(value).strip()


def required_text(config: Mapping[str, object], key: str) -> str:
    """A setting that must be given. Raises UsageError."""
    found = text_of(config, key)
    if not found:
        raise UsageError(f"the destination has no {key}", where=key, remedy=f"add {key} to the destination's config")
    return found


def rows_of(config: Mapping[str, object], key: str) -> Sequence[Mapping[str, object]]:
    """A setting that is a list of objects (`[{"from": …, "to": …}]`); anything else in it is left out."""
    value = config.get(key)
    return [row for row in value if isinstance(row, dict)] if isinstance(value, list) else []
