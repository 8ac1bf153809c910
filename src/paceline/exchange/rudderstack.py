"""What RudderStack's destinations have in common: where its generic names look in an event, and how settings are read.

Source: the destination guides, https://www.rudderstack.com/docs/destinations/, read 2026-11-23.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from paceline.errors import UsageError
from paceline.model.event import EventType
from paceline.model.mapping import EVERY_EVENT, MappingFile

TRAITS = "($.traits ?? $.context.traits ?? {})"
"""The traits of a person, as an expression."""
TIME = "$.timestamp ?? $.originalTimestamp"
"""When an event happened, as an expression."""
IS_MAPPED = '($.context.mappedToDestination ?? false | string | lower) == "true"'
"""Whether a reverse ETL source has named fields as the vendor does, as a condition."""
USER_IDS = ("$.userId", "$.traits.userId", "$.traits.id", "$.context.traits.userId", "$.context.traits.id")
"""Where RudderStack looks for a user id, in its order."""
USER_ID = USER_IDS
EMAILS = ("$.traits.email", "$.context.traits.email", "$.properties.email")
"""Where RudderStack looks for an e-mail address, in its order."""


def in_traits(*names: str) -> tuple[str, ...]:
    """The places of a trait that has several names: first in the event's own traits, then in those of the context."""
    return tuple(f"{place}.{name}" for place in ("$.traits", "$.context.traits") for name in names)


def first_of(*paths: str) -> str:
    """An expression for the first of some places in an event that is not blank, as it is there.

    >>> first_of("$.traits.name")
    '(if not is_blank($.traits.name) then $.traits.name)'
    """
    found = " ?? ".join(f"(if not is_blank({path}) then {path})" for path in paths)
    return found if len(paths) == 1 else f"({found})"


def first_text(paths: Sequence[str]) -> str:
    """An expression for the first of some places in an event that is not blank, as text.

    >>> first_text(["$.userId"])
    '(if not is_blank($.userId) then $.userId | string)'
    """
    return " ?? ".join(f"(if not is_blank({path}) then {path} | string)" for path in paths)


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


def needed_text(config: Mapping[str, object], key: str, title: str) -> str:
    """A setting that must be given, which its owner knows as `title`. Raises UsageError."""
    found = text_of(config, key)
    if not found:
        raise UsageError(f"the destination has no {key} ({title})", where=key, remedy=f"add {key} to its config")
    return found


def make_mapping(
    name: str, kind: EventType, action: str, fields: Mapping[str, object], *, connector: str, when: str | None = None
) -> MappingFile:
    """A mapping of every call of one type. `fields` are as in a mapping's file."""
    taken = {"type": kind, "event": EVERY_EVENT} if kind is EventType.TRACK else {"type": kind}
    document = {
        "mapping": f"{name}.{connector}",
        "version": 1,
        "from": taken,
        "to": {"connector": connector, "action": action},
        "when": when,
        "fields": fields,
    }
    return msgspec.convert(document, MappingFile)
