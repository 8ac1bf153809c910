"""A Segment mapping as the fields of a paceline mapping."""

from __future__ import annotations

from collections.abc import Mapping

from paceline.errors import UsageError
from paceline.exchange.loss import Loss
from paceline.exchange.segment_directives.directives import DIRECTIVES, NotCarriedError, directive_of
from paceline.exchange.segment_directives.writing import (
    EVENT,
    MISSING,
    Written,
    constant,
    list_of,
    object_of,
)

MAX_DEPTH = 40


class Translation:
    """Turns one mapping into expressions.

    Without `about`, the first thing that cannot be carried over raises NotCarriedError; with it, such parts are left
    out and collected in `losses`, under that name. What is no mapping at all always raises UsageError, with a JSON
    pointer to the place.
    """

    def __init__(self, about: str = "") -> None:
        self._about = about
        self._depth = 0
        self.losses: list[Loss] = []

    def fields(self, mapping: Mapping[str, object]) -> dict[str, Written]:
        """What each key of a mapping's plain object becomes; keys that can never have a value are left out."""
        written = {key: self._entry(value, EVENT, f"/{_escaped(key)}") for key, value in mapping.items()}
        return {key: value for key, value in written.items() if not value.is_never_there}

    def value(self, mapping: object) -> Written:
        """What a whole mapping becomes that is itself a directive."""
        return self._translate(mapping, EVENT, "")

    def _entry(self, value: object, payload: Written, where: str) -> Written:
        try:
            return self._translate(value, payload, where)
        except NotCarriedError as error:
            if not self._about:
                raise
            self.losses.append(Loss(about=self._about, pointer=where, message=error.what, hint=error.remedy))
            return MISSING

    def _translate(self, value: object, payload: Written, where: str) -> Written:
        if self._depth == MAX_DEPTH:
            raise UsageError(f"nested more than {MAX_DEPTH} deep", where=where)
        self._depth += 1
        try:
            return self._translated(value, payload, where)
        finally:
            self._depth -= 1

    def _translated(self, value: object, payload: Written, where: str) -> Written:
        match value:
            case dict():
                name = directive_of(value, where)
                if name:
                    return DIRECTIVES[name](value[name], payload, f"{where}/{name}", self._translate)
                return object_of(
                    {key: self._entry(item, payload, f"{where}/{_escaped(key)}") for key, item in value.items()}
                )
            case list():
                return list_of(
                    [self._translate(item, payload, f"{where}/{position}") for position, item in enumerate(value)]
                )
            case _:
                return constant(value)


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
