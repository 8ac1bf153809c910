"""Mappings as RudderStack's destinations need them, for connectors that read their configurations. Pure.

RudderStack looks for a value under several paths and takes the first that is neither missing nor blank; `first_of`
writes that as a mapping expression. The paths are those of its event specification
(https://www.rudderstack.com/docs/event-spec/standard-events/, read 2026-11-23).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from paceline.model.event import EventType
from paceline.model.mapping import MappingFile

TRAITS = "($.traits ?? $.context.traits)"
"""The traits of a call: its own, or else those that its context carries."""

TIME = "$.timestamp ?? $.originalTimestamp"
"""When an event happened."""

USER_IDS = ("$.userId", "$.traits.userId", "$.traits.id", "$.context.traits.userId", "$.context.traits.id")
"""Where RudderStack looks for a user id, in its order."""

EMAILS = ("$.traits.email", "$.context.traits.email", "$.properties.email")
"""Where RudderStack looks for an e-mail address, in its order."""

IS_MAPPED = "not is_blank($.context.mappedToDestination)"
"""Whether the traits of a call were named for the vendor already, as reverse ETL does it."""


def first_of(*paths: str) -> str:
    """An expression for the first value that is neither missing, null nor blank text.

    >>> first_of("$.userId", "$.anonymousId")
    '((if not is_blank($.userId) then $.userId) ?? (if not is_blank($.anonymousId) then $.anonymousId))'
    """
    return "(" + " ?? ".join(f"(if not is_blank({path}) then {path})" for path in paths) + ")"


def first_text(paths: Sequence[str]) -> str:
    """An expression for the first value that is neither missing, null nor blank text, as text.

    >>> first_text(["$.userId"])
    '(if not is_blank($.userId) then $.userId | string)'
    """
    return " ?? ".join(f"(if not is_blank({path}) then {path} | string)" for path in paths)


def in_traits(*names: str) -> tuple[str, ...]:
    """The paths of traits by any of their names, in the call itself before its context.

    >>> in_traits("zip")
    ('$.traits.zip', '$.context.traits.zip')
    """
    return tuple(f"{base}.{name}" for base in ("$.traits", "$.context.traits") for name in names)


def quoted(value: object) -> str:
    """A plain value as a constant in an expression.

    >>> quoted('say "hi"')
    '"say \\\\"hi\\\\""'
    """
    return msgspec.json.encode(value).decode()


def make_mapping(
    name: str, kind: EventType, fields: Mapping[str, object], *, to: tuple[str, str], when: str | None = None
) -> MappingFile:
    """One imported mapping `to` a connector's action. `fields` are as in a file; those that are None are left out.

    A mapping of track calls takes every event: RudderStack compares names without regard to case, so `when` does.
    """
    connector, action = to
    source: dict[str, object] = {"type": kind, **({"event": "*"} if kind is EventType.TRACK else {})}
    plain: dict[str, object] = {
        "mapping": f"{name}.{connector}",
        "version": 1,
        "from": source,
        "to": {"connector": connector, "action": action},
        "fields": {target: rule for target, rule in fields.items() if rule is not None},
        **({"when": when} if when is not None else {}),
    }
    return msgspec.convert(plain, MappingFile)
