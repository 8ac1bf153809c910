"""How a running mapping stops an event: raised inside generated code, and turned into a Refusal before it leaves.

Messages name places and kinds, never values: a refusal is logged, and an event's values are not.
"""

from __future__ import annotations

from typing import Literal, NoReturn, TypeAlias

from paceline.mapping.kinds import describe, kind_of
from paceline.model.event import Refusal

Reason: TypeAlias = Literal["missing", "wrong_type", "out_of_range", "refused", "too_deep"]


class Stop(Exception):  # noqa: N818 (it is no error: it never leaves the mapping, and reads as `raise Stop`)
    """The event is refused. Caught by the code of the mapping itself, which knows the rule."""

    def __init__(self, reason: Reason, message: str) -> None:
        super().__init__(message)
        self.reason = reason
        self.message = message

    def refusal(self, rule: str) -> Refusal:
        return Refusal(rule=rule, reason=self.reason, message=self.message)


def wrong_type(expectation: str, value: object) -> NoReturn:
    """Stop because a value is of the wrong kind. `expectation` reads like `lower takes text, but $.userId is`."""
    raise Stop("wrong_type", f"{expectation} {describe(kind_of(value))}")


def not_there(message: str) -> NoReturn:
    """Stop because a required value is missing or null."""
    raise Stop("missing", message)


def refuse(message: str) -> NoReturn:
    """Stop because the mapping says so."""
    raise Stop("refused", message)


def too_deep(rule: str) -> Refusal:
    """The refusal of an event whose nesting exhausts the stack. The gateway's limit is far below."""
    return Refusal(rule=rule, reason="too_deep", message="the event is nested too deeply")
