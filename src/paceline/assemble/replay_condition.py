"""A condition on events, in the language of mappings: `properties.total > 100`."""

from __future__ import annotations

from typing import Final, Protocol

import msgspec

from paceline.assemble.lanes import compiled_mapping
from paceline.errors import MappingSyntaxError, UsageError
from paceline.mapping.compile import CompiledMapping, compile_mapping
from paceline.mapping.expression import KEYWORDS
from paceline.mapping.scanner import Token, scan
from paceline.model.event import read_event
from paceline.model.mapping import MappingFile, MappingFrom, MappingTo
from paceline.model.record import Record

_PLACEHOLDER: Final = "= matches"


class Condition(Protocol):
    """Whether an event of the log fulfills a condition. An event that cannot be read does not."""

    def __call__(self, record: Record) -> bool: ...


def compile_condition(text: str) -> Condition:
    """The condition; the empty text holds for every event.

    A path may leave out the `$.` in front: `properties.total > 100 and userId != null`. Raises UsageError.
    """
    if not text.strip():
        return lambda record: True
    spec = MappingFile(
        mapping="where",
        version=1,
        from_=MappingFrom(event="*"),
        to=MappingTo(connector="where", action="where"),
        when=with_roots(text),
        fields={"matches": _PLACEHOLDER},
    )
    faults = compile_mapping(spec)
    if not isinstance(faults, CompiledMapping):
        raise UsageError(
            f"the condition cannot be used: {faults[0].message}",
            where=f"--where {text!r}",
            expected="an expression as in a mapping, such as 'properties.total > 100'",
            remedy=faults[0].hint,
        )
    apply = compiled_mapping(spec).apply

    def is_fulfilled(record: Record) -> bool:
        try:
            event = read_event(record)
        except msgspec.DecodeError:
            return False
        return isinstance(apply(event.payload, now_ms=event.received_ms), dict)

    return is_fulfilled


def with_roots(text: str) -> str:
    """The expression with `$.` in front of paths that begin with a bare name.

    >>> with_roots("properties.total > 100 and context.traits.email | lower == 'a'")
    "$.properties.total > 100 and $.context.traits.email | lower == 'a'"
    """
    try:
        tokens = scan(text)
    except MappingSyntaxError as error:
        raise UsageError(error.what, where=f"--where {text!r} (column {error.column})", remedy=error.remedy) from error
    written, done = [], 0
    for before, token, after in zip([None, *tokens], tokens, tokens[1:], strict=False):
        if _is_bare_path(before, token, after):
            start = token.column - 1
            written += [text[done:start], "$."]
            done = start
    return "".join([*written, text[done:]])


def _is_bare_path(before: Token | None, token: Token, after: Token) -> bool:
    """Whether a name begins a path: no word of the language, no function, and not the key of an object."""
    if token.kind != "name" or token.text in KEYWORDS:
        return False
    is_piped = before is not None and before.text == "|"
    return not is_piped and after.text not in {"(", ":"}
